"""`language_adapters: "lang_{language}"`: the stages whose names fit, written out."""

from __future__ import annotations

from dataclasses import replace

from adapterxlt.documents.nodes import Node
from adapterxlt.recipe.kinds import KINDS
from adapterxlt.recipe.language_adapters import PLACEHOLDER, captured

KEY = "language_adapters"


def write_out(root: Node) -> Node:
    """Return the tree with a mapping of languages to stages in place of each pattern.

    One that is wrong, or that no stage fits, stays as it is: the schema tells.
    """
    stages = root.value.get("stages") if isinstance(root.value, dict) else None
    if stages is None or not isinstance(stages.value, dict) or not isinstance(root.value, dict):
        return root
    models = [name for name, stage in stages.value.items() if _makes_model(stage)]
    value = {name: _written_out(name, stage, models) for name, stage in stages.value.items()}
    return replace(root, value={**root.value, "stages": replace(stages, value=value)})


def _makes_model(stage: Node) -> bool:
    keys = stage.value if isinstance(stage.value, dict) else {}
    return any(kind.makes_model for key, kind in KINDS.items() if key in keys)


def _written_out(name: str, stage: Node, models: list[str]) -> Node:
    node = stage.value.get(KEY) if isinstance(stage.value, dict) else None
    if node is None or not isinstance(stage.value, dict) or not isinstance(node.value, str):
        return stage
    pattern = node.value
    if pattern.count(PLACEHOLDER) != 1:
        return stage
    found = {
        language: Node(other, node.file, node.line)
        for other in models
        if other != name and (language := captured(pattern, other))
    }
    if not found:
        return stage
    return replace(stage, value={**stage.value, KEY: replace(node, value=found)})
