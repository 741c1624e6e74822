"""The short forms a recipe may use: a single value where a list is meant."""

from __future__ import annotations

from dataclasses import replace

from pydantic import BaseModel

from adapterxlt.documents.nodes import Node
from adapterxlt.recipe.kinds import BUILT_IN, KINDS

_OF_RECIPE = ("data", "tasks")


def spell_out(root: Node) -> Node:
    """Return the tree with `data`, `evaluate`, `on`, ... as lists (`all` stays as it is)."""
    if not isinstance(root.value, dict):
        return root
    tree = _listed(root.value, _OF_RECIPE)
    stages = tree.get("stages")
    if stages is not None and isinstance(stages.value, dict):
        tree["stages"] = replace(
            stages,
            value={
                name: replace(stage, value=_stage(stage.value))
                if isinstance(stage.value, dict)
                else stage
                for name, stage in stages.value.items()
            },
        )
    return replace(root, value=tree)


def single_keys(model: type[BaseModel]) -> tuple[str, ...]:
    """The keys of a recipe or of a stage where a single value may stand for a list."""
    keys = next((kind.lists for kind in KINDS.values() if kind.model is model), _OF_RECIPE)
    least = {key: model.model_fields[key].metadata for key in keys if key in model.model_fields}
    return tuple(
        key for key in least if all(getattr(rule, "min_length", 0) < 2 for rule in least[key])
    )


def _stage(mapping: dict[str, Node]) -> dict[str, Node]:
    """A stage of the kinds that its keys name; if its key is misspelt, of all built-in kinds."""
    told = [key for key in KINDS if key in mapping] or BUILT_IN
    for kind in map(KINDS.__getitem__, told):
        mapping = _listed(mapping, kind.lists, kind.may_be_all)
    return mapping


def _listed(
    mapping: dict[str, Node], keys: tuple[str, ...], may_be_all: tuple[str, ...] = ()
) -> dict[str, Node]:
    changed = dict(mapping)
    for key in keys:
        node = mapping.get(key)
        if node is None or isinstance(node.value, (dict, list)) or node.value is None:
            continue
        if key in may_be_all and node.value == "all":
            continue
        changed[key] = Node([node], node.file, node.line)
    return changed
