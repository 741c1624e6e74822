"""A training that is logged elsewhere is the same training."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from transformers import TrainerCallback, TrainerState, TrainingArguments

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import AdapterXLTError
from adapterxlt.models.build import Built, build_train
from adapterxlt.progress import Silent
from adapterxlt.trackers import Tracking
from adapterxlt.training import tracking as trackers
from adapterxlt.training.best_epoch import DevScore
from adapterxlt.training.train import TaskInputs, train
from tests.training.test_train import features_of, head_of, settings_of, state_of

KIND = "pair_classification"


class Careless(TrainerCallback):
    """Stands for an integration; draws random numbers whenever it is told something."""

    told: ClassVar[list[tuple[str, int, dict[str, float]]]] = []
    where: ClassVar[tuple[str, str]] = ("", "")

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        Careless.where = (args.logging_dir, args.run_name)
        self._tell("begin", state, {})

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        self._tell("log", state, logs)

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._tell("end", state, {})

    def _tell(self, what: str, state: Any, logs: dict[str, float]) -> None:
        random.random(), np.random.rand(), torch.rand(3)
        self.told.append((what, state.global_step, logs))


class Lines(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def log(self, message: str) -> None:
        self.said.append(message)


def trained(
    backbone: Backbone,
    folder: Path,
    tracking: Tracking | None,
    progress: Silent | None = None,
    score: Callable[[], list[DevScore]] = lambda: [DevScore("t", "en", "accuracy", 50.0, 10)],
) -> Built:
    built = build_train(backbone, method="seq_bn", name="a", head=head_of(KIND), seed=1)
    train(
        built,
        [TaskInputs(features_of(built, KIND, 96), KIND)],
        settings_of(keep="best"),
        checkpoints=folder / "checkpoints",
        progress=progress or Silent(),
        score=score,
        tracking=tracking,
    )
    return built


def test_it_hears_of_losses_and_scores_and_changes_nothing(
    backbone: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trackers, "get_reporting_integration_callbacks", lambda _: [Careless])
    Careless.told.clear()
    alone = state_of(trained(backbone, tmp_path / "a", None))
    assert Careless.told == []
    tracking = Tracking("tensorboard", "test.nli", tmp_path / "tracking")
    logged = state_of(trained(backbone, tmp_path / "b", tracking))
    assert all(torch.equal(alone[name], logged[name]) for name in alone)
    assert Careless.where == (str(tmp_path / "tracking"), "test.nli")
    heard = [(what, step, sorted(logs)) for what, step, logs in Careless.told]
    assert heard[-1] == ("end", 12, [])
    assert heard[:4] == [
        ("begin", 0, []),
        ("log", 10, ["learning_rate", "loss"]),
        ("log", 12, ["learning_rate", "loss"]),
        ("log", 12, ["eval_score"]),
    ]


def fail() -> list[DevScore]:
    raise ValueError("the dev file is gone")


def fail_to_train(backbone: Backbone, folder: Path, tracking: Tracking) -> None:
    """Train until the first scores, which fail."""
    with pytest.raises(ValueError, match="the dev file is gone"):
        trained(backbone, folder, tracking, score=fail)


@pytest.mark.parametrize("failing", [Careless, None])
def test_a_training_that_fails_leaves_no_run_open(
    backbone: Backbone,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failing: type[Careless] | None,
) -> None:
    ended: list[int] = []
    monkeypatch.setitem(
        sys.modules, "wandb", SimpleNamespace(finish=lambda exit_code=0: ended.append(exit_code))
    )
    monkeypatch.setattr(
        trackers, "get_reporting_integration_callbacks", lambda _: [failing or Broken]
    )
    tracking = Tracking("wandb", "test.nli", tmp_path / "tracking" / "nli")
    fail_to_train(backbone, tmp_path / "a", tracking)
    assert ended == [1], "also of one that was left out before"
    trained(backbone, tmp_path / "b", tracking)
    assert ended == ([1, 0] if failing else [1, 1]), "what came to its end is not ended twice"


def test_the_next_training_has_a_run_of_its_own(
    backbone: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wandb = pytest.importorskip("wandb", reason="wandb is not installed")
    monkeypatch.setenv("WANDB_MODE", "offline")
    tracking = Tracking("wandb", "test.nli", tmp_path / "tracking" / "nli")
    fail_to_train(backbone, tmp_path / "a", tracking)
    assert wandb.run is None
    trained(backbone, tmp_path / "b", tracking)
    assert len(list((tmp_path / "tracking").glob("wandb/offline-run-*"))) == 2
    wandb.teardown()  # else it keeps the folder for all later runs of this process


def test_a_failed_training_is_failed_for_mlflow(
    backbone: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow = pytest.importorskip("mlflow", reason="mlflow is not installed")
    folder = tmp_path / "tracking"
    fail_to_train(backbone, tmp_path, Tracking("mlflow", "test.nli", folder / "nli"))
    assert mlflow.active_run() is None
    [meta] = folder.glob("mlruns/*/*/meta.yaml")
    assert "\nstatus: 4\n" in meta.read_text(), "FAILED"


def test_a_failed_training_closes_the_file_of_tensorboard(
    backbone: Backbone, tmp_path: Path
) -> None:
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    tracking = Tracking("tensorboard", "test.nli", tmp_path / "tracking/nli")
    closed: list[str] = []

    class Writer:
        def close(self) -> None:
            closed.append("closed")

        def __getattr__(self, name: str) -> Any:
            return lambda *args: None

    with trackers.tracked(tracking, lambda line: None) as tracker:
        assert tracker is not None
        tracker.inner.tb_writer = Writer()
        tracker.on_train_begin(TrainingArguments(), TrainerState(), None)
    assert closed == ["closed"]


class Broken(Careless):
    """Fails from the first loss on."""

    def on_log(self, *args: Any, **_: Any) -> None:
        raise ConnectionError("no route\nto host")


class Shut(Careless):
    def on_train_begin(self, *args: Any, **_: Any) -> None:
        raise ValueError("no API key")


def test_one_that_fails_later_is_left_out_and_the_training_goes_on(
    backbone: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trackers, "get_reporting_integration_callbacks", lambda _: [Broken])
    alone = state_of(trained(backbone, tmp_path / "a", None))
    lines = Lines()
    tracking = Tracking("mlflow", "test.nli", tmp_path / "tracking" / "nli")
    logged = state_of(trained(backbone, tmp_path / "b", tracking, lines))
    assert all(torch.equal(alone[name], logged[name]) for name in alone)
    assert [line for line in lines.said if "mlflow" in line] == [
        "warning: mlflow is left out from here on: ConnectionError: no route to host"
    ]


def test_one_that_cannot_begin_is_said_before_training(
    backbone: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trackers, "get_reporting_integration_callbacks", lambda _: [Shut])
    with pytest.raises(AdapterXLTError, match=r"wandb cannot begin .*ValueError: no API key"):
        trained(backbone, tmp_path, Tracking("wandb", "test.nli", tmp_path / "tracking" / "nli"))


def test_they_write_to_the_work_folder_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str | None, str | None]] = []

    class Looking(Careless):
        def on_train_begin(self, *args: Any, **_: Any) -> None:
            seen.append((os.environ.get("WANDB_DIR"), os.environ.get("MLFLOW_TRACKING_URI")))

    monkeypatch.setattr(trackers, "get_reporting_integration_callbacks", lambda _: [Looking])
    monkeypatch.delenv("WANDB_DIR", raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://mlflow.example")
    folder = tmp_path / "tracking"
    tracker = trackers.Tracker(Tracking("wandb", "test.nli", folder / "nli"), lambda _: None)
    tracker.on_train_begin(None, None, None)
    assert seen == [(str(folder), "https://mlflow.example")]
    assert "WANDB_DIR" not in os.environ


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("tensorboard", "nli/events.out.tfevents.*"),
        ("mlflow", "mlruns/**/metrics/loss"),
        ("wandb", "wandb/offline-run-*/*.wandb"),
    ],
)
def test_they_get_their_files(
    backbone: Backbone, tmp_path: Path, name: str, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    monkeypatch.setenv("WANDB_MODE", "offline")
    folder = tmp_path / "tracking"
    trained(backbone, tmp_path, Tracking(name, "test.nli", folder / "nli"))
    [found] = folder.glob(file)
    assert found.stat().st_size
