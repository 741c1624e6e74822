"""`--set key=value` and `--data DIR`: changes to the raw tree of a recipe.

A stage that is set to `null` is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from adapterxlt.documents.nodes import KeyPath, Node, dotted
from adapterxlt.documents.yaml_lines import read_value
from adapterxlt.errors import InvalidRecipeError, Problem
from adapterxlt.recipe.include import INCLUDE, STAGES
from adapterxlt.suggest import suggest

SET, DATA = "--set", "--data"


def apply_overrides(
    root: Node, overrides: Sequence[str], data: Sequence[str], problems: list[Problem]
) -> Node:
    """Return the tree with every `key=value` applied, in order, and `data` in place of its own.

    Args:
        root: the recipe's mapping.
        problems: what cannot be applied is added here. A key that nothing can have is left to
            the schema to refuse.
    """
    for text in overrides:
        try:
            root = _apply(root, text)
        except InvalidRecipeError as error:
            problems.extend(error.problems)
    if data:
        assert isinstance(root.value, dict)
        folders = Node([Node(folder, DATA, 0, folder) for folder in data], DATA, 0)
        root = replace(root, value={**root.value, "data": folders})
    return root


def _apply(root: Node, text: str) -> Node:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise InvalidRecipeError(
            [
                Problem(
                    "",
                    f"`{text}` is not key=value",
                    SET,
                    hint="for example stages.nli.lr=3e-4",
                )
            ]
        )
    path = _path(root, key.strip())
    if path[0] == INCLUDE:
        message = "cannot be set, because files are included before any key is set"
        raise InvalidRecipeError(
            [Node(None, SET, 0).problem(path, message, "write `include` in the recipe's file")]
        )
    new = read_value(value, SET, path)
    if path[:-1] == STAGES and isinstance(path[-1], str) and new.value is None:
        return _without(root, path[-1])
    return _replaced(root, path, new)


def _path(root: Node, key: str) -> KeyPath:
    """Split a dotted key; a key of the recipe that holds a dot itself is found whole.

    Mappings that are missing on the way are made (`resources`, say), but no stage. Whether a key is
    known is left to the schema.
    """
    rest = key.split(".")
    node = root
    path: KeyPath = ()
    while rest:
        here = Node(None, SET, 0)
        if isinstance(node.value, list):
            if not rest[0].isdecimal() or int(rest[0]) >= len(node.value):
                count = len(node.value)
                message = f"the list has {count} items; the first one is 0"
                raise InvalidRecipeError([here.problem((*path, rest[0]), message)])
            index = int(rest.pop(0))
            path, node = (*path, index), node.value[index]
        elif isinstance(node.value, dict) or node.value is None:
            known = node.value or {}
            length = next((n for n in range(len(rest), 0, -1) if ".".join(rest[:n]) in known), 0)
            if not length and path == ("stages",):
                message, hint = "there is no such stage", suggest(rest[0], known)
                raise InvalidRecipeError([here.problem((*path, rest[0]), message, hint)])
            name = ".".join(rest[: length or 1])
            path, node, rest = (*path, name), known.get(name, here), rest[length or 1 :]
        else:
            raise InvalidRecipeError(
                [
                    here.problem(
                        (*path, rest[0]),
                        "cannot be set, because the key above it has a plain value",
                        f"set `{dotted(path)}`, which replaces the whole value",
                    )
                ]
            )
    return path


def _without(root: Node, stage: str) -> Node:
    """The tree without a stage."""
    assert isinstance(root.value, dict)
    stages = root.value["stages"]
    assert isinstance(stages.value, dict)
    rest = {name: node for name, node in stages.value.items() if name != stage}
    return replace(root, value={**root.value, "stages": replace(stages, value=rest)})


def _replaced(node: Node | None, path: KeyPath, value: Node) -> Node:
    """The tree with `value` at `path`; mappings on the way are made where they are missing."""
    if not path:
        return value
    if node is not None and isinstance(node.value, list):
        index = path[0]
        assert isinstance(index, int)
        items = list(node.value)
        items[index] = _replaced(items[index], path[1:], value)
        return replace(node, value=items)
    mapping = node.value if node is not None and isinstance(node.value, dict) else {}
    key = str(path[0])
    changed: dict[str, Node] = {**mapping, key: _replaced(mapping.get(key), path[1:], value)}
    return replace(node or Node(None, SET, 0), value=changed)
