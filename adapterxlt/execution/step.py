"""Runs one step of a plan, unless the store already has its result."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from adapterxlt.devices import compute_exactly, find_device
from adapterxlt.errors import AdapterXLTError
from adapterxlt.execution.ranks import together
from adapterxlt.models.shared_tokenizers import sharing
from adapterxlt.plan.lineage import lineage_of
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.recipe.kinds import KINDS
from adapterxlt.results.costs import note_measured
from adapterxlt.stages.running.context import Context
from adapterxlt.store.checkpoints import CHECKPOINTS_FOLDER
from adapterxlt.store.disk import cannot_write
from adapterxlt.store.durations import note_duration
from adapterxlt.store.store import Store

if TYPE_CHECKING:
    from adapterxlt.stages.running.meter import Meter

Runner = Callable[[PlannedStep, Context, Path], None]


def ensure(planned: PlannedStep, context: Context) -> bool:
    """Compute the step unless the store has it; return whether it was computed here.

    Raises:
        AdapterXLTError: the step failed.
    """
    store, address = context.store, planned.fingerprint
    if planned.status == "done":
        return False
    with store.lock(address, blocking=False) as got:
        if not got:
            context.progress.log(f"{planned.step.id}: waiting for another process that computes it")
    with store.lock(address, say=lambda line: context.progress.log(f"{planned.step.id}: {line}")):
        if planned.status == "damaged":
            context.progress.log(f"{planned.step.id}: {planned.reason}")
            _drop_if_damaged(store, address)
        if store.get(address) is not None or _pull(planned, context):
            return False
        staging = store.open_staging(address)
        resumed = any((staging / begun).exists() for begun in (CHECKPOINTS_FOLDER, "partial"))
        try:
            run = _runner(planned.step.kind)
            context.meter = _meter(context, resumed)
            with together(planned, context, staging), sharing(context.tokenizers):
                run(planned, context, staging)
            measured = context.meter.read()
            store.commit(
                address,
                kind=planned.step.kind,
                title=planned.step.id,
                recipe=context.recipe.name,
                parts=planned.parts,
                lineage=lineage_of(context.plan, planned.step.id, context.backbone),
            )
            note_duration(store, address, measured.seconds)
            note_measured(store.root, address, measured)
        except AdapterXLTError:
            raise
        except Exception as error:
            told = cannot_write(store.root, error)
            if told is None and not isinstance(error, OSError):
                raise
            shutil.rmtree(staging / "out", ignore_errors=True)
            raise told or _system_error(error, store.root) from error
        return True


def pull_ahead(planned: PlannedStep, context: Context) -> bool:
    """Fetch a step from a remote before steps are handed out; return whether it is here now.

    So the workers that compute the other steps need no network.
    """
    with context.store.lock(planned.fingerprint, say=context.progress.log):
        return context.store.get(planned.fingerprint) is not None or _pull(planned, context)


def _pull(planned: PlannedStep, context: Context) -> bool:
    """Fetch a trained stage from a remote, if one has it; return whether it is here now."""
    if context.remotes is None or planned.status != "remote":
        return False
    return context.remotes.pull(
        planned.fingerprint, planned.step.id, context.store, context.backbone
    )


def _drop_if_damaged(store: Store, address: str) -> None:
    try:
        store.get(address)
    except AdapterXLTError:
        store.remove(address)


def _system_error(error: Exception, folder: Path) -> AdapterXLTError:
    where = getattr(error, "filename", None) or folder
    return AdapterXLTError(f"{getattr(error, 'strerror', None) or error}: {where}")


def _meter(context: Context, resumed: bool) -> Meter:
    from adapterxlt.stages.running.meter import Meter  # imports torch, so only now

    device = find_device(context.device)
    compute_exactly(device)
    return Meter(device, resumed)


def _runner(kind: str) -> Runner:
    """Return the function that computes a kind of step; imports torch only now."""
    return KINDS[kind].runner()
