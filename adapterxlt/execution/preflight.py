"""Checks all that can be checked before any work: device, data, labels and disk space."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from adapterxlt.devices import check_devices, find_device, find_precision
from adapterxlt.errors import AdapterXLTError, MissingDataError, MissingDeviceError
from adapterxlt.execution.leaks import describe_leaks, find_leaks
from adapterxlt.plan.missing import missing_data
from adapterxlt.recipe.kinds import KINDS
from adapterxlt.recipe.steps import Step
from adapterxlt.stages.running.context import Context
from adapterxlt.stages.running.data import dev_examples

MIN_FREE_BYTES = 200 << 20


def preflight(context: Context, *, here: bool = True) -> None:
    """Read all data that the unfinished steps will need, and warn of leaks among them.

    Args:
        here: whether the steps are computed on this machine, so that its device is checked.

    Raises:
        MissingDataError: data are missing or wrong; the error lists all problems of all files.
        MissingDeviceError: the device is not there, or cannot do what a stage asks of it.
        AdapterXLTError: there is hardly any disk space.
    """
    if here:
        _check_device(context)
    problems: list[tuple[str, MissingDataError]] = []
    for planned in context.plan.steps:
        if planned.status == "done":
            continue
        for check in _checks(planned.step, context):
            try:
                check()
            except MissingDataError as error:
                problems.append((planned.step.stage, error))
    if (found := missing_data(problems)) is not None:
        raise found
    _check_space(context.store.root)
    if leaks := describe_leaks(find_leaks(context)):
        context.progress.log(f"warning: {leaks}")
    if lacking := _not_compared(context):
        context.progress.log(
            f"warning: `seen`: the data folders have no files of {', '.join(lacking)}, so "
            "evaluation texts are not compared with what the backbone was trained on there"
        )


def _not_compared(context: Context) -> list[str]:
    """The tasks that the makers of the backbone trained on, and that are not here."""
    steps = [planned.step for planned in context.plan.steps if planned.status != "done"]
    if not any(KINDS[step.kind].measures for step in steps):
        return []
    return [name for name in context.backbone.seen if context.texts.lack_pretrained(name)]


def _check_device(context: Context) -> None:
    missing = [planned for planned in context.plan.steps if planned.status != "done"]
    if not missing:  # an unchanged recipe needs no torch
        return
    device = find_device(context.device)
    for planned in missing:
        step = planned.step
        if "precision" in step.params and planned.status != "remote":
            try:
                find_precision(step.text("precision"), device)
                check_devices(step.devices, device)
            except MissingDeviceError as error:
                raise MissingDeviceError(f"{step.id}: {error.message}", hint=error.hint) from None


def _checks(step: Step, context: Context) -> Iterator[Callable[[], object]]:
    """Yield functions that read the data of a step; hashes of the texts are kept for later."""
    if KINDS[step.kind].trains:
        for part in step.parts():
            yield partial(context.texts.trained, part, step)
    for part in step.dev_parts():
        yield partial(dev_examples, part, context.sources)
    if KINDS[step.kind].measures:
        for language in step.items("languages"):
            yield partial(context.texts.evaluated, step, language)


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
