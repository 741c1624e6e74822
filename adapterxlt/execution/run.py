"""Run a recipe: whatever of its plan the store does not have, in order."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from adapterxlt.devices import find_device
from adapterxlt.errors import AdapterXLTError
from adapterxlt.execution.namesakes import describe_namesakes
from adapterxlt.execution.predictions import publish_predictions
from adapterxlt.execution.preflight import preflight
from adapterxlt.execution.results import all_names, collect_rows
from adapterxlt.plan.durations import note_duration
from adapterxlt.plan.lineage import lineage_of
from adapterxlt.plan.memory import remember
from adapterxlt.plan.plan import Sources, make_plan
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.progress import Progress, Silent
from adapterxlt.recipe.kinds import KINDS, kind_of
from adapterxlt.recipe.schema import Recipe
from adapterxlt.results.kept import check_results, write_results
from adapterxlt.results.rows import Row
from adapterxlt.sharing.cache import RemoteCache
from adapterxlt.stages.running.context import Context
from adapterxlt.store.disk import cannot_write
from adapterxlt.store.store import STORE_FOLDER, Store

Runner = Callable[[PlannedStep, Context, Path], None]


@dataclass
class RunResult:
    """What a run did.

    Args:
        rows: all measured numbers of the recipe, those of earlier runs included.
        done: ids of steps computed now, `reused` of steps the store had.
        failed: why, by id of the step that failed; `skipped`: steps that needed a failed one.
        results: the results file.
        outputs: artifact folder by id of every trained step.
        predictions: folders with prediction files, one a stage and model that writes them.
    """

    rows: list[Row]
    results: Path
    done: list[str] = field(default_factory=list)
    reused: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    outputs: dict[str, Path] = field(default_factory=dict)
    predictions: list[Path] = field(default_factory=list)


def run_recipe(
    recipe: Recipe,
    *,
    workdir: Path,
    sources: Sources,
    progress: Progress | None = None,
    device: str | None = None,
    remotes: Sequence[str] = (),
) -> RunResult:
    """Run what is missing of a checked recipe and write WORKDIR/results.json.

    A step that fails does not stop steps that do not need it.

    Args:
        sources: the recipe's backbone and data folders, see `resolve_sources`.
        device: where models compute, see `devices.find_device`; None for the recipe's.
        remotes: remote stores that are asked for a stage before it is trained.

    Raises:
        MissingDataError: data are not there, before any work.
        MissingDeviceError: the device is not there, before any work.
        DamagedResultsError: there is a results.json that cannot be added to, before any work.
        InvalidArtifactError: something that it uses is damaged or does not load, before any work.
    """
    check_results(workdir)
    store = Store(workdir / STORE_FOLDER)
    progress = progress or Silent()
    if any(not store.path(used.fingerprint).exists() for used in sources.used.values()):
        find_device(device or recipe.device)  # what is taken in is loaded, which takes a while
    _take_in(recipe, store, sources, progress)
    cache = RemoteCache(remotes, progress)
    plan = make_plan(recipe, store, sources, cache.find)
    context = Context(recipe, plan, store, sources, progress, cache, device=device or recipe.device)
    preflight(context)
    parts = {planned.step.id: planned.parts for planned in plan.steps}
    remember(store, recipe.name, context.recipe_id, parts, all_names(context))
    outcome = RunResult(rows=[], results=workdir)
    try:
        for planned in plan.steps:
            _run_or_skip(planned, context, outcome)
    finally:  # also on Ctrl-C: what is finished is reported
        outcome.rows = collect_rows(context)
        outcome.results = write_results(
            workdir, recipe.name, outcome.rows, order=list(parts), progress=progress
        )
        outcome.predictions = publish_predictions(context, workdir)
    if namesakes := describe_namesakes(context, workdir):
        progress.log(f"note: {namesakes}")
    return outcome


def _take_in(recipe: Recipe, store: Store, sources: Sources, progress: Progress) -> None:
    """Verify what the recipe uses and put it into the store, before anything is trained."""
    for name, used in sources.used.items():
        stage = recipe.stages[name]
        kind_of(stage).take_in(stage, used, sources.base, store, sources.backbone, progress)


def _run_or_skip(planned: PlannedStep, context: Context, outcome: RunResult) -> None:
    step = planned.step
    lost = [name for name in step.inputs if name in outcome.failed or name in outcome.skipped]
    if lost:
        outcome.skipped.append(step.id)
        context.progress.log(f"{step.id}: skipped, it needs {', '.join(lost)}")
        return
    try:
        computed = _ensure(planned, context)
    except AdapterXLTError as error:
        outcome.failed[step.id] = str(error)
        context.store.record_failure(
            planned.fingerprint, step.id, str(error), recipe=context.recipe.name
        )
        context.progress.log(f"{step.id}: failed: {error}")
        return
    (outcome.done if computed else outcome.reused).append(step.id)
    if KINDS[step.kind].makes_model:
        outcome.outputs[step.id] = context.store.path(planned.fingerprint)


def _ensure(planned: PlannedStep, context: Context) -> bool:
    """Compute the step unless the store has it; returns whether it was computed here."""
    store, address = context.store, planned.fingerprint
    if planned.status == "done":
        return False
    with store.lock(address, blocking=False) as got:
        if not got:
            context.progress.log(f"{planned.step.id}: another process computes it, waiting")
    with store.lock(address):
        if planned.status == "damaged":
            context.progress.log(f"{planned.step.id}: {planned.reason}")
            _drop_if_damaged(store, address)
        if store.get(address) is not None or _pull(planned, context):
            return False
        staging = store.open_staging(address)
        started = time.monotonic()
        try:
            _runner(planned.step.kind)(planned, context, staging)
            store.commit(
                address,
                kind=planned.step.kind,
                title=planned.step.id,
                recipe=context.recipe.name,
                parts=planned.parts,
                lineage=lineage_of(context.plan, planned.step.id, context.backbone),
            )
            note_duration(store, address, time.monotonic() - started)
        except AdapterXLTError:
            raise
        except Exception as error:
            told = cannot_write(store.root, error)
            if told is None and not isinstance(error, OSError):
                raise
            shutil.rmtree(staging / "out", ignore_errors=True)
            raise told or _system_error(error, store.root) from error
        return True


def _pull(planned: PlannedStep, context: Context) -> bool:
    """Get a trained stage from a remote instead, if one has it; returns whether it is here now."""
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


def _runner(kind: str) -> Runner:
    """Return the function that computes a kind of step; imports torch only now."""
    return KINDS[kind].runner()
