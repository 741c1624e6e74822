from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from adapterxlt.batching.encode import encode
from adapterxlt.models.build import Built
from adapterxlt.recipe.schema import Training
from adapterxlt.training.best_epoch import BestEpoch, DevScore, merit
from adapterxlt.training.steps import epoch_ends
from adapterxlt.training.train import TaskInputs, TrainReport, train
from tests.training.conftest import make_examples
from tests.training.test_resume import HEAD, StoppedError, StoppingProgress, build, members

__all__ = ["build", "members"]  # fixtures

Build = Callable[[str], Built]
EPOCHS = 3


def dev(value: float, task: str = "a", metric: str = "accuracy") -> DevScore:
    return DevScore(task, "en", metric, value, 10)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([dev(60.0)], 60.0),
        ([dev(60.0), dev(30.0, "b", "f1")], 45.0),
        ([dev(60.0), dev(900.0, "mlm", "perplexity")], 60.0),
        ([dev(20.0, "mlm", "perplexity"), dev(40.0, "mlm", "perplexity")], -30.0),
    ],
)
def test_merit(scores: list[DevScore], expected: float) -> None:
    assert merit(scores) == expected


@pytest.mark.parametrize(
    ("per_epoch", "total", "expected"),
    [
        (5, 15, [5, 10, 15]),
        (5, 12, [5, 10, 12]),  # 2.4 epochs
        (5, 3, [3]),  # max_steps
        (3.4, 10, [3, 7, 10]),  # a mixture
        (0.4, 1, [1]),
    ],
)
def test_ends_of_epochs(per_epoch: float, total: int, expected: list[int]) -> None:
    assert epoch_ends(per_epoch, total) == expected


def scored(values: Sequence[float]) -> tuple[BestEpoch, nn.Linear, list[str]]:
    """A model whose weight is the number of epochs that were scored, each with its value."""
    model, told = nn.Linear(1, 1, bias=False), list[str]()
    left = iter(values)
    best = BestEpoch(range(1, len(values) + 1), lambda: [dev(next(left))], told.append)
    for epoch in range(1, len(values) + 1):
        nn.init.constant_(model.weight, epoch)
        best.epoch_done(model, epoch)
    return best, model, told


@pytest.mark.parametrize(
    ("values", "kept"), [([1, 3, 2], 2), ([3, 3, 3], 1), ([1, 2, 3], 3), ([5], 1)]
)
def test_the_best_is_restored_and_the_first_of_equals(values: list[float], kept: int) -> None:
    best, model, told = scored(values)
    assert best.kept.epoch == kept
    best.restore(model)
    assert model.weight.item() == kept
    assert told[-1] == f"epoch {len(values)} of {len(values)}: dev a en accuracy {values[-1]:.1f}"


def test_its_state_survives_json() -> None:
    best, model, _ = scored([1 / 3, 2 / 3, 0.1])
    again = BestEpoch(best.ends, lambda: [dev(0.5)], lambda line: None)
    again.resume(best.tensors(), json.loads(json.dumps(best.state())))
    assert again.epochs == best.epochs
    again.restore(model)
    assert model.weight.item() == 2


def test_the_model_is_scored_in_evaluation_mode_and_left_as_it_was() -> None:
    model = nn.Sequential(nn.Dropout(), nn.Linear(1, 1), nn.Dropout())
    model[0].eval()  # frozen parts may stay out of training mode
    modes: list[bool] = []

    def score() -> list[DevScore]:
        modes.extend(module.training for module in model.modules())
        return [dev(1.0)]

    BestEpoch([1], score, lambda line: None).epoch_done(model, 1)
    assert modes == [False] * 4
    assert [module.training for module in model.modules()] == [True, False, True, True]


def go(
    built: Built,
    folder: Path,
    values: Sequence[float] | None,
    stop: int | None = None,
    **changes: object,
) -> tuple[dict[str, Tensor], TrainReport, StoppingProgress]:
    """Train for three epochs of five steps, the epochs scoring `values` (None: not scored)."""
    examples = make_examples("pair_classification", 38)
    features = encode(
        examples, built.tokenizer, HEAD.kind, max_length=64, doc_stride=8, labelled=True
    )
    base = {"batch_size": 8, "epochs": EPOCHS, "seed": 3, "lr": 1e-3, "checkpoint_every": 3}
    settings = Training.model_validate({**base, **changes})
    progress = StoppingProgress(stop)

    def score() -> list[DevScore]:
        assert values is not None
        step = progress.bars[-1].done
        return [dev(values[round(step / 5) - 1])]

    report = train(
        built,
        [TaskInputs(features, HEAD.kind)],
        settings,
        checkpoints=folder,
        progress=progress,
        score=None if values is None else score,
    )
    return {n: t.clone() for n, t in built.model.state_dict().items()}, report, progress


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("what", ["adapter", "fusion", "full"])
def test_the_stage_gives_the_weights_of_the_best_epoch(
    build: Build, tmp_path: Path, what: str
) -> None:
    last, plain, _ = go(build(what), tmp_path / "last", None)
    same_as_last, report, _ = go(build(what), tmp_path / "third", [1, 2, 3])
    assert same(last, same_as_last)  # being scored changes nothing of the training
    assert (plain.epochs, plain.kept, report.kept) == ((), None, 3)
    second, report, progress = go(build(what), tmp_path / "second", [1, 3, 2])
    assert report.kept == 2
    assert [(epoch.step, epoch.value) for epoch in report.epochs] == [(5, 1), (10, 3), (15, 2)]
    assert progress.lines[-1] == "train: kept epoch 2 of 3"
    assert not same(last, second)
    # What training had made of it after ten steps, not a new training of ten steps.
    stopped = tmp_path / "stopped"
    with pytest.raises(StoppedError):
        go(build(what), stopped, [9, 1, 1], stop=11)
    first, _, _ = go(build(what), stopped, [9, 1, 1])
    again, _, _ = go(build(what), tmp_path / "first", [9, 1, 1])
    assert same(first, again)
    assert not same(first, second)


@pytest.mark.parametrize("stops", [[5], [7], [10], [4, 9, 13], [15]])
def test_resumed_training_keeps_the_same_epoch(
    build: Build, tmp_path: Path, stops: list[int]
) -> None:
    """The best is the first epoch; kills come right at its end, and after it."""
    values = [3.0, 1 / 3, 2.0]
    whole, report, _ = go(build("adapter"), tmp_path / "whole", values)
    assert report.kept == 1
    for stop in stops:
        with pytest.raises(StoppedError):
            go(build("adapter"), tmp_path / "broken", values, stop=stop)
    resumed, again, progress = go(build("adapter"), tmp_path / "broken", values)
    assert progress.started_at[0] > 0
    assert again == report
    assert same(whole, resumed)
    assert whole.keys() == resumed.keys()
