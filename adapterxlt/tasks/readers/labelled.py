"""Tables of one text, or two, and what is said of it: a label, several labels, or a number."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from adapterxlt.kinds.regression import ValuedText
from adapterxlt.kinds.text_classification import LabelledText
from adapterxlt.tasks.files import bad
from adapterxlt.tasks.find import Found
from adapterxlt.tasks.readers.labels import DROP, LabelIndex
from adapterxlt.tasks.readers.records import Record, records_of, text_field

_WITHHELD = (None, "", -1)


def read_labelled_texts(found: Found) -> Iterator[LabelledText]:
    """Texts with a label; of a task of several labels, with a list, or `one, two` in a table.

    A test file may lack the labels.

    Raises:
        MissingDataError: a malformed record, one that lacks a column, or an unknown label.
    """
    path, column = found.files["data"], str(found.layout.columns["label"])
    labels = LabelIndex(found)
    for at, (number, record) in enumerate(records_of(found)):
        texts = _texts(found, number, record)
        value = _value(found, number, record, column)
        if found.task.multi_label:
            if value is None and found.split == "test":
                yield LabelledText(str(at), *texts)
                continue
            split = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
            if split is not None and not isinstance(split, list):
                raise bad(path, number, f"`{column}` holds no list of labels")
            names = [str(name) for name in split or [] if str(name)]
            indices = dict.fromkeys(labels.of(name, number) for name in names)
            told = tuple(found.task.labels[index] for index in indices if index != DROP)
            yield LabelledText(str(at), *texts, labels=told)
        elif value in _WITHHELD and found.split == "test":
            yield LabelledText(str(at), *texts)
        elif (index := labels.of(str(value), number)) != DROP:
            yield LabelledText(str(at), *texts, label=labels.names[index])


def read_valued_texts(found: Found) -> Iterator[ValuedText]:
    """Texts with a number; a test file may lack it.

    Raises:
        MissingDataError: a malformed record, one that lacks a column, or what is no number.
    """
    path, column = found.files["data"], str(found.layout.columns["value"])
    for at, (number, record) in enumerate(records_of(found)):
        texts = _texts(found, number, record)
        value = _value(found, number, record, column)
        if value in _WITHHELD and found.split == "test":
            yield ValuedText(str(at), *texts)
            continue
        try:
            amount = float(value)
        except (TypeError, ValueError):
            amount = math.nan
        if not math.isfinite(amount):
            raise bad(path, number, f"`{column}` is not a number but {value!r:.60}")
        yield ValuedText(str(at), *texts, value=amount)


def _texts(found: Found, number: int, record: Record) -> tuple[str, str | None]:
    path, columns = found.files["data"], found.layout.columns
    second = columns.get("text_pair")
    return (
        text_field(path, number, record, str(columns["text"])),
        None if second is None else text_field(path, number, record, str(second)),
    )


def _value(found: Found, number: int, record: Record, column: str) -> Any:
    """What a record says; a test file may lack the column."""
    if column not in record and found.split != "test":
        keys = ", ".join(record)
        raise bad(found.files["data"], number, f"no `{column}`", f"the record has {keys}")
    return record.get(column)
