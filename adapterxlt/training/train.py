"""Trains a built model on features; resumes where an earlier, interrupted call stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from transformers import set_seed

from adapterxlt import interrupt
from adapterxlt.devices import find_precision
from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.features import Feature
from adapterxlt.kinds.registry import get_kind
from adapterxlt.models.parts import Built
from adapterxlt.models.quiet import quiet
from adapterxlt.models.sparse import only_masked
from adapterxlt.models.trainable import assert_trainable
from adapterxlt.progress import STEP, Progress
from adapterxlt.recipe.schema import Training
from adapterxlt.store.checkpoints import newest_checkpoint
from adapterxlt.store.losses import Course, course_of
from adapterxlt.token_budget import Budget
from adapterxlt.trackers import Tracking
from adapterxlt.training.arguments import arguments_of
from adapterxlt.training.best_epoch import BestEpoch, DevScore, EpochScores
from adapterxlt.training.mixture import MixedSteps
from adapterxlt.training.ranks import ALONE, Ranks
from adapterxlt.training.steps import Steps, StepSequence
from adapterxlt.training.tracking import tracked
from adapterxlt.training.trainer import StepTrainer


@dataclass(frozen=True)
class TaskInputs:
    """One task of a training.

    Args:
        features: its inputs.
        head: name of the head to train; None: the model's only one.
        weight: the share of the steps that the task asks for; None: the sampling decides.
        language: the language of the inputs.
    """

    features: Sequence[Feature]
    kind: str
    head: str | None = None
    weight: float | None = None
    language: str = ""


@dataclass(frozen=True)
class PartReport:
    """What a training did with one task of a mixture.

    Args:
        inputs: its training inputs.
        steps: optimizer steps on it.
        probability: the probability that a step is drawn for this task.
        final_loss: mean loss of its steps among the last tenth of all; None if it had none there.
    """

    inputs: int
    steps: int
    probability: float
    final_loss: float | None


@dataclass(frozen=True)
class TrainReport:
    """What a training did.

    Args:
        steps: optimizer steps.
        examples: features seen, repetitions included (a long input counts once per window).
        final_loss: mean loss of the last tenth of the steps.
        real_tokens, padded_tokens: tokens seen, without and with padding.
        parts: what each task of a mixture got; () if there is only one task.
        epochs: the dev scores of each epoch; () unless the best epoch's weights are kept.
        precision: the precision that it computed in.
        kept: number of the epoch whose weights are kept; None: the last one, which was not scored.
        losses: the mean loss of each step, including the steps before an interruption.
    """

    steps: int
    examples: int
    final_loss: float
    real_tokens: int
    padded_tokens: int
    parts: tuple[PartReport, ...] = ()
    epochs: tuple[EpochScores, ...] = ()
    kept: int | None = None
    precision: str = "fp32"
    losses: tuple[float, ...] = ()

    def figures(self) -> dict[str, object]:
        """Return the fields that hold one figure for the whole training, as plain JSON data."""
        apart = ("parts", "epochs", "kept", "losses")
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name not in apart}

    def course(self) -> Course | None:
        """Its losses and dev scores from the first step to the last.

        None if it was resumed from a checkpoint of before 0.2, which holds only the last losses.
        """
        if len(self.losses) < self.steps:
            return None
        return course_of(self.losses, [(epoch.step, epoch.value) for epoch in self.epochs])


def train(
    built: Built,
    parts: Sequence[TaskInputs],
    settings: Training,
    *,
    checkpoints: Path,
    progress: Progress,
    description: str = "train",
    score: Callable[[], Sequence[DevScore]] | None = None,
    ranks: Ranks = ALONE,
    tracking: Tracking | None = None,
) -> TrainReport:
    """Train in place: AdamW, linear warm-up and decay, gradients clipped; ends in eval mode.

    The model trains on the device that it is on. With several tasks, each step trains one of them.

    If `checkpoints` holds a complete checkpoint of this training, it continues from there. On a
    CPU it then ends in the same bits as an unbroken run. Ctrl-C ends it after the step that is
    being computed, with a checkpoint.

    Args:
        parts: the tasks, each with its inputs.
        settings: they must have `lr`, and `epochs` or `max_steps` (see `Training.resolved`).
        checkpoints: folder for this training alone; the caller removes it once the result is safe.
        score: scores the model on dev. It is called after every epoch, and the model ends with
            the weights of the best epoch instead of the last (see `best_epoch.merit`).
        ranks: the processes that call this together, each for its share of every step.
        tracking: where the training is also logged; this does not change its result.

    Raises:
        MissingDataError: there is nothing to train on.
        AdapterXLTError: training diverged, the disk is full, the precision is not available
            here, or the tensors that would train are not the ones that should.
    """
    alone = [_steps(built, part, settings, ranks) for part in parts]
    weights = [part.weight for part in parts]
    return train_steps(
        built,
        alone[0] if len(alone) == 1 else MixedSteps(alone, settings, weights),
        settings,
        inputs=[*(len(part.features) for part in parts), *filter(None, weights)],
        checkpoints=checkpoints,
        progress=progress,
        description=description,
        score=score,
        ranks=ranks,
        tracking=tracking,
    )


def train_steps(
    built: Built,
    steps: StepSequence,
    settings: Training,
    *,
    inputs: Sequence[float],
    checkpoints: Path,
    progress: Progress,
    description: str,
    score: Callable[[], Sequence[DevScore]] | None = None,
    loss: Callable[[nn.Module, Any], Tensor] | None = None,
    ranks: Ranks = ALONE,
    tracking: Tracking | None = None,
) -> TrainReport:
    """Train in place on the data of these steps; the rest is as in `train`.

    Args:
        inputs: numbers that identify the inputs; a checkpoint with other numbers is not resumed.
        loss: see `StepTrainer`.
    """
    spec = built.spec
    if spec is None:
        raise ValueError("a bare backbone is not trained")
    if settings.lr is None:
        raise ValueError("the settings have no learning rate")
    assert_trainable(built.model, spec, built.members)
    identity = {
        "settings": settings.model_dump(exclude={"checkpoint_every", "devices"}),
        "model": spec.model_dump(by_alias=True, mode="json"),
        "inputs": list(inputs),
    }
    checkpoints.mkdir(parents=True, exist_ok=True)
    found = newest_checkpoint(checkpoints)
    if found and found[1]["identity"] != identity:
        progress.log(f"{description}: ignoring a checkpoint with other settings")
        found = None
    done = int(found[1]["step"]) if found else 0
    if found:
        progress.log(f"{description}: resuming at step {done} of {steps.total}")
    best = None
    if score is not None:
        best = BestEpoch(
            steps.epoch_ends, score, lambda line: progress.log(f"{description}: {line}")
        )
    with (
        quiet(),
        only_masked(built.model, built.masks),
        progress.bar(description, steps.total, done=done, unit=STEP) as bar,
        tracked(tracking if ranks.writes else None, progress.log) as tracker,
    ):
        trainer = StepTrainer(
            built.model,
            arguments_of(settings, steps, checkpoints, built.model.device, tracking),
            steps=steps,
            bar=bar,
            checkpoint_every=settings.checkpoint_every,
            identity=identity,
            best=best,
            undecayed=built.masks.keys(),
            budget=Budget(settings.token_budget, progress.log),
            ranks=ranks,
            loss=loss,
            speak=built.speak,
            tracker=tracker,
        )
        if found:
            trainer.prepare_resume(*found)
        set_seed(steps.seed)
        with interrupt.ending_steps():
            trainer.train(resume_from_checkpoint=str(found[0]) if found else None)
        trainer.accelerator.unwrap_model(built.model, keep_fp32_wrapper=False)
    ranks.check_equal(built.model)
    if best is not None:
        best.restore(built.model)
        progress.log(f"{description}: kept epoch {best.kept.epoch} of {len(best.ends)}")
    built.model.eval()
    built.speak("")  # a model is saved without a language
    tail = trainer.losses[-steps.tail :]
    return TrainReport(
        steps=steps.total,
        examples=trainer.examples,
        final_loss=sum(tail) / len(tail),
        real_tokens=trainer.real_tokens,
        padded_tokens=trainer.padded_tokens,
        parts=tuple(_part_reports(steps, tail)) if isinstance(steps, MixedSteps) else (),
        epochs=tuple(best.epochs) if best else (),
        kept=best.kept.epoch if best else None,
        precision=find_precision(settings.precision, built.model.device),
        losses=tuple(trainer.losses),
    )


def _steps(built: Built, part: TaskInputs, settings: Training, ranks: Ranks) -> Steps:
    if not part.features:
        raise MissingDataError("there are no training examples")
    tokenizer = built.tokenizer
    hiding = get_kind(part.kind).workings.hiding(tokenizer)
    pad_id = int(tokenizer.pad_token_id)
    return Steps(
        part.features, part.kind, settings, pad_id, part.head, hiding, ranks, part.language
    )


def _part_reports(steps: MixedSteps, tail: Sequence[float]) -> Iterator[PartReport]:
    last = steps.order[steps.total - len(tail) :].tolist()
    for index, chance in enumerate(steps.chances.tolist()):
        losses = [loss for part, loss in zip(last, tail, strict=True) if part == index]
        yield PartReport(
            inputs=len(steps.parts[index].features),
            steps=int((steps.order == index).sum()),
            probability=chance,
            final_loss=sum(losses) / len(losses) if losses else None,
        )
