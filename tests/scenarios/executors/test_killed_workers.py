"""Workers that are killed at random: the same results as of a run that nothing happened to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

from adapterxlt.execution.executors.local import Local
from adapterxlt.execution.run import RunResult

Run = Callable[..., RunResult]


def test_killed_workers_cost_nothing(
    run: Run, tmp_path: Path, kill: Callable[[list[int]], None]
) -> None:
    """Forty stages; workers are killed before, while and after something is written."""
    stages = "".join(
        f"\n  t{n}: {{train: pawsx, seed: {n}}}\n  e{n}: {{evaluate: t{n}, on: pawsx}}"
        for n in range(20)
    )
    run("alone", stages=stages)
    kill([3, *Random(1).sample(range(120, 300), 5)])
    killed = run("killed", Local(2), stages)
    assert not killed.failed
    assert not list((tmp_path / "turns").iterdir())
    results = [(tmp_path / name / "results.json").read_bytes() for name in ("alone", "killed")]
    assert results[0] == results[1]
