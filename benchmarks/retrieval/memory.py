"""Peak memory of `mine` on as many synthetic vectors as wanted, against `--memory`.

    python benchmarks/retrieval/memory.py [--n 1000000] [--dim 256] [--memory 3GB] [--index auto]

Everything is what `adapterxlt mine` does (reading, deduplication, tokens, neighbours, scores,
writing) but the forward passes: in their place synthetic vectors are written to the files. They
are clustered, and half of the target rows are near copies of source rows. What `mine` works with
beyond a block (vectors, and an index larger than its share of the memory) stays on disk.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import faiss
import numpy as np
import torch
from retrieval.measure import Times, machine
from threadpoolctl import threadpool_limits

from adapterxlt.cli.mine import Size
from adapterxlt.progress import Silent
from adapterxlt.retrieval import mine
from adapterxlt.retrieval.protocols import get_protocol
from adapterxlt.store.output import check_output
from adapterxlt.vectors.encoder import load_encoder
from adapterxlt.vectors.on_disk import VectorFile
from adapterxlt.vectors.tokens import Tokens

BLOCK = 65536
A_CLUSTER = 200  # rows


class Loud(Silent):
    """Log lines on stderr, with the peak so far."""

    def log(self, message: str) -> None:
        print(f"{peak() / 2**30:5.2f} GB  {message}", file=sys.stderr, flush=True)


def peak() -> int:
    """Bytes of this process's memory at most, so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def write_text(path: Path, word: str, n: int) -> None:
    """Lines of about a dozen tokens, no two alike."""
    with path.open("w", encoding="utf-8") as stream:
        for row in range(n):
            stream.write(f"The {word} number {row} of {n} is here.\n")


def synthetic(dim: int) -> Any:
    """What stands in for `encode_to_files`."""

    def write(built: Any, tokens: Tokens, folder: Path, *, keys: Any, label: str, **_: Any) -> Any:
        side = label.split()[-1]
        n = len(tokens)
        centres = np.random.default_rng(0).normal(size=(max(n // A_CLUSTER, 1), dim))
        path = folder / f"{side}.npy"
        mapped = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(n, dim))
        for start in range(0, n, BLOCK):
            rows = min(BLOCK, n - start)
            rng = np.random.default_rng([1, start])
            vectors = centres[rng.integers(len(centres), size=rows)]
            vectors += 0.7 * rng.normal(size=(rows, dim))
            if side == "target":
                rng = np.random.default_rng([2, start])
                half = rows // 2
                vectors[:half] += 0.2 * rng.normal(size=(half, dim))
                others = centres[rng.integers(len(centres), size=rows - half)]
                vectors[half:] = others + 0.7 * rng.normal(size=(rows - half, dim))
            mapped[start : start + rows] = vectors
        mapped.flush()
        return {keys[0]: VectorFile(path, (n, dim))}

    return write


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=256)
    parser.add_argument("--memory", default="3GB")
    parser.add_argument("--index", default="auto")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--work", help="folder for files of a few GB; default: a temporary one")
    options = parser.parse_args()
    bound = Size().convert(options.memory, None, None)
    torch.set_num_threads(options.threads)
    faiss.omp_set_num_threads(options.threads)
    mine.encode_to_files = synthetic(options.dim)
    times = Times()
    with (
        threadpool_limits(options.threads),
        tempfile.TemporaryDirectory(dir=options.work) as scratch,
    ):
        folder = Path(scratch)
        for name in ("source", "target"):
            write_text(folder / name, name, options.n)
        built = load_encoder("mini")
        settings = mine.Settings(get_protocol("jiant"), index=options.index, memory=bound)
        summary = times.run(
            "all but the forward passes",
            lambda: mine.mine_files(
                built, folder / "source", folder / "target", check_output(folder / "pairs.tsv"),
                folder / "work", settings, Loud(),
            ),
        )  # fmt: skip
        size = sum(path.stat().st_size for path in (folder / "work").rglob("*.npy"))
    index = summary["index"]
    print(machine(options.threads))
    print(f"{options.n} x {options.n}, {options.dim} dimensions; {size / 2**30:.2f} GB of vectors")
    print(
        f"index {index['index']} in {index['shards']} parts ({index['why']}), recall@1 "
        f"{index['recall_1']:.3f}; {summary['pairs']['written']} pairs"
    )
    times.show()
    print(f"peak memory {peak() / 2**30:.2f} GB (aim: at most {bound / 2**30:.2f})")


if __name__ == "__main__":
    main()
