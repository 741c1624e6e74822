"""The raw tree of a recipe: plain values, each with the file and line where it was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import PathLike, fspath

from adapterxlt.errors import Problem

KeyPath = tuple[str | int, ...]
Scalar = str | int | float | bool | None


@dataclass(frozen=True)
class Node:
    """A value and its place.

    Args:
        value: a scalar, nodes by key, or a list of nodes.
        file: recipe file, `--set` or `--data`.
        line: 1-based line of its key (in a list, of the item), 0 if there is none.
        text: a scalar as it was written (`1e-4`), for use in names.
        template: for a stage that `matrix` made, the name it had before.
    """

    value: Scalar | dict[str, Node] | list[Node]
    file: str
    line: int
    text: str = ""
    template: str = ""

    def problem(self, path: KeyPath, message: str, hint: str | None = None) -> Problem:
        """Make a problem at this node."""
        return Problem(dotted(path), message, self.file, self.line, hint)


@dataclass(frozen=True)
class Place:
    """Where a value was written."""

    file: str
    line: int


class Places:
    """Where each value of an expanded recipe was written, by its path."""

    def __init__(self, root: Node) -> None:
        self._places = {path: Place(node.file, node.line) for path, node in walk(root)}
        self._templates: dict[str, str] = {}
        stages = root.value.get("stages") if isinstance(root.value, dict) else None
        if stages is not None and isinstance(stages.value, dict):
            for name, node in stages.value.items():
                if node.template:
                    self._templates[name] = node.template

    def __contains__(self, path: KeyPath) -> bool:
        return path in self._places

    def of(self, path: KeyPath) -> Place:
        """Return the place of a path, or of the nearest value around it that was written."""
        while path not in self._places:
            path = path[:-1]
        return self._places[path]

    def origin(self, path: str) -> str:
        """Return the dotted path that a path had before the matrix was expanded."""
        for stage, template in self._templates.items():
            start = f"stages.{stage}"
            if path == start or path.startswith((f"{start}.", f"{start}[")):
                return f"stages.{template}{path[len(start) :]}"
        return path

    def problem(self, path: KeyPath, message: str, hint: str | None = None) -> Problem:
        """Make a problem at a path."""
        place = self.of(path)
        return Problem(dotted(path), message, place.file, place.line, hint)


def walk(node: Node, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Node]]:
    """Yield all nodes with their paths, outer ones first."""
    yield path, node
    if isinstance(node.value, dict):
        for key, child in node.value.items():
            yield from walk(child, (*path, key))
    elif isinstance(node.value, list):
        for index, child in enumerate(node.value):
            yield from walk(child, (*path, index))


def node_of(value: object, path: KeyPath, problems: list[Problem]) -> Node:
    """Make the tree of plain Python data; its nodes have no file and no lines.

    Args:
        path: the path of the value.
        problems: values that such a tree cannot contain are reported here.
    """
    if isinstance(value, Mapping):
        named = {
            str(key): node_of(each, (*path, str(key)), problems) for key, each in value.items()
        }
        return Node(named, "", 0)
    if isinstance(value, list | tuple):
        items = [node_of(each, (*path, number), problems) for number, each in enumerate(value)]
        return Node(items, "", 0)
    if isinstance(value, PathLike):
        value = fspath(value)
    if not isinstance(value, str | int | float | None):
        problems.append(
            Node(None, "", 0).problem(path, f"a {type(value).__name__} cannot be in a recipe")
        )
        return Node(None, "", 0)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return Node(value, "", 0, "" if value is None else text)


def plain(node: Node) -> object:
    """Return the tree as plain Python data."""
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [plain(child) for child in node.value]
    return node.value


def dotted(path: KeyPath) -> str:
    """Write a path in words: `("stages", "scores", "on", 1)` -> `stages.scores.on[1]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
