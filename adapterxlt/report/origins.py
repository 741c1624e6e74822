"""Reads from a lineage what a model was trained on, and how; the model's name does not count.

For example, `plan.lineage` writes `mini > mnli (lora) > udpos (lora, after)`. It means that `mnli`
is the intermediate task, and that the model was then trained `after` it with the method `lora`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from adapterxlt.languages import is_among, same_language
from adapterxlt.results.rows import Row

SEVERAL = ("fuse", "merge", "ensemble")  # kinds that a lineage writes as `fuse(a + b)`
_STEP = re.compile(r"(?P<task>.*?) \((?P<method>.*)\)", re.DOTALL)
_RELATIONS = ("after", "stacked")
NONE, AGAIN = "none", "the same task"
_SHOTS = re.compile(r"\[(?:translated, )?(\d+) shots")


@dataclass(frozen=True)
class Origin:
    """Where a model comes from.

    Args:
        backbone: its name.
        intermediate: the other tasks that it was trained on before, oldest first; () for none.
        how: how it builds on them: `after`, `stacked`, `fuse`, ...; "" if there are none.
        method: the method of the last training.
        languages: the languages of the labelled data, English first; () if these are only English.
        shots: the number of examples a class in the last training; 0 for all that there are.
        again: whether the last training was on a task that it had been trained on before.
    """

    backbone: str
    intermediate: tuple[str, ...]
    how: str
    method: str
    languages: tuple[str, ...]
    shots: int = 0
    again: bool = False

    @property
    def tasks(self) -> str:
        """Return the intermediate tasks in words."""
        found = [*self.intermediate, *([AGAIN] if self.again else [])]
        return " + ".join(found) or NONE


def origin_of(row: Row) -> Origin:
    """Return where the model of a row comes from.

    A model for retrieval was not trained on a target, so all its tasks are intermediate tasks.
    """
    backbone, *steps = _split(row.lineage, " > ")
    found: list[str] = []
    how, method, task = "", "", ""
    for number, step in enumerate(steps):
        last = number == len(steps) - 1
        members = _members(step)
        if members is not None:
            how = step.partition("(")[0]
            for member in members:
                found += _tasks(_split(member, " > "), whole=row.layer is not None or not last)
            continue
        task, method, relation = _parsed(step)
        method = "" if how == "fuse" else method  # only its members have a method
        how = relation or how
        if not last or row.layer is not None:
            found.append(task)
    again = False
    spoken: list[str] = []  # `en` and `eng_Latn` are one
    for code in row.trained_in:
        if not is_among(code, spoken):
            spoken.append(code)
    if row.layer is None:  # trained on the target's data, as in another language: no other task
        own = {_name(task), *row.same_data}
        again = how in _RELATIONS and any(_name(one) in own for one in found)
        found = [one for one in found if _name(one) not in own]
    spoken.sort(key=lambda code: not same_language(code, "en"))  # as in tables
    languages = () if len(spoken) == 1 and same_language(spoken[0], "en") else tuple(spoken)
    few = _SHOTS.search(task)
    return Origin(
        *(backbone, tuple(dict.fromkeys(found)), how, method, languages),
        shots=int(few[1]) if few else 0,
        again=again,
    )


def _name(task: str) -> str:
    """The name of a task without its languages and variants: `sib200` of `sib200(deu_Latn)`."""
    return re.split(r"[\[(]", task, maxsplit=1)[0]


def _tasks(chain: list[str], *, whole: bool) -> Iterator[str]:
    """Yield the tasks of a chain of steps; if not `whole`, the last training is left out."""
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
    """Return a step's task, method, and relation to the step before."""
    found = _STEP.fullmatch(step)
    if found is None:
        return step, "", ""
    method, *others = _split(found["method"], ", ")
    return found["task"], method, next((one for one in others if one in _RELATIONS), "")


def _split(text: str, at: str) -> list[str]:
    """Split a text at separators outside brackets."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if depth == 0 and text.startswith(at, place):
            parts.append(text[start:place])
            start = place + len(at)
    return [*parts, text[start:]]
