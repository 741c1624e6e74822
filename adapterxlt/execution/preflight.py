"""Everything that can be checked before the first minute of work: data, labels, space."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from adapterxlt.errors import AdapterXLTError, MissingDataError
from adapterxlt.execution.context import Context
from adapterxlt.execution.data import evaluation_examples, labelled_examples
from adapterxlt.execution.leaks import find_leaks
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.read import read_bitext, read_mining

MIN_FREE_BYTES = 200 << 20


def preflight(context: Context) -> None:
    """Read all data that the plan's unfinished steps will need; warn of leaks among them.

    Raises:
        MissingDataError: every problem of every file, at once.
        AdapterXLTError: there is hardly any disk space.
    """
    problems: list[str] = []
    done: set[tuple[str, str, str]] = set()
    for planned in context.plan.steps:
        if planned.status == "done":
            continue
        for key, check in _checks(planned, context):
            if key in done:
                continue
            done.add(key)
            try:
                check()
            except MissingDataError as error:
                problems.append(str(error))
    if problems:
        raise MissingDataError("\n".join(problems))
    _check_space(context.store.root)
    for leak in find_leaks(context):
        context.progress.log(f"warning: {leak}")


Check = tuple[tuple[str, str, str], Callable[[], object]]


def _checks(planned: PlannedStep, context: Context) -> Iterator[Check]:
    """What a step reads: a key, and a function that reads it."""
    step, roots = planned.step, context.sources.roots
    if step.kind in ("pretrain", "merge"):
        return
    if step.kind in ("train", "fuse"):
        for part in step.parts():
            read = partial(labelled_examples, get_task(part.task), roots, part.language, part.split)
            yield (part.task, part.language, part.split), read
        return
    task = get_task(step.text("task"))
    languages = step.items("languages")
    splits = step.items("splits") if "splits" in step.params else [step.text("split")]
    for language in languages:
        for split in splits:
            check: Callable[[], object]
            if task.kind == "sentence_retrieval":
                check = partial(read_bitext, task, roots, language)
            elif task.kind == "bitext_mining":
                check = partial(read_mining, task, roots, language, split)
            else:
                check = partial(evaluation_examples, step, roots, language)
            unlabelled = "predictions" in step.params
            yield (task.name, language, f"{split} unlabelled" if unlabelled else split), check


def _check_space(folder: Path) -> None:
    existing = folder
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free
    if free < MIN_FREE_BYTES:
        raise AdapterXLTError(
            f"{folder}: only {free >> 20} MB of disk space are free",
            hint="free some space, or choose another folder with --workdir",
        )
