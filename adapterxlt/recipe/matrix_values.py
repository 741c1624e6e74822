"""The variables of a matrix, and the combinations of their values.

matrix:
  seed: [1, 2]                                   # plain values
  before: [null, nli]                            # null: `none` in names; leaves out keys
  target: {udpos: {cap: 2000}, panx: {cap: 500}} # by name, with more: `${target.cap}`
  exclude: [{before: nli, target: panx}]         # combinations that are left out
  include: [{before: qa, target: udpos, seed: 1}] # and some beside the product
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from adapterxlt.documents.nodes import KeyPath, Node, walk
from adapterxlt.errors import Problem
from adapterxlt.suggest import suggest

PLACEHOLDER = re.compile(r"\$\{\s*([^{}\s]*)\s*\}")
NOTHING = "none"  # how null is written into names
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAME = "begin with a letter or `_`, then use letters, digits and `_`"
_RULES = ("include", "exclude")


@dataclass(frozen=True)
class Value:
    """One value of a variable.

    Args:
        name: what stands for it in names.
        node: the value; of one that has keys, its name.
        keys: what it has under its name.
    """

    name: str
    node: Node
    keys: Mapping[str, Node] = field(default_factory=dict)


Combination = Mapping[str, Value]
Rule = Mapping[str, Sequence[Value]]


class Variables:
    """All variables, and the rules that leave out combinations or add some.

    Args:
        nodes: where each variable is written.
    """

    def __init__(
        self,
        values: Mapping[str, Sequence[Value]],
        nodes: Mapping[str, Node],
        include: Sequence[Rule],
        exclude: Sequence[Rule],
    ) -> None:
        self.values, self.nodes, self.include, self.exclude = values, nodes, include, exclude

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def __bool__(self) -> bool:
        return bool(self.values)

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)

    def count(self, names: Sequence[str]) -> int:
        """The maximum number of combinations."""
        count = 1
        for name in names:
            count *= len(self.values[name])
        return count + len(self.include)

    def combinations(self, names: Sequence[str], fixed: Combination) -> Iterator[Combination]:
        """The values of some variables that the rules allow, given those of the others."""
        seen = set()
        inside = all(
            value.name in {one.name for one in self.values[name]} for name, value in fixed.items()
        )
        of_product = itertools.product(*(self.values[name] for name in names)) if inside else ()
        for values in of_product:
            found = dict(zip(names, values, strict=True))
            if not any(_holds(rule, {**fixed, **found}) for rule in self.exclude):
                seen.add(tuple(value.name for value in values))
                yield found
        for rule in self.include if names else ():
            if not all(name in rule for name in names) or not all(
                value.name in {one.name for one in rule[name]}
                for name, value in fixed.items()
                if name in rule
            ):
                continue
            for values in itertools.product(*(rule[name] for name in names)):
                key = tuple(value.name for value in values)
                if key not in seen:
                    seen.add(key)
                    yield dict(zip(names, values, strict=True))

    def unknown(self, text: str) -> Iterator[tuple[str, str | None]]:
        """The problems of the placeholders of a text, each with a hint."""
        for written in placeholders(text):
            name, _, key = written.partition(".")
            if name not in self.values:
                hint = suggest(name, self.values) if self.values else "the recipe has no `matrix`"
                yield f"`${{{written}}}` is not in the matrix", hint
            elif key:
                keys = {one: None for value in self.values[name] for one in value.keys}
                if key not in keys:
                    hint = suggest(key, keys) if keys else "its values have no keys"
                    yield f"`${{{written}}}`: no value of `{name}` has the key `{key}`", hint


def placeholders(text: str) -> list[str]:
    """The contents of the placeholders of a text, each once, in order."""
    return list(dict.fromkeys(PLACEHOLDER.findall(text)))


def names_in(text: str) -> list[str]:
    """The variables in a text, each once, in order."""
    return list(dict.fromkeys(one.partition(".")[0] for one in placeholders(text)))


def _holds(rule: Rule, combination: Combination) -> bool:
    return all(
        name in combination and combination[name].name in {value.name for value in values}
        for name, values in rule.items()
    )


def variables_of(node: Node | None, problems: list[Problem]) -> Variables:
    """The variables of a `matrix`, problems added to `problems`."""
    if node is None:
        return Variables({}, {}, (), ())
    if not isinstance(node.value, dict):
        problems.append(node.problem(("matrix",), "must be a mapping of names to lists"))
        return Variables({}, {}, (), ())
    values: dict[str, Sequence[Value]] = {}
    for name, listed in node.value.items():
        path: KeyPath = ("matrix", name)
        if name in _RULES:
            continue
        if not _VARIABLE.fullmatch(name):
            problems.append(listed.problem(path, "is not a valid name", _NAME))
            continue
        problems.extend(misplaced(listed, path, "cannot be a value of the matrix"))
        values[name] = _values(listed, path, problems)
    rules = {
        rule: _rules(node.value[rule], rule, values, problems) if rule in node.value else []
        for rule in _RULES
    }
    nodes = {name: node.value[name] for name in values}
    return Variables(values, nodes, rules["include"], rules["exclude"])


def misplaced(node: Node, path: KeyPath, why: str) -> Iterator[Problem]:
    """A problem for each text with a placeholder."""
    for where, inner in walk(node, path):
        if isinstance(inner.value, str) and (found := PLACEHOLDER.search(inner.value)):
            yield inner.problem(where, f"`{found.group()}` {why}")


def _values(listed: Node, path: KeyPath, problems: list[Problem]) -> list[Value]:
    found = listed.value
    if isinstance(found, dict) and found:
        for name, node in found.items():
            if not isinstance(node.value, dict) and node.value is not None:
                problems.append(node.problem((*path, name), "must be a mapping, or nothing"))
        return [
            Value(name, Node(name, node.file, node.line, name),
                  node.value if isinstance(node.value, dict) else {})
            for name, node in found.items()
        ]  # fmt: skip
    if not isinstance(found, list) or not found:
        problems.append(
            listed.problem(path, "must be a list of at least one value, or a mapping of names")
        )
    elif any(isinstance(item.value, (dict, list)) for item in found):
        hint = "write `NAME: {key: value}` for values with keys"
        problems.append(listed.problem(path, "must be a list of plain values", hint))
    elif twice := [name for name, count in Counter(map(_name, found)).items() if count > 1]:
        problems.append(listed.problem(path, f"`{twice[0]}` is listed twice"))
    else:
        return [Value(_name(item), item) for item in found]
    return []


def _name(item: Node) -> str:
    return NOTHING if item.value is None else item.text


def _rules(
    node: Node, rule: str, values: Mapping[str, Sequence[Value]], problems: list[Problem]
) -> list[Rule]:
    path: KeyPath = ("matrix", rule)
    if not isinstance(node.value, list) or not all(
        isinstance(item.value, dict) and item.value for item in node.value
    ):
        problems.append(node.problem(path, "must be a list of mappings of variables to values"))
        return []
    rules: list[Rule] = []
    for number, item in enumerate(node.value):
        assert isinstance(item.value, dict)
        made: dict[str, list[Value]] = {}
        for name, given in item.value.items():
            where: KeyPath = (*path, number, name)
            if name not in values:
                hint = suggest(name, values)
                problems.append(given.problem(where, f"`{name}` is not in the matrix", hint))
                continue
            made[name] = []
            known = {value.name: value for value in values[name]}
            open_ended = rule == "include" and not any(value.keys for value in values[name])
            for one in given.value if isinstance(given.value, list) else [given]:
                called = _name(one)
                if called in known:
                    made[name].append(known[called])
                elif open_ended and not isinstance(one.value, (dict, list)):
                    made[name].append(Value(called, one))
                else:
                    hint = suggest(called, known)
                    message = f"`{called}` is not a value of `{name}`"
                    problems.append(one.problem(where, message, hint))
        rules.append(made)
    return rules
