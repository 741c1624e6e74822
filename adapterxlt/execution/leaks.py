"""Texts that a recipe both trains on and evaluates on, found before any training."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from adapterxlt.execution.contamination import Hashes, describe_overlap, hash_texts, read_seen
from adapterxlt.execution.context import Context
from adapterxlt.execution.data import evaluation_examples, training_examples
from adapterxlt.plan.steps import PlannedStep, Step
from adapterxlt.recipe.schema import Part
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.read import read_bitext, read_mining
from adapterxlt.tasks.texts import texts_of


def find_leaks(context: Context) -> list[str]:
    """One line for each evaluation of which models are trained on some texts.

    Only what is still to be evaluated is looked at. The rows of the results carry the same flags,
    and those of the backbone's pretraining as well.
    """
    leaks = _Leaks(context)
    found: dict[tuple[str, str, str], list[str]] = {}  # stage, task, what leaks -> models
    for planned in context.plan.steps:
        step = planned.step
        if planned.status == "done" or step.kind not in ("evaluate", "retrieve"):
            continue
        if not step.inputs:  # the bare backbone
            continue
        flags = "; ".join(leaks.of(step))
        if flags:
            found.setdefault((step.stage, step.text("task"), flags), []).append(step.inputs[0])
    return [
        f"{stage}: texts of {task} are in the training of {', '.join(models)}: {flags}"
        for (stage, task, flags), models in found.items()
    ]


class _Leaks:
    """Hashes of what is trained on and evaluated on, each computed once."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._trained: dict[str, dict[str, Hashes]] = {}
        self._parts: dict[tuple[Part, int], Hashes] = {}
        self._evaluated: dict[tuple[object, ...], Hashes] = {}

    def of(self, step: Step) -> Iterator[str]:
        """`en: squad 12 of 400 texts` for each language of an evaluation with such texts."""
        seen = self._seen(self._context.plan.by_id(step.inputs[0]))
        for language in step.items("languages"):
            flags = describe_overlap(self._texts(step, language), seen)
            if flags:
                yield f"{language}: {flags}"

    def _seen(self, planned: PlannedStep) -> dict[str, Hashes]:
        """By task, what a model and everything below it was trained on, or will be."""
        step = planned.step
        if step.id not in self._trained:
            if planned.status == "done":
                self._trained[step.id] = read_seen(None, self._context.artifact(step.id))
            else:
                self._trained[step.id] = self._to_be_seen(step)
        return self._trained[step.id]

    def _to_be_seen(self, step: Step) -> dict[str, Hashes]:
        parts = [self._seen(self._context.plan.by_id(name)) for name in step.inputs]
        if step.kind in ("train", "fuse"):
            parts += [{part.task: self._part(part, step)} for part in step.parts()]
        seen: dict[str, Hashes] = {}
        for found in parts:
            for task, hashes in found.items():
                seen[task] = np.union1d(seen[task], hashes) if task in seen else hashes
        return seen

    def _part(self, part: Part, step: Step) -> Hashes:
        key = (part, step.number("seed"))
        if key not in self._parts:  # models are often compared on the same training data
            examples = training_examples(part, step, self._context.sources.roots)
            self._parts[key] = hash_texts(texts_of(examples))
        return self._parts[key]

    def _texts(self, step: Step, language: str) -> Hashes:
        splits = step.items("splits") if "splits" in step.params else [step.text("split")]
        key = (step.text("task"), language, *splits, step.params.get("cap"))
        if key not in self._evaluated:
            self._evaluated[key] = hash_texts(self._read(step, language, splits))
        return self._evaluated[key]

    def _read(self, step: Step, language: str, splits: list[str]) -> Iterator[str]:
        task, roots = get_task(step.text("task")), self._context.sources.roots
        if task.kind == "sentence_retrieval":
            bitext = read_bitext(task, roots, language)
            yield from (*bitext.source, *bitext.target)
        elif task.kind == "bitext_mining":
            for split in splits:
                mining = read_mining(task, roots, language, split)
                yield from (*mining.source, *mining.target)
        else:
            yield from texts_of(evaluation_examples(step, roots, language))
