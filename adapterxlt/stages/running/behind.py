"""The training data behind a model: of which tasks, and how many examples. No torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapterxlt.recipe.kinds import KINDS
from adapterxlt.recipe.steps import Step
from adapterxlt.recipe.task_data import Part
from adapterxlt.recipe.used import data_parts, source_name, tasks_read
from adapterxlt.results.measures import METRICS_NAME
from adapterxlt.stages.running.context import Context
from adapterxlt.stages.running.data import shot_seed
from adapterxlt.tasks.catalogue import Task


@dataclass(frozen=True)
class Behind:
    """The training data behind a model.

    Args:
        tasks: the names of the tasks whose files were read: MNLI's for training on XNLI.
        examples: their number, over all trainings that the model comes from.
    """

    tasks: frozenset[str]
    examples: int


def behind(model: str | None, context: Context) -> Behind:
    """Return what a model, and all that it stands on or is made of, was trained on.

    Data that several trainings read, such as those of two seeds, count once. Of a model that was
    trained elsewhere, the number is that of its last training, as only this one is recorded.

    Args:
        model: the step that made it; None is the bare backbone.
    """
    known = context.sources.tasks
    tasks: set[str] = set()
    counts: dict[object, int] = {}
    for planned in context.plan.upto(model) if model is not None else ():
        step = planned.step
        if planned.lineage:
            for earlier in planned.lineage:
                tasks |= tasks_read(data_parts(earlier["params"]), known)
            counts[planned.fingerprint] = sum(_examples(context.artifact(step.id)))
        elif KINDS[step.kind].trains:
            tasks |= tasks_read(data_parts(step.params), known)
            found = _examples(context.artifact(step.id))
            counts |= zip((_data(part, step, known) for part in step.parts()), found, strict=False)
    return Behind(frozenset(tasks), sum(counts.values()))


def _data(part: Part, step: Step, known: Mapping[str, Task]) -> object:
    """What tells the examples of one training from those of others."""
    source = source_name(part.read, part.split, known)
    drawn = step.params["seed"] if part.cap is not None else None
    shots = None if part.shots is None else (part.shots, shot_seed(part, step))
    held_out = [step.params.get(key) for key in ("held_out", "split_seed")]  # of a lexicon
    return (source, part.language, part.split, part.cap, drawn, shots, *held_out)


def _examples(artifact: Path) -> list[int]:
    """The number of examples of each part of a training; [] where it is not told."""
    path = artifact / METRICS_NAME
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    listed = told.get("tasks") or [told]
    return [each["examples"] for each in listed if isinstance(each.get("examples"), int)]
