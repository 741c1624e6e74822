"""A training that is logged elsewhere is the same training."""

from __future__ import annotations

import random
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from transformers import TrainerCallback

from adapterxlt.backbones.backbone import Backbone
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


def trained(backbone: Backbone, folder: Path, tracking: Tracking | None) -> Built:
    built = build_train(backbone, method="seq_bn", name="a", head=head_of(KIND), seed=1)
    train(
        built,
        [TaskInputs(features_of(built, KIND, 96), KIND)],
        settings_of(keep="best"),
        checkpoints=folder / "checkpoints",
        progress=Silent(),
        score=lambda: [DevScore("t", "en", "accuracy", 50.0, 10)],
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


@pytest.mark.skipif(find_spec("tensorboard") is None, reason="tensorboard is not installed")
def test_tensorboard_gets_its_files(backbone: Backbone, tmp_path: Path) -> None:
    folder = tmp_path / "tracking"
    trained(backbone, tmp_path, Tracking("tensorboard", "test.nli", folder))
    [events] = folder.rglob("events.out.tfevents.*")
    assert b"train/loss" in events.read_bytes()
