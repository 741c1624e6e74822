"""Reads from a lineage what a model was trained on, and how; its name does not count.

`mini > mnli (lora) > udpos (lora, after)`, as `plan.lineage` writes it, is `mnli` as intermediate
task, `after`, by `lora`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from adapterxlt.results.rows import Row

SEVERAL = ("fuse", "merge", "ensemble")  # stages that a lineage writes as `fuse(a + b)`
_STEP = re.compile(r"(?P<task>.*?) \((?P<method>.*)\)", re.DOTALL)
_RELATIONS = ("after", "stacked")
_MOST = 60  # characters of the names of many intermediate tasks


@dataclass(frozen=True)
class Origin:
    """Where a model comes from.

    Args:
        backbone: its name.
        intermediate: the tasks that it was trained on before, oldest first; () for none.
        how: how it was put on top of them: `after`, `stacked`, `fuse`, ...; "" without any.
        method: of the last training.
        languages: of the labelled data, where these are not English alone.
    """

    backbone: str
    intermediate: tuple[str, ...]
    how: str
    method: str
    languages: tuple[str, ...]

    @property
    def tasks(self) -> str:
        """The intermediate tasks in words."""
        if not self.intermediate:
            return "none"
        text = " + ".join(self.intermediate)
        return text if len(text) <= _MOST else f"{len(self.intermediate)} tasks, {text[:30]}..."


def origin_of(row: Row) -> Origin:
    """Where the model of a row comes from.

    A model that sentences are looked up by was trained on no target: all its tasks are
    intermediate ones.
    """
    backbone, *steps = _split(row.lineage, " > ")
    found: list[str] = []
    how, method = "", ""
    for number, step in enumerate(steps):
        last = number == len(steps) - 1
        members = _members(step)
        if members is not None:
            how = step.partition("(")[0]
            for member in members:
                found += _tasks(_split(member, " > "), whole=row.layer is not None or not last)
            continue
        task, method, relation = _parsed(step)
        method = "" if how == "fuse" else method  # its members have one
        how = relation or how
        if not last or row.layer is not None:
            found.append(task)
    languages = row.trained_in if row.trained_in != ("en",) else ()
    return Origin(backbone, tuple(dict.fromkeys(found)), how, method, languages)


def _tasks(chain: list[str], *, whole: bool) -> Iterator[str]:
    """The tasks of one of several models; without `whole`, all except that of the last training."""
    for number, step in enumerate(chain):
        members = _members(step)
        if members is not None:
            for member in members:
                yield from _tasks(_split(member, " > "), whole=True)
        elif whole or number < len(chain) - 1:
            yield _parsed(step)[0]


def _members(step: str) -> list[str] | None:
    kind = step.partition("(")[0]
    if kind not in SEVERAL or not step.endswith(")"):
        return None
    return _split(step[len(kind) + 1 : -1], " + ")


def _parsed(step: str) -> tuple[str, str, str]:
    """Task, method, and relation to what came before."""
    found = _STEP.fullmatch(step)
    if found is None:
        return step, "", ""
    method, *others = _split(found["method"], ", ")
    return found["task"], method, next((one for one in others if one in _RELATIONS), "")


def _split(text: str, at: str) -> list[str]:
    """The parts of a text between separators that are in no brackets."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if depth == 0 and text.startswith(at, place):
            parts.append(text[start:place])
            start = place + len(at)
    return [*parts, text[start:]]
