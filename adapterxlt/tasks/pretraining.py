"""The part of a task's data that the makers of a backbone trained on, if they used the task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from adapterxlt.store.files import address_of
from adapterxlt.tasks.catalogue import Task, source_of
from adapterxlt.tasks.data_hash import data_hash
from adapterxlt.tasks.find import available_languages
from adapterxlt.tasks.hub import is_hub


def used_of(task: Task) -> tuple[Task, tuple[str, ...]]:
    """Return the task whose files were used, and its splits.

    This is the training split of the task, or of the task that it learns from. If there is no
    training split (translations), all splits of the task count.
    """
    if "train" in task.splits or task.train not in (None, task.name):
        return source_of(task, "train"), ("train",)
    return task, task.splits


def told(name: str, tasks: Mapping[str, Task], roots: Sequence[Path]) -> str:
    """Return the same in the form of a stage's address: `mnli 1f3a...`, `xnli (train of mnli)`.

    A hash of the files that are there follows the name, so that a measurement is made again, with
    its flags, once they are. Files on the Hub do not count, as a plan fetches nothing.
    """
    task, splits = used_of(tasks[name])
    shown = name if (task.name, splits) == (name, ("train",)) else ""
    shown = shown or f"{name} ({', '.join(splits)} of {task.name})"
    local = [root for root in roots if not is_hub(root)]
    there = {split: available_languages(task, local, split) for split in splits}
    hashes = [
        data_hash(task, local, languages, split) for split, languages in there.items() if languages
    ]
    return f"{shown} {address_of({'files': hashes})[:16]}" if hashes else shown
