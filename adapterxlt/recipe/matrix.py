"""`matrix`: stages repeated for every combination of some values, as CI systems do.

    matrix: {task: [mnli, snli], seed: [1, 2]}
    stages:
      "${task}_${seed}": {train: "${task}", seed: "${seed}"}    # four stages
      scores: {evaluate: ["${task}_${seed}"], on: xnli}          # a list of four

A stage is repeated for the variables in its name. An item of a list that holds other variables
becomes one item for each of their combinations, in place. Anywhere else a variable that the
stage's name does not hold is a problem. A key whose value is nothing (`null`, or a key that a
value of the matrix does not have) is left out; a stage that would train on nothing, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from adapterxlt.documents.nodes import KeyPath, Node, walk
from adapterxlt.errors import Problem
from adapterxlt.recipe.kinds import KINDS
from adapterxlt.recipe.matrix_checks import Repeated, nothing_left, unknown, unused
from adapterxlt.recipe.matrix_values import (
    PLACEHOLDER,
    Combination,
    Variables,
    misplaced,
    names_in,
    variables_of,
)

MAX_STAGES = 1_000
MAX_ITEMS = 1_000
MAX_VALUES = 100_000  # in all stages together


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
    variables = variables_of(tree.pop("matrix", None), found)
    for key, node in tree.items():
        if key != "stages":
            found.extend(misplaced(node, (key,), "is allowed in `stages` only"))
    stages = tree.get("stages")
    if stages is not None and isinstance(stages.value, dict) and not found:
        found.extend(unknown(stages.value, variables))
        found.extend(unused(stages.value, variables, root.file) if not found else ())
        if not found:
            expanded = _expand_stages(stages.value, variables, found)
            tree["stages"] = replace(stages, value=expanded)
            if not found and variables:
                found.extend(nothing_left(stages.value, variables, root.value["matrix"], expanded))
    problems.extend(found)
    return None if found else replace(root, value=tree)


def without_matrix(root: Node) -> Node:
    """The tree without `matrix` and its stages, if the matrix cannot be expanded."""
    assert isinstance(root.value, dict)
    tree = {key: node for key, node in root.value.items() if key != "matrix"}
    stages = tree.get("stages")
    if stages is not None and isinstance(stages.value, dict):
        alone = {
            name: stage
            for name, stage in stages.value.items()
            if not names_in(name) and not any(misplaced(stage, (), ""))
        }
        tree["stages"] = replace(stages, value=alone)
    return replace(root, value=tree)


def _expand_stages(
    stages: Mapping[str, Node], variables: Variables, problems: list[Problem]
) -> dict[str, Node]:
    expanded: dict[str, Node] = {}
    size = 0
    for template, stage in stages.items():
        path: KeyPath = ("stages", template)
        names = names_in(template)
        repeated = Repeated(template, stage)
        if len(expanded) + (variables.count(names) if names else 1) > MAX_STAGES:
            problems.append(stage.problem(path, f"a recipe has at most {MAX_STAGES} stages"))
            return {}
        for combination in variables.combinations(names, {}):
            name = _filled(template, combination)
            if name in expanded:
                problems.append(
                    stage.problem(path, f"makes a second stage `{name}`", "rename one of the two")
                )
                continue
            found: list[Problem] = []
            body = _Body(combination, variables, found).fill(stage, path)
            if not found and _has_nothing_to_do(stage, body):
                continue
            expanded[name] = replace(body, template=template if names else "")
            found.extend(repeated.again(body, combination))
            if found:  # the same for every combination
                problems.extend(found)
                break
            size += sum(1 for _ in walk(body))
            if size > MAX_VALUES:
                problems.append(stage.problem(path, "the matrix makes too large a recipe"))
                return {}
    return expanded


def _has_nothing_to_do(stage: Node, body: Node) -> bool:
    """Whether the key that tells the kind of the stage stands for nothing."""
    return (
        isinstance(stage.value, dict)
        and isinstance(body.value, dict)
        and any(key in KINDS for key in stage.value.keys() - body.value.keys())
    )


def _meant(written: str, combination: Combination) -> Node | None:
    """The value of a placeholder; None for nothing. KeyError if its variable is unknown here."""
    name, _, key = written.partition(".")
    value = combination[name]
    node = value.keys.get(key) if key else value.node
    return None if node is None or node.value is None else node


def _filled(text: str, combination: Combination) -> str:
    """Put values into a text; placeholders of other variables stay."""

    def value(match: re.Match[str]) -> str:
        name, _, key = match.group(1).partition(".")
        if name not in combination:
            return match.group()
        node = _meant(match.group(1), combination) if key else None
        return node.text if node is not None else combination[name].name

    return PLACEHOLDER.sub(value, text)


class _Body:
    """Fills the placeholders of one stage for one combination."""

    def __init__(
        self, combination: Combination, variables: Variables, problems: list[Problem]
    ) -> None:
        self.combination = combination
        self.variables = variables
        self.problems = problems

    def fill(self, node: Node, path: KeyPath) -> Node:
        """The node with its placeholders filled."""
        if isinstance(node.value, dict):
            filled = {
                key: self.fill(child, (*path, key))
                for key, child in node.value.items()
                if not self._is_nothing(child)
            }
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
        if isinstance(node.value, str) and (found := PLACEHOLDER.search(node.value)):
            self.problems.append(
                node.problem(
                    path,
                    f"`{found.group()}` is not in the name of the stage",
                    "put it in the name to repeat the stage, or use it in a list",
                )
            )
        return node

    def _is_nothing(self, node: Node) -> bool:
        """Whether a value contains a placeholder that stands for nothing here."""
        return isinstance(node.value, str) and any(
            _meant(written, self.combination) is None
            for written in PLACEHOLDER.findall(node.value)
            if written.partition(".")[0] in self.combination
        )

    def _items(self, item: Node, path: KeyPath) -> list[Node]:
        """One item of a list, repeated for the variables that are not in the name of the stage."""
        names = names_in(item.value) if isinstance(item.value, str) else []
        names = [name for name in names if name not in self.combination]
        if not names:
            if _is_no_item(item, self.combination):
                return []
            filled = self.fill(item, path)
            # A value that is a list is inserted item by item.
            listed = not isinstance(item.value, list) and isinstance(filled.value, list)
            return filled.value if listed and isinstance(filled.value, list) else [filled]
        if self.variables.count(names) > MAX_ITEMS + len(self.variables.include):
            self.problems.append(item.problem(path, f"becomes more than {MAX_ITEMS} items"))
            return []
        return [
            _substitute(item, own)
            for other in self.variables.combinations(names, self.combination)
            if not _is_no_item(item, own := {**self.combination, **other})
        ]


def _is_no_item(item: Node, combination: Combination) -> bool:
    """Whether an item of a list is a key that a value of the matrix does not have."""
    whole = PLACEHOLDER.fullmatch(item.value) if isinstance(item.value, str) else None
    return bool(whole and "." in whole.group(1) and _meant(whole.group(1), combination) is None)


def _substitute(node: Node, combination: Combination) -> Node:
    """Fill a scalar; a placeholder that is the whole value keeps what it stands for as it is."""
    if not isinstance(node.value, str):
        return node
    whole = PLACEHOLDER.fullmatch(node.value)
    if whole and whole.group(1).partition(".")[0] in combination:
        value = _meant(whole.group(1), combination)
        if value is not None:
            return replace(node, value=value.value, text=value.text)
    text = _filled(node.value, combination)
    return replace(node, value=text, text=text)
