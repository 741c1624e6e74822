"""Reads the YAML text of a recipe or a task entry into nodes with line numbers.

Such files may come from strangers, so size, depth and number of values are bounded, and tags never
create Python objects. Plain scalars follow the core schema of YAML 1.2: `3e-4` is a number, and
`no` (Norwegian) is a text.
"""

from __future__ import annotations

import math
import re
import unicodedata
from pathlib import Path

import yaml

from adapterxlt.documents.nodes import KeyPath, Node, Scalar
from adapterxlt.errors import InvalidRecipeError, Problem

MAX_BYTES = 256 * 1024
MAX_DEPTH = 16
MAX_NODES = 20_000
MAX_PROBLEMS = 50
RECIPE = "a recipe needs `stages`"

_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_CONSTANTS: dict[str, Scalar] = {"": None, "~": None}
for _word, _constant in (("null", None), ("true", True), ("false", False)):
    for _spelling in (_word, _word.title(), _word.upper()):
        _CONSTANTS[_spelling] = _constant
_TAG = "tag:yaml.org,2002:"
_MAP, _SEQ = _TAG + "map", _TAG + "seq"
_SCALARS = {_TAG + name for name in ("str", "int", "float", "bool", "null", "timestamp", "value")}
_MERGE = "<<"


class _Bounded(yaml.SafeLoader):
    """Composes nodes up to a maximal depth; never used to construct objects."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise yaml.composer.ComposerError(
                None, None, f"nested more than {MAX_DEPTH} deep", self.get_mark()
            )
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


def read_file(path: Path, name: str, problems: list[Problem], expected: str = RECIPE) -> Node:
    """Read a file that holds a mapping.

    Args:
        name: the name of the file in problems.
        problems: problems after which checking can go on are added here (a key given twice).
        expected: what such a file contains, for hints.

    Raises:
        InvalidRecipeError: the file cannot be read, or is not a mapping in valid YAML.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InvalidRecipeError(
            [Problem("", f"cannot be read: {error.strerror or error}", name)]
        ) from None
    if len(data) > MAX_BYTES:
        raise InvalidRecipeError([Problem("", f"is larger than {MAX_BYTES // 1024} KiB", name)])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidRecipeError(
            [Problem("", "is not UTF-8 text", name, line, "save the file as UTF-8")]
        ) from None
    return read_text(text, name, problems, expected)


def read_text(text: str, name: str, problems: list[Problem], expected: str = RECIPE) -> Node:
    """Read the text of such a file; see `read_file`."""
    root = _compose(text, name)
    if root is None:
        raise InvalidRecipeError([Problem("", "is empty", name, 1, expected)])
    tree = _Tree(name)
    node = tree.node(root, (), _line(root))
    problems.extend(tree.problems[:MAX_PROBLEMS])
    if tree.full:
        raise InvalidRecipeError(problems)
    if not isinstance(node.value, dict):
        problems.append(node.problem((), "must be a mapping", expected))
        raise InvalidRecipeError(problems)
    return node


def read_value(text: str, file: str, path: KeyPath) -> Node:
    """Read a single value, as in `--set key=VALUE`; problems are reported at `path`."""
    try:
        if len(text) > MAX_BYTES:
            raise InvalidRecipeError([Problem("", "is too long", file)])
        root = _compose(text, file)
        if root is None:
            return Node(None, file, 0)
        tree = _Tree(file, numbered=False)
        node = tree.node(root, path, 0)
        if tree.problems:
            raise InvalidRecipeError(tree.problems)
        return node
    except InvalidRecipeError as error:
        place = Node(None, file, 0)
        raise InvalidRecipeError(
            [place.problem(path, problem.message, problem.hint) for problem in error.problems]
        ) from None


def _compose(text: str, name: str) -> yaml.Node | None:
    try:
        loader = _Bounded(text)
        try:
            node: yaml.Node | None = loader.get_single_node()
            return node
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        message = ", ".join(part for part in (error.context, error.problem) if part)
        problem = Problem("", f"YAML: {message}", name, line, _yaml_hint(text, line, message))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        code = f"U+{error.character:04X}" if isinstance(error.character, int) else "a byte"
        problem = Problem("", f"YAML: {code} is not allowed", name, line)
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # ValueError: PyYAML raises it for an escape that is not a character ("\UFFFFFFFF").
        problem = Problem("", f"YAML: {str(error).splitlines()[0]}", name)
    raise InvalidRecipeError([problem])


