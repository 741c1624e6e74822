"""Mining: the public way (two FAISS searches, a loop over candidates) against one blocked pass.

    python benchmarks/retrieval/mining.py [--n 10000] [--dim 256] [--rounds 3] [--threads 1]

Vectors are clustered, half of the target side near copies of source rows. The bare product is
what no exact way can do without.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import faiss
import numpy as np
from retrieval.measure import Times, machine
from threadpoolctl import threadpool_limits

from adapterxlt.retrieval.bucc import match
from adapterxlt.search.arrays import normalise
from adapterxlt.search.exact import ROWS, exact_neighbours
from adapterxlt.search.rows import ArrayRows


def vectors(n: int, dim: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(max(n // 100, 1), dim))
    source = centres[rng.integers(len(centres), size=n)] + rng.normal(size=(n, dim))
    target = centres[rng.integers(len(centres), size=n)] + rng.normal(size=(n, dim))
    paired = rng.permutation(n)[: n // 2]
    target[paired] = source[paired] + 0.3 * rng.normal(size=(len(paired), dim))
    return normalise(source.astype(np.float32)), normalise(target.astype(np.float32))


def public_search(source: np.ndarray, target: np.ndarray, k: int):
    found = []
    for queries, base in ((source, target), (target, source)):
        index = faiss.IndexFlatIP(base.shape[1])
        index.add(base)
        found.append(index.search(queries, k))
    return found


def public_scoring(found, k: int):
    """Ratio margin in a double loop, then greedy pairs."""
    (forward, forward_ids), (backward, backward_ids) = found
    means = forward.mean(axis=1), backward.mean(axis=1)
    best = []
    for i in range(len(forward)):
        scores = [
            forward[i, j] / ((means[0][i] + means[1][forward_ids[i, j]]) / 2) for j in range(k)
        ]
        place = int(np.argmax(scores))
        best.append((float(scores[place]), i, int(forward_ids[i, place])))
    for i in range(len(backward)):
        scores = [
            backward[i, j] / ((means[1][i] + means[0][backward_ids[i, j]]) / 2) for j in range(k)
        ]
        place = int(np.argmax(scores))
        best.append((float(scores[place]), int(backward_ids[i, place]), i))
    best.sort(key=lambda pair: -pair[0])
    pairs, sources, targets = [], set(), set()
    for _, i, j in best:
        if i not in sources and j not in targets:
            sources.add(i)
            targets.add(j)
            pairs.append((i, j))
    return pairs


def bare_product(source: np.ndarray, target: np.ndarray) -> None:
    out = np.empty((ROWS, ROWS), np.float32)
    for i in range(0, len(source) - ROWS + 1, ROWS):
        for j in range(0, len(target) - ROWS + 1, ROWS):
            np.dot(source[i : i + ROWS], target[j : j + ROWS].T, out=out)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=10240)
    parser.add_argument("--dim", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    k = 4
    source, target = vectors(options.n, options.dim)
    rows = ArrayRows(source), ArrayRows(target)
    names = ("search, public", "search, ours", "bare product", "scoring, public", "scoring, ours")
    times = Times()
    faiss.omp_set_num_threads(options.threads)
    with threadpool_limits(options.threads):
        for _ in range(options.rounds):
            theirs = times.run(names[0], lambda: public_search(source, target, k))
            mine = times.run(names[1], lambda: exact_neighbours(*rows, k))
            times.run(names[2], lambda: bare_product(source, target))
            pairs = times.run(names[3], lambda found=theirs: public_scoring(found, k))
            ours = times.run(names[4], lambda found=mine: match(*found, "ratio"))
    print(machine(options.threads))
    print(f"{options.n} x {options.n}, {options.dim} dimensions, k {k}")
    times.show()
    times.ratio("search, public", "search, ours", "1.4 at 50000")
    times.ratio("search, ours", "bare product", "at most 2.2")
    times.ratio("scoring, public", "scoring, ours", "10")
    same = set(pairs) == set(zip(ours.source_idx.tolist(), ours.target_idx.tolist(), strict=True))
    print(f"the same {len(ours)} pairs: {same}")


if __name__ == "__main__":
    main()
