"""`include`: recipes that share their parts.

    include: parts/common.yaml        # or a list; a path is relative to the file that names it

What a file says itself wins over what it includes, and a later file over an earlier one: mappings
(`training`, `stages`, each stage, `matrix`) are joined key by key, anything else is replaced. A
stage that is `null` in place of an included one is left out. Only files in the folder of the recipe
that is run, or below it, are read.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from adapterxlt.documents.nodes import KeyPath, Node
from adapterxlt.documents.yaml_lines import read_file
from adapterxlt.errors import InvalidRecipeError, Problem

INCLUDE = "include"
STAGES: KeyPath = ("stages",)
MAX_FILES = 20


def resolve_includes(root: Node, path: Path, problems: list[Problem]) -> Node:
    """Return the tree with all the files that it includes, directly or indirectly.

    Args:
        root: the recipe's mapping; each of its nodes knows its own file.
        path: the recipe's file.
        problems: added to where a file cannot be included; what it holds is left out then.
    """
    folder = path.parent.resolve()
    return _Includes(folder, problems).join(root, path, (path.resolve(),))


class _Includes:
    def __init__(self, folder: Path, problems: list[Problem]) -> None:
        self.folder = folder
        self.problems = problems
        self.files = 0

    def join(self, root: Node, path: Path, trail: tuple[Path, ...]) -> Node:
        """The tree of one file, joined with the files that it includes."""
        assert isinstance(root.value, dict)
        tree = dict(root.value)
        node = tree.pop(INCLUDE, None)
        joined = Node({}, root.file, root.line)
        for key, item in _items(node):
            included = self._read(item, key, path, trail)
            if included is not None:
                joined = _joined(joined, included)
        return _joined(joined, replace(root, value=tree))

    def _read(self, item: Node, key: KeyPath, path: Path, trail: tuple[Path, ...]) -> Node | None:
        name = item.value
        found = path.parent / name if isinstance(name, str) else path
        try:
            target = found.resolve()
        except (OSError, RuntimeError, ValueError):  # a circle of links, a NUL
            target = None
        reason = self._refused(name, found, target, trail)
        if reason or target is None:
            message, _, hint = reason.partition("\n")
            self.problems.append(item.problem(key, message, hint or None))
            return None
        self.files += 1
        try:
            root = read_file(found, str(found), self.problems)
        except InvalidRecipeError as error:
            new = [problem for problem in error.problems if problem not in self.problems]
            self.problems.extend(new)
            return None
        return self.join(root, found, (*trail, target))

    def _refused(
        self, name: object, found: Path, target: Path | None, trail: tuple[Path, ...]
    ) -> str:
        """Why a file is not read, and on a second line what to do; "" if it is read."""
        if not isinstance(name, str) or not name.strip():
            return "must be the path of a recipe file"
        if target is None:
            return f"`{name}` is not a path"
        if Path(name).is_absolute() or not target.is_relative_to(self.folder):
            return (
                f"`{name}` lies outside the recipe's folder\nonly files in {self.folder} can "
                "be included"
            )
        if target in trail:
            circle = [*trail[trail.index(target) :], target]
            return "files include each other: " + " -> ".join(file.name for file in circle)
        if not target.is_file():
            return f"there is no file `{name}`\nlooked for {found}"
        if self.files >= MAX_FILES:
            return f"more than {MAX_FILES} files are included"
        return ""


def _items(node: Node | None) -> list[tuple[KeyPath, Node]]:
    """The included files, each with the path of the key that names it."""
    if node is None:
        return []
    if isinstance(node.value, list):
        return [((INCLUDE, index), item) for index, item in enumerate(node.value)]
    return [((INCLUDE,), node)]


def _joined(below: Node, above: Node, path: KeyPath = ()) -> Node:
    """Two nodes joined into one; if they differ, `above` wins."""
    if not isinstance(below.value, dict) or not isinstance(above.value, dict):
        return above
    both = dict(below.value)
    for key, node in above.value.items():
        if key not in both:
            both[key] = node
        elif path == STAGES and node.value is None:
            del both[key]
        else:
            both[key] = _joined(both[key], node, (*path, key))
    return replace(above, value=both)
