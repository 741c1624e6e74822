"""Writes a run as a document from which other processes build the same plan. No torch.

The document holds what was checked: the recipe with its `--set`, matrix, tasks and includes
resolved, the backbone, the data folders, and what was trained elsewhere. It does not refer to the
recipe's files, which may change meanwhile. It is JSON, so it cannot run code. It has no
passwords: no worker needs the remote stores, nor the places that trained models were taken from.
"""

from __future__ import annotations

import socket
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.errors import AdapterXLTError
from adapterxlt.methods.parser import ParsedMethod
from adapterxlt.plan.plan import Sources, make_plan
from adapterxlt.progress import Progress
from adapterxlt.recipe.kinds import KINDS
from adapterxlt.recipe.schema import Recipe
from adapterxlt.recipe.used import Form, Used
from adapterxlt.sharing.remotes.address import masked
from adapterxlt.stages.running.context import Context
from adapterxlt.store.environment import environment, environment_changes
from adapterxlt.store.files import write_atomic
from adapterxlt.store.store import STORE_FOLDER, Store
from adapterxlt.tasks.catalogue import Catalogue, Home, Task, catalogue, stand_in

JOB_NAME = "job.json"
SHARED_DISK = "put work folder, backbone and data on a disk that all nodes share"
NO_SHARED_DISK = (
    "without a disk that nodes share, backbone and data must be on each of them at the same path"
)


class _OwnTask(BaseModel):
    task: dict[str, Any]
    file: Path
    folder: Path


class _UsedElsewhere(BaseModel):
    where: str
    fingerprint: str
    form: Form
    methods: tuple[ParsedMethod, ...]
    on_full: bool
    heads: tuple[str, ...]
    headless: str
    parts: dict[str, Any]
    lineage: tuple[dict[str, Any], ...]
    own: dict[str, tuple[str, tuple[str, ...], bool]]  # kind, labels, multi-label or not
    note: str
    depth: int
    top: str
    below: str
    weights: str
    fused: bool


class Job(BaseModel):
    """All that a worker must know about a run."""

    model_config = ConfigDict(extra="forbid")

    recipe: dict[str, Any]
    kinds: dict[str, str]  # stage -> the key of its kind
    tasks: list[_OwnTask]
    backbone: dict[str, Any]
    roots: list[Path]
    base: Path
    used: dict[str, _UsedElsewhere]
    store: Path
    device: str
    log_to: str = ""
    fingerprints: dict[str, str]
    environment: dict[str, str]


def write_job(context: Context, path: Path) -> None:
    """Write the document of a run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, job_text(context))


def job_text(context: Context) -> str:
    """Return the document of a run."""
    recipe, sources = context.recipe, context.sources
    job = Job(
        recipe=_without_passwords(recipe),
        kinds={name: stage.key for name, stage in recipe.stages.items()},
        tasks=[
            _OwnTask(
                task=task.model_dump(mode="json", exclude_unset=True),
                file=task.home.file.absolute(),
                folder=task.home.folder.absolute(),
            )
            for task in recipe.catalogue.values()
            if task.home is not None
        ],
        backbone=asdict(replace(sources.backbone, path=sources.backbone.path.absolute())),
        roots=[root.absolute() for root in sources.roots],
        base=sources.base.absolute(),
        used={name: _told(used) for name, used in sources.used.items()},
        store=context.store.root.absolute(),
        device=context.device,
        log_to=context.log_to,
        fingerprints={planned.step.id: planned.fingerprint for planned in context.plan.steps},
        environment=environment(),
    )
    return job.model_dump_json(indent=1) + "\n"


def _without_passwords(recipe: Recipe) -> dict[str, Any]:
    body = recipe.model_dump(mode="json", exclude_unset=True, exclude={"store"})
    for stage in body["stages"].values():
        if isinstance(use := stage.get("use"), str):
            stage["use"] = masked(use)
    return body


def open_job(path: Path, progress: Progress, home: Path | None = None) -> Context:
    """Return the context of a run, from its document.

    Versions of libraries that differ from those of the run are logged.

    Args:
        home: this worker's own work folder; None: it works in that of the run.

    Raises:
        AdapterXLTError: the document cannot be read; the store, backbone or data are missing; or
            the steps have other addresses on this machine.
    """
    try:
        job = Job.model_validate_json(path.read_bytes())
        sources = _sources(job)
        _check_seen(job, sources, home)
        recipe = _recipe(job).knowing(sources.tasks)
        store = Store(job.store if home is None else home / STORE_FOLDER)
        plan = make_plan(recipe, store, sources)
    except (OSError, ValidationError, KeyError) as error:
        raise AdapterXLTError(
            f"{path}: a worker cannot read the run that it should join: {error}",
            hint="all workers need the work folder at the same path, and the same versions of "
            "adapterxlt and its plugins",
        ) from error
    changed = environment_changes(job.environment, environment())
    if changed:
        progress.log(f"note: this worker has different versions from the run: {', '.join(changed)}")
    other = [
        planned.step.id
        for planned in plan.steps
        if job.fingerprints.get(planned.step.id) != planned.fingerprint
    ]
    if other:
        versions = f" ({', '.join(changed)})" if changed else ""
        raise AdapterXLTError(
            f"{other[0]} has a different fingerprint on this worker than in the run{versions}",
            hint="its data or backbone differ from those of the run, or it has another version "
            "of adapterxlt",
        )
    return Context(recipe, plan, store, sources, progress, device=job.device, log_to=job.log_to)


def _check_seen(job: Job, sources: Sources, home: Path | None) -> None:
    """Check that this machine sees all that the run works on, and has the same backbone."""
    work = [job.store.parent] if home is None else []
    for path in (*work, sources.backbone.path, *sources.roots):
        if not path.exists():
            raise AdapterXLTError(
                f"{socket.gethostname()} does not see {path}",
                hint=SHARED_DISK if home is None else NO_SHARED_DISK,
            )
    backbone = sources.backbone
    if home is not None and inspect_backbone(backbone.name, backbone.path).hash != backbone.hash:
        raise AdapterXLTError(
            f"{socket.gethostname()} has another backbone in {backbone.path} than the run",
            hint="copy it from the machine that the run was started on",
        )


def _recipe(job: Job) -> Recipe:
    body = dict(job.recipe)
    written = body.pop("stages")
    stages = {
        name: KINDS[job.kinds[name]].model.model_validate(stage) for name, stage in written.items()
    }
    recipe = Recipe.model_validate({**body, "stages": stages})
    return recipe.on(job.backbone["layers"])


def _sources(job: Job) -> Sources:
    own = {
        one.task["name"]: (Task.model_validate(one.task), Home(one.file, one.folder))
        for one in job.tasks
    }
    tasks: Catalogue = catalogue().with_own(own) if own else catalogue()
    backbone = TypeAdapter(Backbone).validate_python(job.backbone)
    return Sources(
        backbone=backbone,
        roots=tuple(job.roots),
        used={name: _used(told) for name, told in job.used.items()},
        base=job.base,
        tasks=tasks,
    )


def _told(used: Used) -> _UsedElsewhere:
    fields = {name: getattr(used, name) for name in _UsedElsewhere.model_fields if name != "own"}
    own = {name: (task.kind, task.labels, task.multi_label) for name, task in used.own.items()}
    return _UsedElsewhere(**fields, own=own)


def _used(told: _UsedElsewhere) -> Used:
    fields = {name: getattr(told, name) for name in _UsedElsewhere.model_fields if name != "own"}
    own = {name: stand_in(name, *said) for name, said in told.own.items()}
    return Used(**fields, own=own)
