"""Everything that can be checked before the first minute of work: data, labels, space."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from adapterxlt.errors import AdapterXLTError, MissingDataError
from adapterxlt.execution.context import Context
from adapterxlt.execution.data import labelled_examples
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.read import read_bitext, read_mining

MIN_FREE_BYTES = 200 << 20


def preflight(context: Context) -> None:
    """Read all data that the plan's unfinished steps will need, once.

    Raises:
        MissingDataError: every problem of every file, at once.
        AdapterXLTError: there is hardly any disk space.
    """
    problems: list[str] = []
    done: set[tuple[object, ...]] = set()
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


Check = tuple[tuple[object, ...], Callable[[], object]]


def _checks(planned: PlannedStep, context: Context) -> Iterator[Check]:
    step, roots = planned.step, context.sources.roots
    if step.kind in ("pretrain", "merge"):
        return
    task = get_task(step.text("task"))
    languages = step.items("languages") if "languages" in step.params else [step.text("language")]
    splits = step.items("splits") if "splits" in step.params else [step.text("split")]
    for language in languages:
        if task.kind == "sentence_retrieval":
            yield (task.name, language), lambda lang=language: read_bitext(task, roots, lang)
            continue
        for split in splits:
            key = (task.name, language, split)
            if task.kind == "bitext_mining":
                yield key, lambda lang=language, part=split: read_mining(task, roots, lang, part)
            else:
                yield (
                    key,
                    lambda lang=language, part=split: labelled_examples(task, roots, lang, part),
                )


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
