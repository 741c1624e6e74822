"""The stage kinds by their key: built-in ones, and those of other packages.

Each is imported when it is first met; none imports torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from adapterxlt import plugins
from adapterxlt.recipe.kind import StageKind
from adapterxlt.recipe.schema import Recipe, Stage

# Where our own are, as a package names what it adds. In the reverse order of messages.
BUILT_IN = {
    "fuse": "adapterxlt.stages.fuse:KIND",
    "merge": "adapterxlt.stages.merge:KIND",
    "ensemble": "adapterxlt.stages.ensemble:KIND",
    "use": "adapterxlt.stages.use.stage:KIND",
    "suggest": "adapterxlt.stages.suggest:KIND",
    "probe": "adapterxlt.stages.probe:KIND",
    "align": "adapterxlt.stages.align:KIND",
    "evaluate": "adapterxlt.stages.evaluate:KIND",
    "retrieve": "adapterxlt.stages.retrieve:KIND",
    "train": "adapterxlt.stages.train:KIND",
}


class _Kinds(Mapping[str, StageKind[Any]]):
    """Every kind by its key."""

    def __getitem__(self, key: str) -> StageKind[Any]:
        if key in BUILT_IN:
            return _built_in(key)
        if key in plugins.entries("stages"):
            return _added(key)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        yield from BUILT_IN
        for key, entry in plugins.entries("stages").items():
            if key in BUILT_IN:
                raise plugins.PluginError(
                    f"{plugins.origin(entry)} adds the stage kind `{key}`, which already exists",
                    hint="uninstall the package, or rename its kind",
                )
            yield key

    def __len__(self) -> int:
        return sum(1 for _ in self)


KINDS: Mapping[str, StageKind[Any]] = _Kinds()


def kind_of(stage: Stage) -> StageKind[Any]:
    """Return the kind of a stage."""
    return KINDS[stage.key]


def measured_by(stage: Stage) -> list[str]:
    """The models that a stage measures, in the listed order."""
    listed = getattr(stage, stage.key) if kind_of(stage).measures else []
    return [listed] if isinstance(listed, str) else list(listed)


def baseline_of(recipe: Recipe, stage: Stage) -> str:
    """The baseline of a stage: its own, or else that of the recipe."""
    named, kind = recipe.compare.baseline, kind_of(stage)
    if named in measured_by(stage) and getattr(stage, "baseline", None) is None:
        return str(named)
    return kind.compared_with(stage)


def stage_behind(recipe: Recipe, name: str) -> str:
    """The stage that a model's heads and training settings are those of.

    Itself; for one that is made of others, as a merged one is, its first member's.
    """
    stage = recipe.stages[name]
    while (kind := kind_of(stage)).like_first:
        name = kind.inputs(stage)[0]
        stage = recipe.stages[name]
    return name


def like_first(kind: object) -> bool:
    """Whether steps of this kind have the heads of their first input, as merges do."""
    found = KINDS.get(str(kind))
    return found is not None and found.like_first


def measures(kind: object) -> bool:
    """Whether entries of a store are measurements; of a kind that is not known here, they are
    not."""
    found = KINDS.get(str(kind))
    return found is not None and found.measures


def called(kind: object) -> str:
    """What models of a kind are called where others are by their method; "" if by that too."""
    found = KINDS.get(str(kind))
    return "" if found is None else found.called


@cache
def _built_in(key: str) -> StageKind[Any]:
    module, _, name = BUILT_IN[key].partition(":")
    kind: StageKind[Any] = getattr(import_module(module), name)
    return kind


def _added(key: str) -> StageKind[Any]:
    found = plugins.load("stages", key)
    if (
        isinstance(found, StageKind)
        and found.key == found.model.key == key
        and key in found.model.model_fields
    ):
        return found
    raise plugins.PluginError(
        f"`{key}` of {plugins.origin(plugins.entries('stages')[key])} is not a stage kind",
        hint="its entry point must name a StageKind; `key` of the kind and of its model must be "
        "this name, and the model needs a field of this name",
    )
