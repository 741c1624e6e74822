"""Finds texts that a recipe both trains on and evaluates on, before any training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from adapterxlt.kinds.registry import get_kind
from adapterxlt.order import in_order
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.recipe.fields import BARE
from adapterxlt.recipe.kinds import KINDS
from adapterxlt.recipe.steps import Step
from adapterxlt.stages.language_swaps import both_sides
from adapterxlt.stages.running.contamination import Hashes, are_among, read_seen
from adapterxlt.stages.running.context import Context
from adapterxlt.stages.running.swap import swap_for

_SHOWN = 3  # how many tasks, languages or models one line names


@dataclass(frozen=True)
class Leak:
    """A model is evaluated on a task although it was trained on some of the task's texts.

    Args:
        task: the task of the evaluation.
        model: the name of the model.
        languages: the languages that have such texts.
        seen: the number of such texts in these languages.
        total: the number of all distinct texts in these languages.
    """

    task: str
    model: str
    languages: tuple[str, ...]
    seen: int
    total: int

    @property
    def share(self) -> Fraction:
        """The share of the texts that the model was trained on."""
        return Fraction(self.seen, self.total)


def find_leaks(context: Context) -> list[Leak]:
    """Return a leak for each affected model and task that is still to be evaluated.

    The rows of the results say for each language where the texts were seen. They also flag texts
    from the backbone's pretraining.
    """
    leaks, trained = [], _Trained(context)
    for planned in context.plan.steps:
        step = planned.step
        if planned.status == "done" or not KINDS[step.kind].measures:
            continue
        counts = {}
        for language in step.items("languages"):
            texts = context.texts.evaluated(step, language)
            if seen := _seen(texts, step, language, context, trained):
                counts[language] = seen, texts.size
        if counts:
            seen, total = (sum(column) for column in zip(*counts.values(), strict=True))
            task = step.text("task")
            leaks.append(Leak(task, step.model or BARE, tuple(counts), seen, total))
    return leaks


def _seen(texts: Hashes, step: Step, language: str, context: Context, trained: _Trained) -> int:
    """How many texts the model of a step was trained on, or what it swaps in for a language."""
    task = context.sources.tasks[step.text("task")]
    # A task with translations, such as retrieval, swaps for both sides.
    sides = (language,) if get_kind(task.kind).trainable else both_sides(task, language)
    swaps = [swap.language for side in sides if (swap := swap_for(step, side)) is not None]
    models = [model for model in dict.fromkeys([step.model, *swaps]) if model is not None]
    if not models:  # the bare backbone
        return 0
    flags = [are_among(texts, trained.of(context.plan.by_id(model))) for model in models]
    return int(np.any(flags, axis=0).sum())


def describe_leaks(leaks: Sequence[Leak]) -> str:
    """Describe all leaks in one line, the largest shares first; "" if there are none."""
    tasks: dict[str, list[Leak]] = {}
    for leak in sorted(leaks, key=lambda leak: -leak.share):
        tasks.setdefault(leak.task, []).append(leak)
    if not tasks:
        return ""
    named = [_describe(task, found) for task, found in list(tasks.items())[:_SHOWN]]
    more = [f"{len(tasks) - _SHOWN} more tasks"] if len(tasks) > _SHOWN else []
    return (
        f"evaluation texts were seen in training: {'; '.join([*named, *more])}. They are "
        "flagged in the results"
    )


def _describe(task: str, leaks: Sequence[Leak]) -> str:
    languages = [language for leak in leaks for language in leak.languages]
    worst = leaks[0]
    most = "up to " if any(leak.share < worst.share for leak in leaks) else ""
    return (
        f"{task} {_few(languages)}: {most}{worst.seen} of {worst.total} "
        f"({_few([leak.model for leak in leaks])})"
    )


def _few(names: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(names))
    more = f" and {len(distinct) - _SHOWN} more" if len(distinct) > _SHOWN else ""
    return ", ".join(distinct[:_SHOWN]) + more


class _Trained:
    """The hashes of all texts that a model and its inputs were trained on, or will be."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: dict[str, Hashes] = {}

    def of(self, planned: PlannedStep) -> Hashes:
        name = planned.step.id
        if name not in self._known:
            parts = [self._own(step) for step in self._above_done(name)]
            self._known[name] = np.unique(np.concatenate([np.empty(0, dtype="<u8"), *parts]))
        return self._known[name]

    def _above_done(self, name: str) -> list[PlannedStep]:
        """Return a step and the steps that it needs, down to finished ones.

        A finished step has recorded the texts of all steps below it.
        """
        plan = self._context.plan

        def needs(needed: str) -> tuple[str, ...]:
            planned = plan.by_id(needed)
            return () if planned.status == "done" else planned.step.inputs

        return [plan.by_id(needed) for needed in in_order([name], needs)]

    def _own(self, planned: PlannedStep) -> Hashes:
        """Return the hashes of a step's own training texts.

        For a finished step, they include those of all steps below it.
        """
        step = planned.step
        if planned.status == "done":
            parts = list(read_seen(None, self._context.artifact(step.id)).values())
        elif KINDS[step.kind].trains:
            parts = [self._context.texts.trained(part, step) for part in step.parts()]
        else:
            parts = []
        return np.unique(np.concatenate([np.empty(0, dtype="<u8"), *parts]))
