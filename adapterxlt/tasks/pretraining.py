"""The part of a task's data that the makers of a backbone trained on, if they used the task."""

from __future__ import annotations

from collections.abc import Mapping

from adapterxlt.tasks.catalogue import Task, source_of


def used_of(task: Task) -> tuple[Task, tuple[str, ...]]:
    """Return the task whose files were used, and its splits.

    This is the training split of the task, or of the task that it learns from. If there is no
    training split (translations), all splits of the task count.
    """
    if "train" in task.splits or task.train not in (None, task.name):
        return source_of(task, "train"), ("train",)
    return task, task.splits


def told(name: str, tasks: Mapping[str, Task]) -> str:
    """Return the same in the form of a stage's address: `mnli`, `xnli (train of mnli)`."""
    task, splits = used_of(tasks[name])
    if (task.name, splits) == (name, ("train",)):
        return name
    return f"{name} ({', '.join(splits)} of {task.name})"
