from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import TracebackType

import pytest
import torch
from torch import Tensor

from adapterxlt import interrupt
from adapterxlt.backbones.backbone import Backbone
from adapterxlt.batching.encode import encode
from adapterxlt.models.build import Built, HeadSpec, build_fusion, build_train, save
from adapterxlt.progress import Bar
from adapterxlt.recipe.schema import Training
from adapterxlt.training.train import TaskInputs, TrainReport, train
from tests.training.conftest import make_examples

HEAD = HeadSpec(kind="pair_classification", labels=("no", "yes"), task="pairs")
STEPS_AN_EPOCH = 5


Unbroken = Callable[[str], "tuple[dict[str, Tensor], TrainReport]"]


class StoppedError(BaseException):
    """As KeyboardInterrupt: it ends a run, which goes on after what is only an Exception."""


class StoppingBar:
    """Counts steps and raises after `stop` of them, as a crash would."""

    def __init__(self, total: int, done: int, stop: int | None) -> None:
        self.total, self.done, self.stop = total, done, stop
        self.notes: list[str] = []

    def advance(self, amount: int = 1, note: str = "") -> None:
        self.done += amount
        self.notes.append(note)
        if self.done == self.stop:
            raise StoppedError

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None


class StoppingProgress:
    def __init__(self, stop: int | None = None) -> None:
        self.stop = stop
        self.bars: list[StoppingBar] = []
        self.lines: list[str] = []
        self.started_at: list[int] = []

    def bar(self, description: str, total: int, *, done: int = 0, unit: str = "it") -> Bar:
        assert unit == "step"
        self.started_at.append(done)
        self.bars.append(StoppingBar(total, done, self.stop))
        return self.bars[-1]

    def log(self, message: str) -> None:
        self.lines.append(message)