def _yaml_hint(text: str, line: int, message: str) -> str | None:
    lines = text.splitlines()
    written = lines[line - 1] if 0 < line <= len(lines) else ""
    if "\\t" in message or "\t" in written:
        return "indent with spaces, not with tabs"
    if re.search(r"\bmethod: *[^\s\"'{}]+\[", written):
        return 'inside {...}, put a method with parameters in quotes: method: "lora[r=4]"'
    if "${" in written:
        return 'inside {...}, put a placeholder in quotes: "${name}"'
    return None


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


class _Tree:
    """Turns composed YAML nodes into ours, collecting problems."""

    def __init__(self, file: str, *, numbered: bool = True) -> None:
        self.file = file
        self.numbered = numbered
        self.problems: list[Problem] = []
        self._count = 0
        self.full = False

    def node(self, node: yaml.Node, path: KeyPath, line: int) -> Node:
        """Convert a node; an alias is converted again at every place where it is used."""
        line = line if self.numbered else 0
        here = Node(None, self.file, line)
        self._count += 1
        if self._count > MAX_NODES or len(path) > MAX_DEPTH:
            if not self.full:
                self.problems.append(
                    here.problem((), "is too large", "aliases (`*name`) copy what they refer to")
                )
            self.full, self._count = True, MAX_NODES
            return here
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path, here)
        if isinstance(node, yaml.SequenceNode) and node.tag == _SEQ:
            items = [self.node(item, (*path, i), _line(item)) for i, item in enumerate(node.value)]
            return Node(items, self.file, line)
        if isinstance(node, yaml.MappingNode) and node.tag == _MAP:
            return Node(self._mapping(node, path), self.file, line)
        self.problems.append(here.problem(path, f"the tag `{node.tag}` is not allowed"))
        return here

    def _scalar(self, node: yaml.ScalarNode, path: KeyPath, here: Node) -> Node:
        if node.tag not in _SCALARS:
            self.problems.append(here.problem(path, f"the tag `{node.tag}` is not allowed"))
        elif not _is_clean(node.value):
            self.problems.append(here.problem(path, "has a control character"))
        value = _resolve(node.value) if node.style is None else node.value
        return Node(value, self.file, here.line, node.value)

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Node]:
        merged: dict[str, Node] = {}
        own: dict[str, Node] = {}
        for key_node, value_node in node.value:
            line = _line(key_node)
            here = Node(None, self.file, line if self.numbered else 0)
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append(here.problem(path, "a key must be a plain word"))
                continue
            key = key_node.value
            if not _is_clean(key):
                self.problems.append(here.problem(path, "a key has a control character"))
            elif key == _MERGE and key_node.style is None:
                merged = {**self._merge(value_node, path, line), **merged}
            elif key in own:
                self.problems.append(
                    here.problem(
                        (*path, key), f"is given twice (the first is on line {own[key].line})"
                    )
                )
            else:
                own[key] = self.node(value_node, (*path, key), line)
        return {**{key: value for key, value in merged.items() if key not in own}, **own}

    def _merge(self, node: yaml.Node, path: KeyPath, line: int) -> dict[str, Node]:
        """Return the keys that `<<: *anchor` or `<<: [*a, *b]` adds; the first named wins."""
        found: dict[str, Node] = {}
        for source in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            value = self.node(source, (*path, _MERGE), line).value
            if isinstance(value, dict):
                found = {**value, **found}
            elif not self.full:
                here = Node(None, self.file, line)
                self.problems.append(here.problem((*path, _MERGE), "must be a mapping"))
        return found


def _is_clean(text: str) -> bool:
    """Whether a text has no lone surrogates and no control characters.

    Messages would send control characters to the terminal.
    """
    return all(c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs") for c in text)


def _resolve(text: str) -> Scalar:
    """Return the value of a plain scalar."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text
