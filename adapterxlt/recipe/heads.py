"""Which head of a model predicts a task."""

from __future__ import annotations

from collections.abc import Sequence

from adapterxlt.tasks.catalogue import Task, compatible


def head_for(trained: Sequence[Task], target: Task) -> Task | None:
    """The task, of those a model has a head of, whose head predicts `target`; None if none can.

    That of the task itself, else of the task it learns from (MNLI's for XNLI), else the first
    that fits.
    """
    fitting = [task for task in trained if compatible(task, target) is None]
    for name in (target.name, target.train):
        for task in fitting:
            if task.name == name:
                return task
    return fitting[0] if fitting else None
