"""Guesses the columns of multiple choice: a context, several choices, and the right one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import ascii_uppercase
from typing import Any

from adapterxlt.tasks.guessed import LABEL, Columns, Values, named

_CONTEXT = ("context", "premise", "ctx", "question")
_LISTED = ("choices", "endings", "options")  # a list in one column
_NUMBERED = re.compile(
    r"(choice|ending|option|answer|candidate|solution|sol)_?(?:[0-9]|[a-e])", re.IGNORECASE
)
_ANSWER = (*LABEL, "answer", "correct", "answerkey", "answer_key")


def guess_choice(values: Values) -> Columns | None:
    """Return the columns of multiple choice; None if the records do not look like it.

    The labels are those of the choices, in the order of the choices.
    """
    context, right = named(values, _CONTEXT), named(values, _ANSWER)
    choices, count = _choices(values)
    if not context or not right or count < 2:
        return None
    labels = _labels([str(value) for value in values[right]], choices, count)
    if not labels:
        return None
    columns: dict[str, Any] = {"context": context}
    question = named(values, ("question",))
    if question not in (None, context):
        columns["question"] = question
    columns |= {"choices": choices, "label": right}
    note = f"labels of `{right}`, in the order of the choices: {', '.join(labels)}"
    return Columns("multiple_choice", columns, labels, [note])


def _choices(values: Values) -> tuple[str | list[str], int]:
    """Return the column or columns of the choices, and how many choices there are."""
    listed = named(values, _LISTED)
    if listed and all(isinstance(value, list) for value in values[listed]):
        return listed, max(map(len, values[listed]))
    by_stem: dict[str, list[str]] = {}
    for name in values:
        if match := _NUMBERED.fullmatch(name):
            by_stem.setdefault(match[1].lower(), []).append(name)
    found = max(by_stem.values(), key=len, default=[])
    return found, len(found)


def _labels(given: Sequence[str], choices: str | list[str], count: int) -> tuple[str, ...]:
    """Return the label of each choice: numbers, letters or columns; none if the values differ."""
    stated = {value for value in given if value not in ("", "None", "-1")}
    forms = [
        [str(number) for number in range(count)],
        [str(number) for number in range(1, count + 1)],
        list(ascii_uppercase[:count]),
        choices if isinstance(choices, list) else [],
    ]
    return next((tuple(form) for form in forms if stated and stated <= set(form)), ())
