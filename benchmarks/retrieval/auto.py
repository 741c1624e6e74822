"""`auto` against the exact search on vectors of real sentences: how fast, and what it finds.

    python benchmarks/retrieval/auto.py [--n 500000] [--exact-rows 50000] [--threads 2] [--work DIR]

Sentences are all distinct ones of the real data: lines of plain text, cells of tables, strings of
JSON, long ones cut at full stops. Where they are fewer than two sides need, the rest is made of
them by leaving out one word; the share is printed, and recall once more over the queries that are
real as they stand. `mini` encodes them at the layer that `mine` takes; DIR keeps the vectors.

The exact searches, ours and FAISS's flat index both ways, of some source rows among the whole
target side are scaled up to all: their time is proportional to the rows. Ours also tells the
recall, independently of what `auto` measures itself.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import faiss
import numpy as np
import torch
from data import data_roots
from retrieval.measure import Times, machine
from retrieval.mining import public_search
from threadpoolctl import threadpool_limits

from adapterxlt.progress import Silent
from adapterxlt.retrieval.protocols import get_protocol
from adapterxlt.search.arrays import normalise
from adapterxlt.search.exact import exact_neighbours
from adapterxlt.search.neighbours import find_neighbours
from adapterxlt.search.rows import ArrayRows
from adapterxlt.vectors.encoder import load_encoder
from adapterxlt.vectors.on_disk import encode_to_files
from adapterxlt.vectors.tokens import tokenize

PLAIN = ("tatoeba/v1/*", "ntrex128/*.txt", "flores200/dev/*", "bucc2018/*.dev.*")
TABLES = ("xnli/*.tsv", "pawsx/*.tsv", "masakhanews/*.tsv", "masakhanews/*/*.tsv")
RECORDS = (
    "*/*.jsonl",
    "squad/*.json",
    "xquad/*.json",
    "mlqa/MLQA_V1/dev/*.json",
    "tydiqa/*/*.json",
)
END = re.compile(r"(?<=[.!?。।؟])\s*(?=\S)")


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


def texts(root: Path) -> Iterator[str]:
    for pattern in (*PLAIN, *TABLES):
        for path in sorted(root.glob(pattern)):
            if path.is_file() and path.suffix != ".md":
                for line in path.read_text(encoding="utf-8").split("\n"):
                    yield from line.split("\t")
    for pattern in RECORDS:
        for path in sorted(root.glob(pattern)):
            whole = path.read_text(encoding="utf-8")
            for line in whole.split("\n") if path.suffix == ".jsonl" else [whole]:
                if line.strip():
                    yield from strings(json.loads(line))


def sentences(root: Path) -> list[str]:
    """All distinct sentences of 10 to 300 characters."""
    found: dict[str, None] = {}
    for text in texts(root):
        for part in END.split(text) if len(text) > 300 else [text]:
            if 10 <= len(part.strip()) <= 300:
                found.setdefault(part.strip())
    return list(found)


def with_made(real: list[str], wanted: int, rng: random.Random) -> list[str]:
    """So many distinct sentences: the real ones, then such with a word left out."""
    chosen = dict.fromkeys(real[:wanted])
    for _ in range(20 * wanted):
        if len(chosen) >= wanted:
            break
        words = rng.choice(real).split()
        if len(words) >= 4:
            del words[rng.randrange(len(words))]
            chosen.setdefault(" ".join(words))
    return list(chosen)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=500_000)
    parser.add_argument("--exact-rows", type=int, default=50_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", type=float, default=4, help="GB that the index may take")
    parser.add_argument("--index", default="auto")
    parser.add_argument("--backbone", default="mini")
    parser.add_argument("--work", help="folder that keeps the vectors; default: a temporary one")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    faiss.omp_set_num_threads(options.threads)
    rng = random.Random(0)
    real = sentences(data_roots()[0])
    rng.shuffle(real)
    both = with_made(real, 2 * options.n, rng)
    is_real = np.arange(len(both)) < len(real)
    order = np.random.default_rng(0).permutation(len(both))
    sides = order[: len(both) // 2], order[len(both) // 2 :]
    built = load_encoder(options.backbone)
    layer = get_protocol("jiant").bucc.layer.layer(built.model.config.num_hidden_layers)
    times, k, key = Times(), 4, (layer, "mean")
    with threadpool_limits(options.threads), tempfile.TemporaryDirectory() as scratch:
        file = encode_to_files(
            built, tokenize(built, both, 128), Path(options.work or scratch),
            keys=[key], token_budget=8192, progress=Silent(),
        )[key]  # fmt: skip
        vectors = normalise(file.block(0, len(both)))
        source, target = (vectors[np.sort(side)] for side in sides)
        real_queries = is_real[np.sort(sides[0])]
        rows = np.sort(
            np.random.default_rng(1).choice(
                len(source), min(options.exact_rows, len(source)), replace=False
            )
        )
        found = times.run(
            "auto",
            lambda: find_neighbours(
                ArrayRows(source), ArrayRows(target), k,
                index=options.index, memory=int(options.memory * 2**30),
            ),
        )  # fmt: skip
        (_, exact), _ = times.run(
            "exact, some rows",
            lambda: exact_neighbours(ArrayRows(source[rows]), ArrayRows(target), k),
        )
        times.run("exact by FAISS, some rows", lambda: public_search(source[rows], target, k))
        back = np.sort(np.random.default_rng(2).choice(len(target), min(5000, len(target)), False))
        (_, exact_back), _ = exact_neighbours(ArrayRows(target[back]), ArrayRows(source), 1)
    right = found.forward[1][rows, 0] == exact[:, 0]
    right_back = found.backward[1][back, 0] == exact_back[:, 0]
    print(machine(options.threads))
    made = max(0, len(both) - len(real))
    print(f"{len(source)} x {len(target)} sentences, {vectors.shape[1]} dimensions, layer {layer}")
    print(f"{len(both) - made} sentences are real, {made} real ones with a word left out")
    print(f"auto took {found.report}")
    times.show()
    for exactly in ("exact, some rows", "exact by FAISS, some rows"):
        times.ratio(exactly, "auto", "8 at 500000", len(source) / len(rows))
    print(f"(exact: {len(rows)} source rows, scaled to {len(source)})")
    only_real = right[real_queries[rows]]
    print(
        f"recall@1 {right.mean():.4f} over {len(right)} queries, {only_real.mean():.4f} over the "
        f"{len(only_real)} real ones (aim: 0.99); backward {right_back.mean():.4f} over {len(back)}"
    )


if __name__ == "__main__":
    main()
