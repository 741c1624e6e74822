"""Runs a recipe: computes all steps of its plan that are not in the store, in order."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from adapterxlt import interrupt
from adapterxlt.backbones.find import BUNDLED
from adapterxlt.devices import find_device
from adapterxlt.errors import UsageError
from adapterxlt.execution.board import LOGS_FOLDER, Board, new_board
from adapterxlt.execution.costs import collect_costs
from adapterxlt.execution.drive import Drive
from adapterxlt.execution.executors.executor import Executor, Work
from adapterxlt.execution.executors.in_process import InProcess
from adapterxlt.execution.job import JOB_NAME, write_job
from adapterxlt.execution.namesakes import describe_namesakes
from adapterxlt.execution.outcome import RunResult
from adapterxlt.execution.predictions import publish_predictions
from adapterxlt.execution.preflight import preflight
from adapterxlt.execution.results import all_names, collect_rows
from adapterxlt.plan.memory import remember
from adapterxlt.plan.plan import Sources, make_plan
from adapterxlt.plan.steps import Plan
from adapterxlt.progress import Progress, Silent
from adapterxlt.recipe.kinds import KINDS, kind_of
from adapterxlt.recipe.schema import Recipe
from adapterxlt.results.costs import write_costs
from adapterxlt.results.kept import check_results, write_results
from adapterxlt.sharing.cache import NO_REMOTES, RemoteCache, Remotes
from adapterxlt.sharing.exchange import Exchange
from adapterxlt.stages.running.context import Context
from adapterxlt.store.backbones import note_backbone
from adapterxlt.store.disk import check_folder
from adapterxlt.store.store import STORE_FOLDER, Store
from adapterxlt.trackers import check_tracker

__all__ = ["RunResult", "run_recipe"]

Watch = Callable[[Board], AbstractContextManager[object]]


def run_recipe(
    recipe: Recipe,
    *,
    workdir: Path,
    sources: Sources,
    progress: Progress | None = None,
    device: str | None = None,
    log_to: str = "",
    remotes: Remotes = NO_REMOTES,
    executor: Executor | None = None,
    watch: Watch | None = None,
) -> RunResult:
    """Run the missing steps of a checked recipe and write WORKDIR/results.json.

    A step that fails does not stop steps that do not need it.

    Args:
        sources: the recipe's backbone and data folders, see `resolve_sources`.
        device: where models compute, see `devices.find_device`; None for the recipe's device.
        log_to: a tracker to which trainings are also logged, see `trackers`; "" for none.
        remotes: remote stores that are asked for a stage before it is trained, and the remote to
            which every finished step is pushed.
        executor: what carries the steps out; None: this process computes them one by one.
        watch: shows which steps are running, and where, if other processes compute them.

    Raises:
        AdapterXLTError: the work folder cannot be written; raised before any work.
        MissingDataError: data are missing; raised before any work.
        MissingPackageError: the tracker is not installed; raised before any work.
        MissingDeviceError: the device is missing; raised before any work.
        UsageError: the remote for finished steps cannot be written; raised before any work.
        DamagedResultsError: results.json exists and cannot be extended; raised before any work.
        InvalidArtifactError: an artifact that the recipe uses is damaged or does not load; raised
            before any work.
    """
    store = Store(workdir / STORE_FOLDER)
    for folder in (workdir, store.root):
        check_folder(folder)
    check_results(workdir)
    if log_to:
        check_tracker(log_to)
    progress = progress or Silent()
    executor = executor or InProcess()
    here = not getattr(executor, "elsewhere", False)
    if device is not None:
        recipe = recipe.model_copy(update={"device": device})
    if here and any(not store.path(used.fingerprint).exists() for used in sources.used.values()):
        find_device(recipe.device)  # fail now: loading what is used takes a while
    _take_in(recipe, store, sources, progress)
    exchange = Exchange(remotes.written, progress) if remotes.written else None
    cache = RemoteCache(remotes.read, progress, exchange)
    plan = make_plan(recipe, store, sources, cache.find)
    context = Context(recipe, plan, store, sources, progress, cache, device=recipe.device)
    context.log_to = log_to
    context.exchange = _checked(exchange, plan, progress)
    preflight(context, here=here)
    executor.check(context)
    parts = {planned.step.id: planned.parts for planned in plan.steps}
    remember(store, recipe.name, context.recipe_id, parts, all_names(context))
    if sources.backbone.name not in BUNDLED:
        note_backbone(store, sources.backbone.hash, sources.backbone.path)
    outcome = RunResult(rows=[], results=workdir)
    outcome.models = {
        planned.step.id: planned.fingerprint
        for planned in plan.steps
        if KINDS[planned.step.kind].makes_model and planned.step.id == planned.step.stage
    }
    try:
        with interrupt.watching():
            _carry_out(context, executor, outcome, workdir, watch)
    finally:  # also on Ctrl-C, so that finished steps are reported
        outcome.sort(list(parts))
        outcome.rows = collect_rows(context)
        outcome.results = write_results(
            workdir, recipe.name, outcome.rows, order=list(parts), progress=progress
        )
        outcome.costs = collect_costs(context)
        write_costs(workdir, outcome.costs, progress)
        outcome.predictions = publish_predictions(context, workdir)
    if namesakes := describe_namesakes(context, workdir):
        progress.log(f"note: {namesakes}")
    return outcome


def _carry_out(
    context: Context, executor: Executor, outcome: RunResult, workdir: Path, watch: Watch | None
) -> None:
    """Have every step carried out, and keep a board of the steps in the work folder."""
    name = context.recipe.name
    folder = (workdir / LOGS_FOLDER / f"{name}-{context.recipe_id}").absolute()
    steps = [(planned.step.id, planned.step.inputs) for planned in context.plan.steps]
    board = new_board(folder, name, executor.name, steps)
    drive = Drive(context, executor, outcome, board)
    work = Work(context, folder, folder / JOB_NAME, drive.began, drive.note)
    if not drive.alone:
        for step_id, line in board.lines.items():
            line.log = work.log(step_id).name
        write_job(context, work.document)
        drive.pull()
    try:
        with watch(board) if watch and not drive.alone else nullcontext():
            executor.start(work)
            drive.run()
    finally:
        executor.stop()
        board.close()


def _checked(exchange: Exchange | None, plan: Plan, progress: Progress) -> Exchange | None:
    """Return the remote if it can be written; None if it cannot and no step is left to do."""
    if exchange is not None:
        try:
            with exchange.probed():
                pass
        except UsageError as error:
            if any(planned.status != "done" for planned in plan.steps):
                raise
            progress.log(f"warning: {error.message}")
            return None
    return exchange


def _take_in(recipe: Recipe, store: Store, sources: Sources, progress: Progress) -> None:
    """Verify the artifacts that the recipe uses, and put them into the store, before training."""
    for name, used in sources.used.items():
        stage = recipe.stages[name]
        kind_of(stage).take_in(stage, used, sources.base, store, sources.backbone, progress)
