"""`matrix`: stages repeated for every combination of some values, as CI systems do.

    matrix: {task: [mnli, snli], seed: [1, 2]}
    stages:
      "${task}_${seed}": {train: "${task}", seed: "${seed}"}    # four stages
      scores: {evaluate: ["${task}_${seed}"], on: xnli}          # a list of four

A stage is repeated for the variables in its name. An item of a list that holds other variables
becomes one item for each of their combinations, in place. Anywhere else a variable that the
stage's name does not hold is a problem.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from adapterxlt.documents.nodes import KeyPath, Node, walk
from adapterxlt.errors import Problem
from adapterxlt.suggest import suggest

MAX_STAGES = 1_000
MAX_ITEMS = 1_000
MAX_VALUES = 100_000  # in all the stages together
_PLACEHOLDER = re.compile(r"\$\{\s*([^{}\s]*)\s*\}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Combination = Mapping[str, Node]


def expand_matrix(root: Node, problems: list[Problem]) -> Node | None:
    """Return the tree without `matrix`, its stages repeated; None if that is impossible.

    Args:
        root: the recipe's mapping.
        problems: added to when a variable is not known or not right, when two results have one
            name, and when there are more than `MAX_STAGES` stages.
    """
    assert isinstance(root.value, dict)
    tree = dict(root.value)
    found: list[Problem] = []
    variables = _variables(tree.pop("matrix", None), found)
    for key, node in tree.items():
        if key != "stages":
            found.extend(_misplaced(node, (key,), "is allowed in `stages` only"))
    stages = tree.get("stages")
    if stages is not None and isinstance(stages.value, dict) and not found:
        tree["stages"] = replace(stages, value=_expand_stages(stages.value, variables, found))
    problems.extend(found)
    return None if found else replace(root, value=tree)


def without_matrix(root: Node) -> Node:
    """The tree without `matrix` and without the stages that use it, where it cannot be expanded."""
    assert isinstance(root.value, dict)
    tree = {key: node for key, node in root.value.items() if key != "matrix"}
    stages = tree.get("stages")
    if stages is not None and isinstance(stages.value, dict):
        alone = {
            name: stage
            for name, stage in stages.value.items()
            if not _names(name) and not any(_misplaced(stage, (), ""))
        }
        tree["stages"] = replace(stages, value=alone)
    return replace(root, value=tree)


def _variables(node: Node | None, problems: list[Problem]) -> dict[str, list[Node]]:
    if node is None:
        return {}
    if not isinstance(node.value, dict):
        problems.append(node.problem(("matrix",), "must be a mapping of names to lists"))
        return {}
    variables: dict[str, list[Node]] = {}
    for name, listed in node.value.items():
        path: KeyPath = ("matrix", name)
        values = listed.value
        if not _VARIABLE.fullmatch(name):
            problems.append(listed.problem(path, "a variable is made of letters, digits and _"))
        elif not isinstance(values, list) or not values:
            problems.append(listed.problem(path, "must be a list of at least one value"))
        elif any(isinstance(item.value, (dict, list)) or item.value is None for item in values):
            problems.append(listed.problem(path, "must be a list of plain values"))
        elif len({item.text for item in values}) < len(values):
            problems.append(listed.problem(path, "has a value twice"))
        else:
            problems.extend(_misplaced(listed, path, "cannot be a value of the matrix"))
            variables[name] = values
    return variables


def _misplaced(node: Node, path: KeyPath, why: str) -> Iterator[Problem]:
    for where, inner in walk(node, path):
        if isinstance(inner.value, str) and (found := _PLACEHOLDER.search(inner.value)):
            yield inner.problem(where, f"`{found.group()}` {why}")


def _names(text: str) -> list[str]:
    """The variables in a text, each once, in order."""
    return list(dict.fromkeys(_PLACEHOLDER.findall(text)))


def _combinations(names: list[str], variables: Mapping[str, list[Node]]) -> Iterator[Combination]:
    for values in itertools.product(*(variables[name] for name in names)):
        yield dict(zip(names, values, strict=True))


def _count(names: list[str], variables: Mapping[str, list[Node]]) -> int:
    count = 1
    for name in names:
        count *= len(variables[name])
    return count


def _expand_stages(
    stages: Mapping[str, Node], variables: Mapping[str, list[Node]], problems: list[Problem]
) -> dict[str, Node]:
    unknown = list(_unknown(stages, variables))
    if unknown:
        problems.extend(unknown)
        return {}
    expanded: dict[str, Node] = {}
    size = 0
    for template, stage in stages.items():
        path: KeyPath = ("stages", template)
        names = _names(template)
        if len(expanded) + _count(names, variables) > MAX_STAGES:
            problems.append(stage.problem(path, f"a recipe has at most {MAX_STAGES} stages"))
            return {}
        for combination in _combinations(names, variables):
            name = _filled(template, combination)
            if name in expanded:
                problems.append(
                    stage.problem(path, f"makes a second stage `{name}`", "rename one of the two")
                )
                continue
            found: list[Problem] = []
            body = _Body(combination, variables, found).fill(stage, path)
            expanded[name] = replace(body, template=template if names else "")
            if found:  # the same for every combination
                problems.extend(found)
                break
            size += sum(1 for _ in walk(body))
            if size > MAX_VALUES:
                problems.append(stage.problem(path, "the matrix makes too large a recipe"))
                return {}
    return expanded


def _unknown(stages: Mapping[str, Node], variables: Mapping[str, object]) -> Iterator[Problem]:
    for template, stage in stages.items():
        at: KeyPath = ("stages", template)
        for path, node in walk(stage, at):
            text = node.value if isinstance(node.value, str) else ""
            for name in _names(template + text if path == at else text):
                if name not in variables:
                    hint = suggest(name, variables) if variables else "the recipe has no `matrix`"
                    yield node.problem(path, f"`${{{name}}}` is not in the matrix", hint)


def _filled(text: str, combination: Combination) -> str:
    """Put values into a text; placeholders of other variables stay."""

    def value(match: re.Match[str]) -> str:
        node = combination.get(match.group(1))
        return match.group() if node is None else node.text

    return _PLACEHOLDER.sub(value, text)


class _Body:
    """Fills the placeholders of one stage for one combination."""

    def __init__(
        self,
        combination: Combination,
        variables: Mapping[str, list[Node]],
        problems: list[Problem],
    ) -> None:
        self.combination = combination
        self.variables = variables
        self.problems = problems

    def fill(self, node: Node, path: KeyPath) -> Node:
        """The node with its placeholders filled."""
        if isinstance(node.value, dict):
            filled = {key: self.fill(child, (*path, key)) for key, child in node.value.items()}
            return replace(node, value=filled)
        if isinstance(node.value, list):
            items = [
                new for i, item in enumerate(node.value) for new in self._items(item, (*path, i))
            ]
            if len(items) > MAX_ITEMS:
                self.problems.append(node.problem(path, f"becomes more than {MAX_ITEMS} items"))
                return replace(node, value=[])
            return replace(node, value=items)
        node = _substitute(node, self.combination)
        if isinstance(node.value, str) and (found := _PLACEHOLDER.search(node.value)):
            self.problems.append(
                node.problem(
                    path,
                    f"`{found.group()}` is not in the name of the stage",
                    "put it there, so that the stage is repeated, or use it in a list",
                )
            )
        return node

    def _items(self, item: Node, path: KeyPath) -> list[Node]:
        """One item of a list, repeated for the variables that the stage's name does not hold."""
        item = _substitute(item, self.combination)
        names = _names(item.value) if isinstance(item.value, str) else []
        if not names:
            return [self.fill(item, path)]
        if _count(names, self.variables) > MAX_ITEMS:
            self.problems.append(item.problem(path, f"becomes more than {MAX_ITEMS} items"))
            return []
        return [_substitute(item, other) for other in _combinations(names, self.variables)]


def _substitute(node: Node, combination: Combination) -> Node:
    """Fill a scalar; a placeholder that is the whole value keeps the type of what it stands for."""
    if not isinstance(node.value, str):
        return node
    whole = _PLACEHOLDER.fullmatch(node.value)
    if whole and whole.group(1) in combination:
        value = combination[whole.group(1)]
        return replace(node, value=value.value, text=value.text)
    text = _filled(node.value, combination)
    return replace(node, value=text, text=text)
