"""Work on a step away from the run's work folder: its inputs and its result go through a remote.

A worker that does not see that folder, or is told not to use it, has a work folder of its own.
All that is in there can be fetched or computed again, so it may be deleted between runs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapterxlt.errors import AdapterXLTError, InvalidArtifactError
from adapterxlt.execution.step import ensure
from adapterxlt.home import expanded_to_write
from adapterxlt.plan.steps import Plan, PlannedStep
from adapterxlt.recipe.kinds import KINDS
from adapterxlt.sharing.checkpoints import RemoteCheckpoints, sent_there
from adapterxlt.sharing.exchange import Exchange
from adapterxlt.stages.running.context import Context
from adapterxlt.store.cache_folder import cache_folder
from adapterxlt.store.checkpoints import CHECKPOINTS_FOLDER
from adapterxlt.store.store import Store

WORKER_DIR = "ADAPTERXLT_WORKER_DIR"


def own_folder(shared: Path, url: str) -> Path | None:
    """The worker's own work folder; None where it works in that of the run.

    Args:
        shared: a file that this run has put into its own. Its name must be new, because a worker
            may have files of an earlier run in a folder at the same path.
        url: the remote that can be written, "" for none.
    """
    if not url:
        return None
    if stated := os.environ.get(WORKER_DIR):
        return expanded_to_write(stated, WORKER_DIR).absolute()
    return None if shared.exists() else cache_folder() / "worker"


def ensure_away(planned: PlannedStep, context: Context, exchange: Exchange) -> bool:
    """Have a step's result in the remote; returns whether it was computed here.

    Raises:
        AdapterXLTError: it failed, or the remote lacks one of its inputs.
    """
    exchange.progress = context.progress
    if _pulled(planned, context.store, exchange):
        return False
    for needed in _needed(planned, context.plan):
        if not _here(needed, context.store, exchange):
            raise AdapterXLTError(
                f"{exchange.shown}: does not have `{needed.step.id}`, which `{planned.step.id}` "
                "needs",
                hint="run the same command again, which puts it there",
            )
    with _checkpoints_there(planned, context, exchange):
        computed = ensure(planned, context)
        exchange.push(planned.fingerprint, context.store)
    _pulled(planned, context.store, exchange)  # another run may have been faster: its result stays
    return computed


@contextmanager
def _checkpoints_there(
    planned: PlannedStep, context: Context, exchange: Exchange
) -> Iterator[None]:
    """Train from the newest checkpoint in the remote, and send new ones, so that a node may die."""
    if not KINDS[planned.step.kind].trains:
        yield
        return
    store, progress = context.store, context.progress
    staging = store.staging(planned.fingerprint)
    there, root = RemoteCheckpoints(exchange.url, planned.fingerprint), staging / CHECKPOINTS_FOLDER
    with store.lock(planned.fingerprint, blocking=False) as got:
        try:
            if got and there.fetch(root):
                progress.log(f"{planned.step.id}: continuing from a checkpoint in {there.shown}")
        except (AdapterXLTError, OSError) as error:
            progress.log(f"warning: no checkpoint was taken from {there.shown}: {error}")
    with sent_there(there, root, store.staging(f"send-{planned.fingerprint}"), progress):
        yield
    try:
        there.clear()
    except AdapterXLTError as error:
        progress.log(f"warning: {there.shown}: checkpoints were not removed: {error}")


def _needed(planned: PlannedStep, plan: Plan) -> Iterator[PlannedStep]:
    """Whose results it reads: its inputs, and the members of those that are ensembles."""
    for name in planned.step.inputs:
        needed = plan.by_id(name)
        members = KINDS[needed.step.kind].members(needed.step)
        yield from map(plan.by_id, dict.fromkeys((name, *members)))


def _here(planned: PlannedStep, store: Store, exchange: Exchange) -> bool:
    """Whether the store has a step: the result that the remote has, if it has one."""
    if _pulled(planned, store, exchange):
        return True
    with store.lock(planned.fingerprint, say=exchange.progress.log):
        return store.whole(planned.fingerprint) is not None


def _pulled(planned: PlannedStep, store: Store, exchange: Exchange) -> bool:
    """Whether the store now has the result that the remote has."""
    if not exchange.has(planned.fingerprint):
        return False
    with store.lock(planned.fingerprint, say=exchange.progress.log):
        try:
            return exchange.pull(planned.fingerprint, store)
        except InvalidArtifactError as error:
            exchange.progress.log(f"warning: {planned.step.id}: not pulled: {error.message}")
            return False
