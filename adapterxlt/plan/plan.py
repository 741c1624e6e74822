"""The plan of a recipe: every step, its address, and whether the store has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.find import resolve_backbone
from adapterxlt.errors import InvalidArtifactError, MissingDataError
from adapterxlt.plan.expand import expand
from adapterxlt.plan.explain import explain
from adapterxlt.plan.fingerprint import fingerprint_parts
from adapterxlt.plan.memory import last_parts
from adapterxlt.plan.missing import missing_data
from adapterxlt.plan.steps import Plan, PlannedStep, Status
from adapterxlt.recipe.kinds import KINDS
from adapterxlt.recipe.schema import Recipe
from adapterxlt.recipe.steps import Step
from adapterxlt.recipe.used import Used
from adapterxlt.store.checkpoints import begun_training
from adapterxlt.store.environment import environment, environment_changes
from adapterxlt.store.files import address_of
from adapterxlt.store.store import Store
from adapterxlt.tasks.catalogue import Catalogue, Task, catalogue
from adapterxlt.tasks.check_columns import lacking_columns
from adapterxlt.tasks.data_hash import data_hash
from adapterxlt.tasks.origin import origins
from adapterxlt.tasks.roots import resolve_roots

_MOST = 5  # missing files or languages that are told in full


@dataclass(frozen=True)
class Sources:
    """What a recipe reads.

    Args:
        backbone: what its models stand on.
        roots: its data folders.
        used: what its `use` stages name, by stage.
        base: folder that relative paths of the recipe are relative to.
        tasks: those that it can name.
    """

    backbone: Backbone
    roots: tuple[Path, ...]
    used: Mapping[str, Used] = field(default_factory=dict)
    base: Path = Path()
    tasks: Catalogue = field(default_factory=catalogue)


def resolve_sources(
    recipe: Recipe,
    base: Path,
    backbone: Backbone | None = None,
    used: Mapping[str, Used] | None = None,
) -> Sources:
    """Find the backbone and the data folders of a recipe.

    Args:
        used: what its `use` stages name, as they were looked at.
        backbone: the recipe's backbone, if it has been found before (its hash takes a while).
        base: folder that relative paths of the recipe are relative to.

    Raises:
        MissingBackboneError, MissingDataError: one of them is not there.
    """
    return Sources(
        backbone=backbone or recipe.backbone.told(resolve_backbone(recipe.backbone.name, base)),
        roots=tuple(resolve_roots(recipe.data, base)),
        used=used or {},
        base=base,
        tasks=recipe.catalogue,
    )


def make_plan(
    recipe: Recipe,
    store: Store,
    sources: Sources,
    find_remote: Callable[[str, bool], str | None] = lambda fingerprint, trained: None,
) -> Plan:
    """Return the plan of a checked recipe against a store.

    Args:
        find_remote: says which remote store has a step of a fingerprint, if any, as it is shown;
            it is told whether the step is a trained stage.

    Raises:
        MissingDataError: data that steps read are not there, or lack a column; names all of them,
            with the stages.
        UsageError: a fusion has the same adapter twice.
    """
    read = _Read(sources)
    steps = expand(recipe, sources.backbone, sources.roots, sources.used)
    _check_data(read, steps)
    parts: dict[str, dict[str, object]] = {}
    addresses: dict[str, str] = {}
    for place, step in enumerate(steps):
        if step.used is not None:
            parts[step.id], addresses[step.id] = dict(step.used.parts), step.used.fingerprint
            continue
        inputs = tuple(addresses[needed] for needed in step.inputs)
        KINDS[step.kind].check_inputs(step, inputs)
        steps[place] = step = KINDS[step.kind].in_order(step, inputs)
        inputs = tuple(addresses[needed] for needed in step.inputs)
        parts[step.id] = fingerprint_parts(
            step,
            data=read.data_of(step),
            backbone=sources.backbone.hash,
            inputs=inputs,
            tasks=sources.tasks,
        )
        addresses[step.id] = address_of(parts[step.id])
    last = last_parts(store, recipe.name, parts)
    planned: list[PlannedStep] = []
    for step in steps:
        if step.used is not None:
            planned.append(_used_step(step, store, step.used))
            continue
        address = addresses[step.id]
        status, reason = _status(store, address)
        begun = None
        if status == "todo":
            begun = begun_training(store.staging(address))
            reason = explain(last.get(step.id), parts[step.id], step.inputs)
            url = find_remote(address, KINDS[step.kind].kept)
            if url is not None:
                status, reason = "remote", f"{url} has it"
        origins = read.origins_of(step)
        planned.append(
            PlannedStep(step, address, parts[step.id], status, reason, origins, begun=begun)
        )
    return Plan(recipe.name, tuple(planned))


def _check_data(read: _Read, steps: Iterable[Step]) -> None:
    problems: list[tuple[str, MissingDataError]] = []
    for step in steps:
        if step.used is not None:
            continue
        try:
            read.data_of(step)
            problems += [(step.stage, error) for error in read.lacking(step)]
        except MissingDataError as error:
            problems.append((step.stage, error))
    if (found := missing_data(problems, most=_MOST)) is not None:
        raise found


def recipe_id(recipe: Recipe, plan: Plan, sources: Sources) -> str:
    """A short hash of what a recipe computes: its steps, its seed, and what it reads, by name.

    What changes no result is left out (its name, description, baselines and remotes).
    """
    content = {
        "steps": [[planned.step.id, planned.fingerprint] for planned in plan.steps],
        "seed": recipe.seed,
        "data": data_label(recipe),
        "backbone": sources.backbone.name,
    }
    return address_of(content)[:12]


def _used_step(step: Step, store: Store, used: Used) -> PlannedStep:
    """A step that uses a model trained elsewhere has the address of that model."""
    status, reason = _status(store, used.fingerprint)
    if status != "done":
        status, reason = (
            "todo",
            f"comes from {used.where}" + (f"; {used.note}" if used.note else ""),
        )
    return PlannedStep(step, used.fingerprint, used.parts, status, reason, lineage=used.lineage)


def data_label(recipe: Recipe) -> str:
    """Names of the data folders that a recipe reads."""
    return ", ".join(Path(name).name or name for name in recipe.data)


def _status(store: Store, address: str) -> tuple[Status, str]:
    try:
        manifest = store.get(address)
    except InvalidArtifactError as error:
        return "damaged", f"{error.message}; it will be redone"
    if manifest is None:
        return "todo", ""
    changed = environment_changes(manifest.environment, environment())
    return "done", f"made with {', '.join(changed)}" if changed else ""


class _Read:
    """Hashes of the data of steps; many steps read the same data."""

    def __init__(self, sources: Sources) -> None:
        self._roots = sources.roots
        self._tasks = sources.tasks
        self._hashes: dict[tuple[str, tuple[str, ...], str], str] = {}
        self._origins: dict[tuple[str, tuple[str, ...], str], list[str]] = {}
        self._lacking: dict[tuple[object, ...], list[MissingDataError]] = {}

    def data_of(self, step: Step) -> str:
        """The hash of the data that a step reads, "" if it reads none."""
        return "-".join(
            self._hash(read.task, read.languages, read.split)
            + (f"+{read.scored}" if read.scored else "")
            for read in KINDS[step.kind].reads(step, self._tasks)
        )

    def lacking(self, step: Step) -> Iterator[MissingDataError]:
        """Errors for the files that lack a column that a step needs."""
        answers = "predictions" not in step.params
        instead = ("train", "dev", "test") if KINDS[step.kind].trains else ("dev", "test")
        for read in KINDS[step.kind].reads(step, self._tasks):
            key = (read.task.name, tuple(read.languages), read.split, instead, answers)
            if key not in self._lacking:
                self._lacking[key] = list(
                    lacking_columns(
                        read.task, self._roots, read.languages, read.split, instead, answers=answers
                    )
                )
            yield from self._lacking[key]

    def origins_of(self, step: Step) -> dict[str, list[str]]:
        """The origins of the data of each task of a step."""
        found: dict[str, list[str]] = {}
        for read in KINDS[step.kind].reads(step, self._tasks):
            task, key = read.task, (read.task.name, tuple(read.languages), read.split)
            if key not in self._origins:
                self._origins[key] = list(origins(task, self._roots, read.languages, read.split))
            found[task.name] = sorted({*found.get(task.name, []), *self._origins[key]})
        return found

    def _hash(self, task: Task, languages: list[str], split: str) -> str:
        key = task.name, tuple(languages), split
        if key not in self._hashes:
            self._hashes[key] = data_hash(task, self._roots, languages, split)
        return self._hashes[key]
