"""Seconds that comparisons take: 20 models in 40 languages of 10,000 examples, 10,000 samples.

    python benchmarks/comparisons.py [--parallel] [--resamples N] [--plain]

With `--plain` also a loop of numpy, which draws and averages sample by sample (of one comparison
in one language; times 19 x 40 for all).
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from adapterxlt.report.paired import judge
from tests.report.systems import contest, right, system

MODELS, LANGUAGES, EXAMPLES = 20, 40, 10_000


def main() -> None:
    """Make outcomes up, compare all models with the first, and say how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parallel", action="store_true")
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--resamples", type=int, default=10_000)
    asked = parser.parse_args()
    draw = np.random.default_rng(0)
    ability = draw.random((LANGUAGES, EXAMPLES))
    made = [
        system(
            right(
                {str(n): draw.random(EXAMPLES) < ability[n] for n in range(LANGUAGES)},
                parallel=asked.parallel,
            ),
            name=str(model),
        )
        for model in range(MODELS)
    ]
    started = time.perf_counter()
    found = judge([contest([one], [made[0]]) for one in made[1:]], resamples=asked.resamples)
    seconds = time.perf_counter() - started
    print(f"{len(found)} comparisons, {asked.resamples} samples: {seconds:.1f} s")
    if asked.plain:
        a, b = (one.outcomes["0"].columns["predicted"] for one in made[:2])
        started = time.perf_counter()
        for _ in range(asked.resamples):
            rows = draw.integers(0, EXAMPLES, EXAMPLES)
            a[rows].mean() - b[rows].mean()
        one = time.perf_counter() - started
        loops = len(found) * LANGUAGES
        print(f"plain numpy: {one:.1f} s for one of {loops} such loops")
        print(f"plain numpy / ours: {one * loops / seconds:.0f} x")


if __name__ == "__main__":
    main()