@pytest.fixture(scope="module")
def members(backbone: Backbone, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = tmp_path_factory.mktemp("members")
    for seed, name in enumerate(("one", "two")):
        built = build_train(backbone, method="seq_bn", name=name, head=HEAD, seed=seed)
        save(built, root / name)
    return [root / "one", root / "two"]


@pytest.fixture(scope="module")
def build(backbone: Backbone, members: list[Path]) -> Callable[[str], Built]:
    """Build the model to train; with dropout, so that random states matter."""

    def make(what: str) -> Built:
        if what == "fusion":
            return build_fusion(
                backbone,
                members=members,
                fusion="dynamic",
                name="f",
                head=HEAD,
                seed=1,
                frozen_dropout=True,
            )
        base = {"stack": {"stack_on": members[0]}, "sequence": {"after": members[0]}}
        return build_train(
            backbone,
            method="full" if what == "full" else "seq_bn",
            name="a",
            head=HEAD,
            seed=1,
            frozen_dropout=True,
            **base.get(what, {}),
        )

    return make


def go(
    built: Built, folder: Path, progress: StoppingProgress, **changes: object
) -> tuple[dict[str, Tensor], TrainReport]:
    examples = make_examples("pair_classification", 38)
    features = encode(
        examples, built.tokenizer, HEAD.kind, max_length=64, doc_stride=8, labelled=True
    )
    base = {"batch_size": 8, "epochs": 3, "seed": 3, "lr": 1e-3, "checkpoint_every": 3}
    settings = Training.model_validate({**base, "token_budget": 300, **changes})
    report = train(
        built, [TaskInputs(features, HEAD.kind)], settings, checkpoints=folder, progress=progress
    )
    return {n: t.clone() for n, t in built.model.state_dict().items()}, report


@pytest.fixture(scope="module")
def unbroken(build: Callable[[str], Built], tmp_path_factory: pytest.TempPathFactory) -> Unbroken:
    """Weights and report of an unbroken training; each is run once."""
    folder = tmp_path_factory.mktemp("unbroken")
    return cache(lambda what: go(build(what), folder / what, StoppingProgress()))


@pytest.mark.parametrize(
    ("what", "stop"),
    [("adapter", 2), ("adapter", 7), ("sequence", 11), ("stack", 8), ("fusion", 7), ("full", 7),
     ("full", 14)],
)  # fmt: skip
def test_resumed_training_ends_in_the_same_bits(
    build: Callable[[str], Built],
    unbroken: Unbroken,
    tmp_path: Path,
    what: str,
    stop: int,
) -> None:
    whole, report = unbroken(what)
    broken = StoppingProgress(stop)
    with pytest.raises(StoppedError):
        go(build(what), tmp_path / "broken", broken)
    torch.rand(3)  # random numbers drawn in between must not matter
    progress = StoppingProgress()
    resumed, again = go(build(what), tmp_path / "broken", progress)
    expected = 3 * (stop // 3)  # the newest checkpoint, mid-epoch (an epoch has 5 steps)
    assert progress.started_at == [expected]
    assert progress.bars[0].done == progress.bars[0].total == 15
    assert (f"train: resuming at step {expected} of 15" in progress.lines) == (expected > 0)
    assert again == report
    assert whole.keys() == resumed.keys()
    assert [name for name in whole if not torch.equal(whole[name], resumed[name])] == []


class PressingBar(StoppingBar):
    """Presses Ctrl-C while a step ends."""

    def advance(self, amount: int = 1, note: str = "") -> None:
        self.done += amount
        if self.done == self.stop:
            signal.raise_signal(signal.SIGINT)


class PressingProgress(StoppingProgress):
    def bar(self, description: str, total: int, *, done: int = 0, unit: str = "it") -> Bar:
        self.started_at.append(done)
        self.bars.append(PressingBar(total, done, self.stop))
        return self.bars[-1]


@pytest.fixture
def heeded() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(("what", "stop"), [("adapter", 2), ("fusion", 4), ("full", 10)])
def test_ctrl_c_loses_no_step(
    build: Callable[[str], Built],
    unbroken: Unbroken,
    tmp_path: Path,
    heeded: None,
    what: str,
    stop: int,
) -> None:
    whole, report = unbroken(what)
    with pytest.raises(KeyboardInterrupt), interrupt.watching():
        go(build(what), tmp_path, PressingProgress(stop), checkpoint_every=99)
    progress = StoppingProgress()
    resumed, again = go(build(what), tmp_path, progress, checkpoint_every=99)
    assert progress.started_at == [stop]
    assert again == report
    assert [name for name in whole if not torch.equal(whole[name], resumed[name])] == []


def test_ctrl_c_in_the_last_step_lets_the_training_end(
    build: Callable[[str], Built], unbroken: Unbroken, tmp_path: Path, heeded: None
) -> None:
    whole, report = unbroken("adapter")
    with pytest.raises(KeyboardInterrupt), interrupt.watching():  # noqa: PT012
        done, again = go(build("adapter"), tmp_path, PressingProgress(15))
        assert again == report
        assert all(torch.equal(whole[name], done[name]) for name in whole)
        interrupt.check()


def test_stopping_several_times_changes_nothing(
    build: Callable[[str], Built],
    unbroken: Unbroken,
    tmp_path: Path,
) -> None:
    whole, report = unbroken("adapter")
    for stop in (4, 5, 10, 13):
        with pytest.raises(StoppedError):
            go(build("adapter"), tmp_path / "broken", StoppingProgress(stop))
    resumed, again = go(build("adapter"), tmp_path / "broken", StoppingProgress())
    assert again == report
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_how_often_checkpoints_are_written_changes_nothing(
    build: Callable[[str], Built],
    unbroken: Unbroken,
    tmp_path: Path,
) -> None:
    often, _ = unbroken("adapter")
    never, _ = go(build("adapter"), tmp_path / "never", StoppingProgress(), checkpoint_every=99)
    assert all(torch.equal(often[name], never[name]) for name in often)


def test_checkpoints_are_safetensors_and_json_and_only_what_is_trained(
    build: Callable[[str], Built], tmp_path: Path
) -> None:
    built = build("adapter")
    go(built, tmp_path, StoppingProgress())
    [folder] = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert {path.suffix for path in folder.iterdir()} == {".json", ".safetensors"}
    trained = sum(p.numel() for p in built.model.parameters() if p.requires_grad)
    everything = sum(p.numel() for p in built.model.parameters())
    assert (folder / "tensors.safetensors").stat().st_size < 4 * 3 * trained + 60_000
    assert trained < everything / 4


def test_checkpoint_of_other_settings_is_ignored(
    build: Callable[[str], Built], tmp_path: Path
) -> None:
    with pytest.raises(StoppedError):
        go(build("adapter"), tmp_path / "one", StoppingProgress(7))
    progress = StoppingProgress()
    other, _ = go(build("adapter"), tmp_path / "one", progress, lr=5e-4)
    assert progress.started_at == [0]
    assert progress.lines == ["train: ignoring a checkpoint with other settings"]
    fresh, _ = go(build("adapter"), tmp_path / "two", StoppingProgress(), lr=5e-4)
    assert all(torch.equal(other[name], fresh[name]) for name in other)


def test_a_checkpoint_with_the_last_losses_alone_leaves_no_course(
    build: Callable[[str], Built], unbroken: Unbroken, tmp_path: Path
) -> None:
    """As versions wrote it that did not keep the losses of a training."""
    weights, whole = unbroken("adapter")
    course = whole.course()
    assert course is not None
    assert course.steps == 3 * STEPS_AN_EPOCH
    with pytest.raises(StoppedError):
        go(build("adapter"), tmp_path, StoppingProgress(7))
    [file] = tmp_path.glob("step-*/state.json")
    state = json.loads(file.read_text())
    assert len(state["losses"]) == state["step"]
    file.write_text(json.dumps({**state, "losses": state["losses"][-2:]}))
    again, report = go(build("adapter"), tmp_path, StoppingProgress())
    assert report.course() is None
    assert report.final_loss == whole.final_loss
    assert all(torch.equal(again[name], weights[name]) for name in weights)


def test_damaged_checkpoint_starts_again(
    build: Callable[[str], Built],
    unbroken: Unbroken,
    tmp_path: Path,
) -> None:
    whole, _ = unbroken("adapter")
    with pytest.raises(StoppedError):
        go(build("adapter"), tmp_path / "broken", StoppingProgress(7))
    [file] = (tmp_path / "broken").glob("step-*/tensors.safetensors")
    file.write_bytes(file.read_bytes()[:-1])
    progress = StoppingProgress()
    again, _ = go(build("adapter"), tmp_path / "broken", progress)
    assert progress.started_at == [0]
    assert all(torch.equal(whole[name], again[name]) for name in whole)


def test_progress_notes_say_loss_and_rate(build: Callable[[str], Built], tmp_path: Path) -> None:
    progress = StoppingProgress()
    go(build("adapter"), tmp_path, progress)
    assert progress.bars[0].notes[-1].startswith("loss 0.")
    assert progress.bars[0].notes[-1].endswith(" ex/s")
