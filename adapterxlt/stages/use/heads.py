"""Finds the heads of a model trained elsewhere that predict a known task."""

from __future__ import annotations

from adapterxlt.models.spec import HeadSpec
from adapterxlt.sharing.foreign_head import UNKNOWN
from adapterxlt.show import brief
from adapterxlt.tasks.catalogue import Task, catalogue, stand_in


def usable_heads(heads: tuple[HeadSpec, ...]) -> tuple[tuple[str, ...], str]:
    """Tasks of the heads that can be used, and why there are none."""
    if not heads:
        return (), "it was imported without a head"
    tasks = catalogue()
    for head in heads:
        task = tasks.get(head.task)
        if task is None and head.task == UNKNOWN:
            return (), f"its task is unknown (`{brief(head.task)}`)"
        if task is None:  # somebody's own: see `own_tasks`
            continue
        if task.kind != head.kind or (task.labels and head.labels and task.labels != head.labels):
            return (), f"its task `{head.task}` differs from the task of this name in the recipe"
    return tuple(head.task for head in heads), ""


def own_tasks(heads: tuple[HeadSpec, ...]) -> dict[str, Task]:
    """What the heads say of the tasks that are not built in, by name."""
    return {
        head.task: stand_in(head.task, head.kind, head.labels, head.multi_label)
        for head in heads
        if head.task not in catalogue()
    }
