"""Multiple choice as records (COPA, Social IQa, HellaSwag, CommonsenseQA, CosmosQA)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from adapterxlt.kinds.multiple_choice import ChoiceExample
from adapterxlt.tasks.find import Found
from adapterxlt.tasks.layout import Column
from adapterxlt.tasks.readers.labels import DROP, LabelIndex, tell_dropped
from adapterxlt.tasks.readers.records import Record, name_of, records_of, text_field, value_of
from adapterxlt.tasks.reading import bad, read_lines

# The values that stand for a withheld label.
_BLANK = (None, "", -1, "-1")


def read_choice_records(found: Found) -> Iterator[ChoiceExample]:
    """Read premise and question as one context, the candidates, and the index of the right one.

    Test files may lack the labels. If the layout says so, they may also carry the same label
    throughout (XTREME's XCOPA). In both cases `label` is None.

    Raises:
        MissingDataError: a record is malformed or lacks a key, a question code or label is
            unknown, or the file is empty.
    """
    labels = LabelIndex(found)
    read = [
        _example(found, labels, name_of(found, index, record), number, record)
        for index, (number, record) in enumerate(_records(found))
    ]
    examples = [example for example in read if example.label != DROP]
    tell_dropped(found, len(read) - len(examples))
    if (
        found.layout.blanked_when_constant
        and found.split == "test"
        and len(examples) > 1
        and len({example.label for example in examples}) == 1
    ):
        return iter([replace(example, label=None) for example in examples])
    return iter(examples)


def _records(found: Found) -> Iterator[tuple[int, Record]]:
    """Yield the records with their labels, which Social IQa publishes in a separate file."""
    path = found.files.get("answers")
    if path is None:
        yield from records_of(found)
        return
    key, answers = str(found.layout.columns["label"]), read_lines(path)
    listed = list(records_of(found))
    if len(listed) != len(answers):
        raise bad(path, 0, f"{len(answers)} labels for {len(listed)} records")
    for (number, record), answer in zip(listed, answers, strict=True):
        yield number, {**record, key: answer}


def _example(
    found: Found, labels: LabelIndex, name: str, number: int, record: Record
) -> ChoiceExample:
    path, layout = found.files["data"], found.layout
    columns = layout.columns
    context = text_field(path, number, record, str(columns["context"]))
    if "question" in columns:
        question = text_field(path, number, record, str(columns["question"]))
        if layout.question_text:
            if question not in layout.question_text:
                allowed = ", ".join(layout.question_text)
                raise bad(path, number, f"unknown question `{question}`", f"allowed: {allowed}")
            question = layout.question_text[question]
        context = f"{context} {question}"
    choices = _choices(path, number, record, columns["choices"])
    if "choice_start" in columns:
        start = text_field(path, number, record, str(columns["choice_start"]))
        choices = tuple(f"{start} {choice}" if start else choice for choice in choices)
    label = record.get(str(columns["label"]))
    if label in _BLANK:
        if found.split != "test":
            raise bad(path, number, f"no `{columns['label']}`")
        return ChoiceExample(name, context, choices, None)
    index = labels.of(str(label), number)
    if index >= len(choices):
        raise bad(path, number, f"the label is `{label}`, but there are {len(choices)} choices")
    return ChoiceExample(name, context, choices, index)


def _choices(path: Path, number: int, record: Record, column: Column) -> tuple[str, ...]:
    """Read the candidates from one field each or from one common field.

    A common field holds texts, or objects with a `text`.
    """
    if isinstance(column, tuple):
        return tuple(text_field(path, number, record, str(key)) for key in column)
    listed: Any = value_of(path, number, record, str(column))
    if isinstance(listed, dict):  # the form on the Hub: {label: [...], text: [...]}
        listed = listed.get("text")
    if not isinstance(listed, list):
        raise bad(path, number, f"`{column}` is not a list of choices, but {listed!r:.60}")
    items = [item.get("text") if isinstance(item, dict) else item for item in listed]
    texts = tuple(item for item in items if isinstance(item, str))
    if len(texts) < 2 or len(texts) < len(items):
        raise bad(path, number, f"`{column}` does not hold the choices")
    return texts
