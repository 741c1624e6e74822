"""Names the measurements of an old store from their own entries, if no note describes the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapterxlt.execution.results import caps_text, english_first
from adapterxlt.plan.lineage import describe
from adapterxlt.recipe.kinds import KINDS, like_first
from adapterxlt.recipe.used import caps_of, data_parts, languages_of
from adapterxlt.results.measures import Measure
from adapterxlt.results.setup import setup_of
from adapterxlt.store.files import address_of
from adapterxlt.store.manifest import Manifest
from adapterxlt.tasks.catalogue import catalogue
from adapterxlt.tasks.origin import origin_name

Step = dict[str, Any]  # a step of a lineage


@dataclass(frozen=True)
class Unnoted:
    """A measurement: its entry in the store, and the measured values."""

    entry: Manifest
    measures: list[Measure]

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of the measurement."""
        params = self.entry.parts["params"]
        assert isinstance(params, dict)
        return params

    @property
    def model(self) -> str:
        """The name of the model, as the recipe that measured it first has it."""
        return self.entry.title.split("/")[1]

    @property
    def steps(self) -> list[Step]:
        """The steps that the measurement comes from, without the measurement itself."""
        steps: Any = self.entry.lineage["steps"]
        return [step for step in steps if step["fingerprint"] != self.entry.fingerprint]

    @property
    def behind(self) -> Step | None:
        """The step with the model's settings; for a merged model, that of its first member."""
        known = {step["fingerprint"]: step for step in self.steps}
        needed = _inputs(self.entry)
        step = known.get(needed[0]) if needed else None
        while step is not None and like_first(step["kind"]):
            step = known.get(step["inputs"][0])
        return step

    @property
    def seed(self) -> int | None:
        """The seed of the model; None for the bare backbone."""
        step = self.behind
        return None if step is None else step["params"].get("seed")


@dataclass
class _Version:
    """The measurements of one version of a recipe with one seed, by title.

    It includes those of the version before that were not measured again.
    """

    seed: int
    before: dict[str, Unnoted] = field(default_factory=dict)
    own: dict[str, Unnoted] = field(default_factory=dict)

    @property
    def all(self) -> dict[str, Unnoted]:
        return self.before | self.own


def names_of_unnoted(
    found: Sequence[Unnoted],
) -> Iterator[list[tuple[dict[str, Any], list[Measure]]]]:
    """Yield what the rows hold besides values, for each version of each recipe.

    Each mapping is like the one that `results.names_of` returns; its measures follow it.

    Args:
        found: the measurements, in the order in which they were made.
    """
    for recipe in dict.fromkeys(one.entry.recipe for one in found):
        for version in _versions([one for one in found if one.entry.recipe == recipe]):
            cells = list(version.all.values())
            addresses = [one.entry.fingerprint for one in cells]
            own_id = address_of({"recipe": recipe, "cells": addresses})[:12]
            yield [(_names(one, version.seed, own_id, cells), one.measures) for one in cells]


def _versions(found: Sequence[Unnoted]) -> list[_Version]:
    """Sort measurements into versions of recipes.

    If several have one title, their seeds differ, or the recipe was edited in between.
    """
    versions: list[_Version] = []
    for one in found:
        if one.seed is None:
            continue
        of_seed = [version for version in versions if version.seed == one.seed]
        if not of_seed or one.entry.title in of_seed[-1].own:
            before = of_seed[-1].all if of_seed else {}
            of_seed = [_Version(one.seed, before)]
            versions += of_seed
        of_seed[-1].own[one.entry.title] = one
    for one in found:  # measurements of the bare backbone go with every seed
        if one.seed is None:
            free = [version for version in versions if one.entry.title not in version.all]
            if not free:
                last = versions[-1] if versions else _Version(seed=1)
                free = [_Version(last.seed, last.all)]
                versions += free
            for version in free:
                version.own[one.entry.title] = one
    return versions


def _names(one: Unnoted, seed: int, own_id: str, cells: Sequence[Unnoted]) -> dict[str, Any]:
    entry, params, behind = one.entry, one.params, one.behind
    stage, task = entry.title.split("/")[0], str(params["task"])
    kind = KINDS[entry.kind]
    beside = [
        other.model
        for other in cells
        if other.entry.title.split("/")[0] == stage and other.params["task"] == task
    ]
    baseline = kind.baseline(beside)
    return {
        "recipe": entry.recipe,
        "recipe_id": own_id,
        "stage": stage,
        "model": one.model,
        "task": task,
        "data": _data(one, task),
        "seed": seed,
        "protocol": kind.protocol(params),
        "trained_in": english_first(
            languages_of(one.steps, {name: task.kind for name, task in catalogue().items()})
        ),
        "lineage": describe({"backbone": entry.lineage["backbone"], "steps": one.steps}),
        "fingerprint": next(iter(_inputs(entry)), ""),
        "baseline": "" if one.model == baseline else baseline,
        "caps": caps_text(
            caps_of(data_parts(behind["params"])) if behind else [],
            params.get("cap"),
        ),
        "cell": entry.fingerprint,
        "setup": setup_of(entry.lineage),
    }


def _inputs(entry: Manifest) -> list[str]:
    inputs = entry.parts["inputs"]
    assert isinstance(inputs, list)
    return inputs


def _data(one: Unnoted, task: str) -> str:
    steps: Any = one.entry.lineage["steps"]
    own: Step = next((s for s in steps if s["fingerprint"] == one.entry.fingerprint), {})
    names = [origin_name(origin) for origin in own.get("origins", {}).get(task, [])]
    return ", ".join(dict.fromkeys(names)) or "not recorded"
