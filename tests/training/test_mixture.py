"""Training on several tasks: whose turn it is, what it changes, and that a kill changes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.batching.encode import encode
from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.facts import Example
from adapterxlt.kinds.features import Feature
from adapterxlt.kinds.mlm import TextExample
from adapterxlt.models.build import Built, HeadSpec, build_fusion, build_train, save
from adapterxlt.recipe.schema import Training
from adapterxlt.training.mixture import MixedSteps
from adapterxlt.training.steps import Steps
from adapterxlt.training.train import TaskInputs, TrainReport, train
from tests.tiny import SENTENCES
from tests.training.conftest import make_examples
from tests.training.test_resume import StoppedError, StoppingProgress

COUNTS: dict[str, int] = {
    "pair_classification": 40,
    "span_qa": 12,
    "multiple_choice": 20,
    "mlm": 28,
}


def head_of(kind: str) -> HeadSpec:
    labels = ("no", "yes") if kind == "pair_classification" else ()
    return HeadSpec(kind=kind, labels=labels, task=kind)


HEADS = [head_of(kind) for kind in COUNTS]


def examples_of(kind: str, count: int) -> list[Example]:
    if kind == "mlm":
        return [TextExample(str(i), SENTENCES[i % len(SENTENCES)]) for i in range(count)]
    return make_examples(kind, count)


def parts_of(built: Built) -> list[TaskInputs]:
    assert built.spec is not None
    return [
        TaskInputs(
            encode(
                examples_of(head.kind, COUNTS[head.kind]),
                built.tokenizer,
                head.kind,
                max_length=64,
                doc_stride=8,
                labelled=True,
            ),
            head.kind,
            built.spec.head_name(head),
        )
        for head in built.spec.heads
    ]


def settings_of(**changes: object) -> Training:
    base = {"batch_size": 4, "epochs": 1, "seed": 3, "lr": 1e-3, "checkpoint_every": 5}
    return Training.model_validate({**base, "token_budget": 300, **changes})


def build(backbone: Backbone, what: str, members: list[Path] | None = None) -> Built:
    if members:
        return build_fusion(
            backbone, members=members, fusion="dynamic", name="a", head=HEADS[0],
            other_heads=HEADS[1:], seed=1, frozen_dropout=True,
        )  # fmt: skip
    return build_train(
        backbone, method=what, name="a", head=HEADS[0], other_heads=HEADS[1:], seed=1,
        frozen_dropout=what != "full",
    )  # fmt: skip


def go(
    built: Built, folder: Path, progress: StoppingProgress, **changes: object
) -> tuple[dict[str, Tensor], TrainReport]:
    report = train(
        built, parts_of(built), settings_of(**changes), checkpoints=folder, progress=progress
    )
    return {n: t.clone() for n, t in built.model.state_dict().items()}, report


def mixed_steps(
    backbone: Backbone, weights: list[float | None] | None = None, **changes: object
) -> MixedSteps:
    settings = settings_of(**changes)
    built = build(backbone, "seq_bn")
    steps = []
    for part in parts_of(built):
        if part.kind != "mlm":  # needs a masking
            steps.append(Steps(part.features, part.kind, settings, 1, part.head))
    return MixedSteps(steps, settings, weights)


def test_what_is_mixed_in_takes_no_step_from_the_others(backbone: Backbone) -> None:
    alone = mixed_steps(backbone, epochs=3)
    mixed = mixed_steps(backbone, [None, None, 0.25], epochs=3)
    sizes = [len(part.features) for part in alone.parts]
    free = sum(sizes[:2])
    steps = sum(-(-size // 4) for size in sizes[:2])
    assert mixed.chances.tolist() == pytest.approx(
        [0.75 * sizes[0] / free, 0.75 * sizes[1] / free, 0.25]
    )
    assert mixed.total == round(3 * steps / 0.75)
    shares = mixed_steps(backbone, [0.5, 0.25, 0.25], epochs=3)
    assert shares.total == alone.total
    assert (mixed_steps(backbone, [None, None, None]).order == mixed_steps(backbone).order).all()


@pytest.mark.parametrize(("sizes", "epochs", "steps"), [([3] * 14, 5, 70), ([33, 33], 3, 12)])
def test_small_tasks_have_the_steps_that_they_have_alone(
    sizes: list[int], epochs: int, steps: int
) -> None:
    """By jiant's rule: the sum of `epochs * ceil(n / batch)`."""
    settings = settings_of(batch_size=32, epochs=epochs)
    feature = Feature(0, [[1, 2]], 0)
    parts = [Steps([feature] * size, "pair_classification", settings, 1) for size in sizes]
    assert MixedSteps(parts, settings).total == steps == sum(part.total for part in parts)


def test_every_batch_is_of_one_task_and_each_input_comes_once_an_epoch(
    backbone: Backbone,
) -> None:
    mixed = mixed_steps(backbone, max_steps=300)
    kinds = [mixed[step].kind for step in range(300)]
    assert set(kinds) == set(COUNTS) - {"mlm"}
    for index, part in enumerate(mixed.parts):
        seen = [mixed[step].examples for step in range(300) if mixed.order[step] == index]
        size = len(part.features)
        for start in range(0, len(seen) - part.per_epoch, part.per_epoch):
            assert sum(seen[start : start + part.per_epoch]) == size


