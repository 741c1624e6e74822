"""Reads records of one or two texts with a label, several labels, or a number."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adapterxlt.kinds.regression import ValuedText
from adapterxlt.kinds.text_classification import LabelledText
from adapterxlt.tasks.find import Found
from adapterxlt.tasks.readers.labels import DROP, LabelIndex, tell_dropped
from adapterxlt.tasks.readers.records import Record, name_of, records_of, text_field, value_of
from adapterxlt.tasks.reading import bad

BETWEEN_LABELS = "|"  # separates several labels in one field


def read_labelled_texts(found: Found) -> Iterator[LabelledText]:
    """Read texts with the names of their labels; a test file may lack the labels.

    Raises:
        MissingDataError: a record is malformed or lacks a key, or a label is unknown.
    """
    path, known = found.files["data"], LabelIndex(found)
    dropped = 0
    for index, (line, record, text, pair) in enumerate(_texts(found)):
        name = name_of(found, index, record)
        given = _answer(found, line, record, "label")
        several = found.task.multi_label
        if given is None or (given == "" and not several):
            yield LabelledText(name, text, pair)
            continue
        listed = given if isinstance(given, list) else [str(given)]
        if several and not isinstance(given, list):
            listed = [part for part in str(given).split(BETWEEN_LABELS) if part]
        numbers = [known.of(str(label), line) for label in listed]
        if not several and len(listed) != 1:
            raise bad(
                path, line, f"has {len(listed)} labels", "set `multi_label: true` to allow several"
            )
        if DROP in numbers:
            dropped += 1
            continue
        names = tuple(found.task.labels[number] for number in numbers)
        if several:
            yield LabelledText(name, text, pair, labels=names)
        else:
            yield LabelledText(name, text, pair, label=names[0])
    tell_dropped(found, dropped)


def read_valued_texts(found: Found) -> Iterator[ValuedText]:
    """Read texts with numbers; a test file may lack the numbers.

    Raises:
        MissingDataError: a record is malformed or lacks a key, or its value is not a number.
    """
    path = found.files["data"]
    for index, (line, record, text, pair) in enumerate(_texts(found)):
        name, given = name_of(found, index, record), _answer(found, line, record, "value")
        if given in (None, ""):
            yield ValuedText(name, text, pair)
            continue
        yield ValuedText(name, text, pair, _number(path, line, given))


def _texts(found: Found) -> Iterator[tuple[int, Record, str, str | None]]:
    path, layout = found.files["data"], found.layout
    first = str(layout.columns.get("text", "text"))
    second = layout.columns.get("text_pair")
    for line, record in records_of(found):
        pair = None if second is None else text_field(path, line, record, str(second))
        yield line, record, text_field(path, line, record, first), pair


def _answer(found: Found, line: int, record: Record, field: str) -> Any:
    """Return the value to be predicted; None if a test file does not have it."""
    key = str(found.layout.columns.get(field, field))
    if found.split == "test" and record.get(key) is None:
        return None
    return value_of(found.files["data"], line, record, key)


def _number(path: Path, line: int, given: object) -> float:
    try:
        number = float(str(given))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise bad(path, line, f"`{given!s:.40}` is not a number")
    return number
