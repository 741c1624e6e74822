"""The losses of a training, as a run keeps them beside the store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapterxlt.execution.run import RunResult, run_recipe
from adapterxlt.plan.plan import resolve_sources
from adapterxlt.progress import Progress
from adapterxlt.recipe.load import load_text
from adapterxlt.store.losses import FOLDER, read_course
from adapterxlt.store.store import Store
from tests.training.test_resume import StoppedError, StoppingProgress

STEPS = 15


def go(work: Path, data: Path, backbone: Path, progress: Progress | None = None) -> RunResult:
    loaded = load_text(
        f"name: r\nbackbone: {backbone}\ndata: {data}\n"
        "training: {lr: 3e-3, epochs: 3, batch_size: 8, max_length: 32, keep: best,"
        " checkpoint_every: 4}\n"
        "stages: {one: {train: pawsx}}\n"
    )
    sources = resolve_sources(loaded.recipe, loaded.base)
    return run_recipe(
        loaded.recipe, workdir=work, sources=sources, progress=progress or StoppingProgress()
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for split, count in (("train", 40), ("dev", 10)):
        rows = (f"dog {n}\t{'dog' if n % 2 else 'cat'} {n}\t{n % 2}\n" for n in range(count))
        file = tmp_path / f"data/pawsx/{split}-en.tsv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(rows))
    return tmp_path / "data"


def kept(work: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (work / "store" / FOLDER).iterdir()}


def test_every_training_leaves_its_losses_and_a_kill_changes_none(
    tmp_path: Path, data: Path, tiny_backbone: Path
) -> None:
    result = go(tmp_path / "whole", data, tiny_backbone)
    found = kept(tmp_path / "whole")
    address = result.outputs["one"].name
    assert list(found) == [f"{address}.json"]
    course = read_course(Store(tmp_path / "whole/store"), address)
    assert course is not None
    assert (course.steps, course.window, len(course.losses)) == (STEPS, 1, STEPS)
    # The entry itself has no more in it than it had before losses were kept.
    metrics = json.loads((result.outputs["one"] / "metrics.json").read_text())
    assert sorted(metrics["training"]) == [
        "examples", "final_loss", "padded_tokens", "real_tokens", "steps",
    ]  # fmt: skip
    assert metrics["training"]["final_loss"] == pytest.approx(sum(course.losses[-2:]) / 2, 1e-4)
    assert list(course.dev) == [(one["step"], one["value"]) for one in metrics["dev"]["epochs"]]

    for stop in (7, 13):
        with pytest.raises(StoppedError):
            go(tmp_path / "killed", data, tiny_backbone, StoppingProgress(stop))
        assert not (tmp_path / "killed/store" / FOLDER).exists()
    again = StoppingProgress()
    go(tmp_path / "killed", data, tiny_backbone, again)
    assert any("resuming at step" in line for line in again.lines)
    assert kept(tmp_path / "killed") == found
