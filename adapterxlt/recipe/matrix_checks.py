"""Variables of a matrix that are not known, that nothing uses, or that change nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from adapterxlt.documents.nodes import KeyPath, Node, plain, walk
from adapterxlt.errors import Problem
from adapterxlt.recipe.matrix_values import Combination, Variables, names_in
from adapterxlt.recipe.overrides import SET

_KEYS = ("seed", "lr", "method", "epochs", "cap")  # what a variable may be the value of


def unknown(stages: Mapping[str, Node], variables: Variables) -> Iterator[Problem]:
    """A problem for each placeholder that the matrix does not have."""
    for template, stage in stages.items():
        at: KeyPath = ("stages", template)
        for path, node in walk(stage, at):
            text = node.value if isinstance(node.value, str) else ""
            for message, hint in variables.unknown(template + text if path == at else text):
                yield node.problem(path, message, hint)


def unused(stages: Mapping[str, Node], variables: Variables, recipe: str) -> Iterator[Problem]:
    """A problem for each variable that would repeat stages, and that no stage uses.

    Args:
        recipe: its file. What it includes may serve other recipes too.
    """
    used = {name for template in stages for name in names_in(template)}
    used.update(*map(_inside, stages.values()))
    for name, node in variables.nodes.items():
        if name not in used and len(variables.values[name]) > 1 and node.file in (recipe, SET):
            example = f'"STAGE.${{{name}}}": {{..., {_key(name)}: "${{{name}}}"}}'
            yield node.problem(
                ("matrix", name),
                f"no stage contains `${{{name}}}`, so nothing is repeated",
                f"use it in the name of each stage to repeat, and in the stage: {example}",
            )


def nothing_left(
    stages: Mapping[str, Node], variables: Variables, matrix: Node, expanded: Mapping[str, Node]
) -> Iterator[Problem]:
    """A problem if no stage is repeated, or none is left at all.

    Args:
        matrix: the node of the matrix.
        expanded: the stages that the matrix made.
    """
    repeated = [names for names in map(names_in, stages) if names]
    if repeated and not any(any(variables.combinations(names, {})) for names in repeated):
        rules = matrix.value.get("exclude", matrix) if isinstance(matrix.value, dict) else matrix
        message = "the matrix leaves no combination of its values, so it makes no stage"
        yield rules.problem(("matrix", "exclude"), message, "remove a rule, or add values")
    elif stages and not expanded:
        message = "the matrix leaves no stage, because the value that each would use is null"
        yield matrix.problem(("matrix",), message, "add a value that is not null")


class Repeated:
    """The stages that one stage becomes."""

    def __init__(self, template: str, stage: Node) -> None:
        self._path: KeyPath = ("stages", template)
        self._stage = stage
        inside = _inside(stage)
        self._alone = [name for name in names_in(template) if name not in inside]
        self._made: set[tuple[object, ...]] = set()

    def again(self, body: Node, combination: Combination) -> Iterator[Problem]:
        """A problem if it became the same before, and only a variable in its name was another."""
        if not self._alone:
            return
        content = json.dumps(plain(body), sort_keys=True, default=str)
        for name in self._alone:
            others = tuple(value.name for other, value in combination.items() if other != name)
            key = (name, others, content)
            if key in self._made:
                yield self._stage.problem(
                    self._path,
                    f"`${{{name}}}` is in the name alone, so its repetitions would be the same",
                    f'use it in the stage too, for example `{_key(name)}: "${{{name}}}"`',
                )
            self._made.add(key)


def _inside(stage: Node) -> set[str]:
    """The variables that a stage uses apart from its name."""
    texts = [node.value for _, node in walk(stage, ()) if isinstance(node.value, str)]
    return {name for text in texts for name in names_in(text)}


def _key(name: str) -> str:
    return name if name in _KEYS else "KEY"