@pytest.mark.parametrize(
    ("changes", "total"),
    [
        ({}, 18),  # 72 inputs, 4 a step
        ({"epochs": 2}, 36),
        ({"sampling": "uniform"}, 18),
        ({"sampling": "capped", "sampling_cap": 10}, 9),  # 10 + 10 + 10 count
        ({"sampling": "temperature", "temperature": 2, "sampling_cap": 16}, 11),  # 16 + 12 + 16
        ({"sampling": "temperature", "temperature": 2}, 18),
        ({"max_steps": 7}, 7),
    ],
)
def test_how_long_an_epoch_is(backbone: Backbone, changes: dict[str, object], total: int) -> None:
    assert len(mixed_steps(backbone, **changes)) == total


def test_the_same_seed_gives_the_same_batches_in_the_same_order(backbone: Backbone) -> None:
    first, again = mixed_steps(backbone), mixed_steps(backbone)
    other = mixed_steps(backbone, seed=4)
    assert first.order.tolist() == again.order.tolist()
    assert first.order.tolist() != other.order.tolist()
    for step in reversed(range(len(first))):  # in any order, as after a kill
        one, two = first[step], again[step]
        assert (one.kind, one.head) == (two.kind, two.head)
        for a, b in zip(one.batches, two.batches, strict=True):
            assert all(torch.equal(a[key], b[key]) for key in a)


@pytest.mark.parametrize("what", ["seq_bn", "full", "fusion"])
def test_a_kill_changes_no_bit(backbone: Backbone, tmp_path: Path, what: str) -> None:
    members = []
    if what == "fusion":
        for seed, name in enumerate(("one", "two")):
            save(
                build_train(backbone, method="seq_bn", name=name, head=HEADS[0], seed=seed),
                tmp_path / name,
            )
            members.append(tmp_path / name)
    whole, report = go(build(backbone, what, members), tmp_path / "whole", StoppingProgress())
    assert report.steps == 25
    for stop in (7, 18):
        with pytest.raises(StoppedError):
            go(build(backbone, what, members), tmp_path / "broken", StoppingProgress(stop))
        torch.rand(3)
    progress = StoppingProgress()
    resumed, again = go(build(backbone, what, members), tmp_path / "broken", progress)
    assert progress.started_at == [15]
    assert again == report
    assert [name for name in whole if not torch.equal(whole[name], resumed[name])] == []


def test_so_it_is_with_shares_of_the_steps(backbone: Backbone, tmp_path: Path) -> None:
    def run(folder: str, progress: StoppingProgress, share: float) -> tuple[list[Tensor], float]:
        built = build(backbone, "seq_bn")
        *others, text = parts_of(built)
        parts = [*others, replace(text, weight=share)]
        settings = settings_of(max_steps=12)
        report = train(built, parts, settings, checkpoints=tmp_path / folder, progress=progress)
        return list(built.model.state_dict().values()), report.parts[-1].probability

    whole, probability = run("whole", StoppingProgress(), 0.5)
    assert probability == 0.5
    with pytest.raises(StoppedError):
        run("broken", StoppingProgress(7), 0.5)
    progress = StoppingProgress()
    resumed, _ = run("broken", progress, 0.5)
    assert progress.started_at == [5]
    assert all(map(torch.equal, whole, resumed))
    other = StoppingProgress()
    run("broken", other, 0.25)  # checkpoints of another share are of no use
    assert other.started_at == [0]


def test_the_report_says_what_each_task_got(backbone: Backbone, tmp_path: Path) -> None:
    _, report = go(build(backbone, "seq_bn"), tmp_path, StoppingProgress(), epochs=8)
    assert [part.inputs for part in report.parts] == list(COUNTS.values())
    assert [part.probability for part in report.parts] == pytest.approx([0.4, 0.12, 0.2, 0.28])
    assert sum(part.steps for part in report.parts) == report.steps == 200
    for part in report.parts:
        assert part.steps == pytest.approx(200 * part.probability, abs=25)
        assert part.final_loss is not None
        assert part.final_loss > 0


def test_all_tasks_are_learnt(backbone: Backbone, tmp_path: Path) -> None:
    def losses(folder: str, lr: float) -> list[float]:
        # The last tenth of so long a training has steps of every task.
        _, report = go(
            build(backbone, "full"), tmp_path / folder, StoppingProgress(), epochs=6, lr=lr
        )
        return [part.final_loss or 0.0 for part in report.parts]

    untrained, trained = losses("a", 1e-7), losses("b", 3e-3)
    assert min(untrained) > 0
    for before, after in zip(untrained, trained, strict=True):
        assert after < 0.9 * before


def test_a_step_trains_its_own_head_only(backbone: Backbone, tmp_path: Path) -> None:
    built = build(backbone, "seq_bn")
    initial = {name: tensor.clone() for name, tensor in built.model.state_dict().items()}
    parts = parts_of(built)
    # A seed whose only step is on the second task.
    seed = next(
        seed
        for seed in range(99)
        if MixedSteps(
            [Steps(part.features, part.kind, settings_of(), 1, part.head) for part in parts],
            settings_of(seed=seed, max_steps=1),
        ).order.tolist()
        == [1]
    )
    after, _ = go(built, tmp_path, StoppingProgress(), seed=seed, max_steps=1, weight_decay=0.1)
    changed = {name for name in after if not torch.equal(after[name], initial[name])}
    heads = {name.split(".")[1] for name in changed if name.startswith("heads.")}
    assert heads == {"span_qa_of_a"}
    assert any(".adapters.a." in name for name in changed)


def test_a_task_without_inputs(backbone: Backbone, tmp_path: Path) -> None:
    built = build(backbone, "seq_bn")
    parts = [*parts_of(built)[1:], TaskInputs([], "pair_classification", "a")]
    with pytest.raises(MissingDataError, match="no training examples"):
        train(built, parts, settings_of(), checkpoints=tmp_path, progress=StoppingProgress())
