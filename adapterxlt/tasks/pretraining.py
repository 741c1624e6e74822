"""The part of a task's data that the makers of a backbone trained on, if they used the task."""

from __future__ import annotations

from collections.abc import Mapping

from adapterxlt.tasks.catalogue import Task, source_of


def used_of(task: Task) -> tuple[Task, tuple[str, ...]]:
    """The task whose files they are, and its splits.

    Its training split, or that of the task that it learns from; of one that has nothing to train
    on (translations), all that there is.
    """
    if "train" in task.splits or task.train not in (None, task.name):
        return source_of(task, "train"), ("train",)
    return task, task.splits


def told(name: str, tasks: Mapping[str, Task]) -> str:
    """The same as a stage's address has it: `mnli`, `xnli (train of mnli)`."""
    task, splits = used_of(tasks[name])
    if (task.name, splits) == (name, ("train",)):
        return name
    return f"{name} ({', '.join(splits)} of {task.name})"
