"""What several processes gain, and what handing out a stage costs.

    python benchmarks/machines/speed.py [--trivial 50] [--planned 1000] [--on ray]

Prints: eight independent small stages with `--jobs 2` against one process; the seconds that an
executor adds to a trivial stage once its workers are warm; planning.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from adapterxlt.backbones.find import resolve_backbone
from adapterxlt.execution.executors.executor import Executor
from adapterxlt.execution.executors.options import Options
from adapterxlt.execution.executors.registry import find_executor
from adapterxlt.execution.run import run_recipe
from adapterxlt.plan.plan import make_plan, resolve_sources
from adapterxlt.recipe.load import load_text
from adapterxlt.recipe.schema import Recipe
from adapterxlt.store.store import Store

HERE = Path()


def recipe(stages: int, steps: int) -> Recipe:
    """So many independent stages of so many training steps on what is bundled."""
    lines = "".join(f"  s{n}: {{train: pawsx, seed: {n}}}\n" for n in range(stages))
    head = f"name: r\nbackbone: mini\ndata: pocket\ntraining: {{max_steps: {steps}}}\n"
    return load_text(f"{head}stages:\n{lines}").recipe


def seconds(made: Recipe, executor: Executor | None) -> float:
    """How long a recipe takes in a new work folder."""
    sources = resolve_sources(made, HERE, resolve_backbone("mini", HERE))
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        result = run_recipe(made, workdir=Path(folder), sources=sources, executor=executor)
        assert len(result.done) == len(made.stages), result.failed
        return time.monotonic() - begun


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--trivial", type=int, default=50)
    parser.add_argument("--planned", type=int, default=1000)
    parser.add_argument("--on", default="local")
    given = parser.parse_args()

    made = recipe(given.planned, 1)
    sources = resolve_sources(made, HERE, resolve_backbone("mini", HERE))
    begun = time.monotonic()
    make_plan(made, Store(Path("nowhere")), sources)
    print(f"planning {given.planned} stages: {time.monotonic() - begun:.2f} s")

    seconds(recipe(1, 1), None)  # libraries are loaded
    alone = seconds(recipe(8, 20), None)
    both = seconds(recipe(8, 20), find_executor("local", Options(jobs=2)))
    print(f"8 stages: {alone:.1f} s in one process, {both:.1f} s in two: {alone / both:.2f} x")

    # One worker against none: what is left after its start is what handing out costs.
    few = given.trivial // 5
    cost = {
        name: seconds(recipe(given.trivial, 1), executor()) - seconds(recipe(few, 1), executor())
        for name, executor in {
            "here": lambda: None,
            given.on: lambda: find_executor(given.on, Options(jobs=1)),
        }.items()
    }
    added = (cost[given.on] - cost["here"]) / (given.trivial - few)
    print(f"{given.on} adds {added:.3f} s to a stage once warm")


if __name__ == "__main__":
    main()
