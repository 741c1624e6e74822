"""What was computed is not computed again; what changed is, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.scenarios.program import Cli, start

# Each starts the program several times; a busy machine takes long to do that.
pytestmark = pytest.mark.timeout(1500)

STAGES = """
nli: {train: mnli}
direct: {train: pawsx}
after_nli: {train: pawsx, after: nli}
scores: {evaluate: [direct, after_nli], on: pawsx}
"""


def steps(cli: Cli, *arguments: object) -> dict[str, list[str]]:
    """Run with --json; returns which steps were done and reused."""
    done = cli("run", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["steps"]


def test_run_twice_change_one_learning_rate_share_a_stage(
    cli: Cli, recipe: Callable[..., Path], tmp_path: Path
) -> None:
    path = recipe(STAGES)
    everything = {"nli", "direct", "after_nli", "scores/direct/pawsx", "scores/after_nli/pawsx"}
    first = steps(cli, path)
    assert set(first["done"]) == everything
    results = (tmp_path / "runs/results.json").read_bytes()

    again = steps(cli, path)
    assert again["done"] == []
    assert set(again["reused"]) == everything
    assert (tmp_path / "runs/results.json").read_bytes() == results

    plan = cli("plan", path, "--set", "stages.nli.lr=2e-3")
    assert "lr: 0.001 -> 0.002" in plan.stdout
    assert "input nli changed" in plan.stdout
    changed = steps(cli, path, "--set", "stages.nli.lr=2e-3")
    assert set(changed["done"]) == {"nli", "after_nli", "scores/after_nli/pawsx"}

    # Another recipe, another name for the same intermediate stage: trained once.
    other = recipe(
        "inference: {train: mnli}\nheld: {train: pawsx, stack_on: inference}", name="other"
    )
    shared = steps(cli, other)
    assert shared["reused"] == ["inference"]
    assert shared["done"] == ["held"]


def test_a_damaged_stage_is_reported_and_redone(
    cli: Cli, recipe: Callable[..., Path], tmp_path: Path
) -> None:
    path = recipe("nli: {train: mnli}\nscores: {evaluate: nli, on: xnli}")
    steps(cli, path)
    results = (tmp_path / "runs/results.json").read_bytes()
    (weights,) = (tmp_path / "runs/store").glob("*/*/adapter.safetensors")
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)

    plan = cli("plan", path)
    assert "damaged" in plan.stdout
    assert steps(cli, path) == {
        "done": ["nli"],
        "reused": ["scores/nli/xnli"],
        "failed": {},
        "skipped": [],
    }
    assert (tmp_path / "runs/results.json").read_bytes() == results


def test_two_processes_on_one_store(cli: Cli, recipe: Callable[..., Path], tmp_path: Path) -> None:
    path = recipe(STAGES)
    alone = cli("run", path, "--workdir", tmp_path / "alone")
    assert alone.returncode == 0, alone.stderr
    both = [
        start(["run", path, "--workdir", tmp_path / "shared", "--json"], tmp_path) for _ in range(2)
    ]
    outputs = [process.communicate(timeout=1200) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    done = [json.loads(out)["steps"]["done"] for out, _ in outputs]
    assert len(done[0]) + len(done[1]) == 5  # every step once, by one or the other
    assert not set(done[0]) & set(done[1])
    assert (tmp_path / "shared/results.json").read_bytes() == (
        tmp_path / "alone/results.json"
    ).read_bytes()
