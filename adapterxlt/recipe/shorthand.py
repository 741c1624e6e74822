"""The short forms a recipe may use: a single value where a list is meant."""

from __future__ import annotations

from dataclasses import replace

from adapterxlt.documents.nodes import Node

_MAY_BE_ALL = ("languages", "layers", "pooling")
_STAGE_LISTS = ("fuse", "merge", "evaluate", "retrieve", "on", "weights", "labels", *_MAY_BE_ALL)


def spell_out(root: Node) -> Node:
    """Return the tree with `data`, `evaluate`, `on`, ... as lists (`all` stays as it is)."""
    if not isinstance(root.value, dict):
        return root
    tree = _listed(root.value, ("data", "tasks"))
    stages = tree.get("stages")
    if stages is not None and isinstance(stages.value, dict):
        tree["stages"] = replace(
            stages,
            value={
                name: replace(stage, value=_listed(stage.value, _STAGE_LISTS))
                if isinstance(stage.value, dict)
                else stage
                for name, stage in stages.value.items()
            },
        )
    return replace(root, value=tree)


def _listed(mapping: dict[str, Node], keys: tuple[str, ...]) -> dict[str, Node]:
    changed = dict(mapping)
    for key in keys:
        node = mapping.get(key)
        if node is None or isinstance(node.value, (dict, list)) or node.value is None:
            continue
        if key in _MAY_BE_ALL and node.value == "all":
            continue
        changed[key] = Node([node], node.file, node.line)
    return changed
