"""The training data behind a model: of which tasks, and how many texts. No torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adapterxlt.recipe.used import data_parts, tasks_read
from adapterxlt.stages.running.contamination import read_seen
from adapterxlt.stages.running.context import Context


@dataclass(frozen=True)
class Behind:
    """The training data behind a model.

    Args:
        tasks: the names of the tasks whose files were read: MNLI's for training on XNLI.
        texts: the number of distinct texts, over all trainings that the model comes from.
    """

    tasks: frozenset[str]
    texts: int


def behind(model: str | None, context: Context) -> Behind:
    """Return what a model, and all that it stands on or is made of, was trained on.

    Texts are counted, not examples: an artifact has the hashes of all texts behind it, wherever it
    was trained, so what several trainings share (such as two samples of one task) counts once.

    Args:
        model: the step that made it; None is the bare backbone.
    """
    if model is None:
        return Behind(frozenset(), 0)
    tasks: set[str] = set()
    for planned in context.plan.upto(model):
        trainings = [step["params"] for step in planned.lineage] or [planned.step.params]
        for params in trainings:
            tasks |= tasks_read(data_parts(params), context.sources.tasks)
    parts = read_seen(None, context.artifact(model)).values()
    texts = np.unique(np.concatenate([np.empty(0, dtype="<u8"), *parts]))
    return Behind(frozenset(tasks), int(texts.size))
