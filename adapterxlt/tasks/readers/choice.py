"""Multiple choice as JSON lines (COPA, XCOPA, Social IQa)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from adapterxlt.tasks.files import bad
from adapterxlt.tasks.find import Found
from adapterxlt.tasks.readers.labels import LabelIndex
from adapterxlt.tasks.readers.rows import json_records, text_field
from adapterxlt.tasks.types import ChoiceExample


def read_choice_jsonl(found: Found) -> Iterator[ChoiceExample]:
    """Premise and question as one context, the candidates, the index of the right one.

    Test files may lack the labels, or (XTREME's XCOPA) carry one and the same throughout where
    the layout says so: both give `label` None.

    Raises:
        MissingDataError: a line that is not JSON or lacks a key, an unknown question code or
            label, an empty file.
    """
    labels = LabelIndex(found)
    examples = [
        _example(found, labels, str(index), number, record)
        for index, (number, record) in enumerate(json_records(found.files["data"]))
    ]
    if (
        found.layout.blanked_when_constant
        and found.split == "test"
        and len(examples) > 1
        and len({example.label for example in examples}) == 1
    ):
        return iter([replace(example, label=None) for example in examples])
    return iter(examples)


def _example(
    found: Found, labels: LabelIndex, name: str, number: int, record: dict[str, Any]
) -> ChoiceExample:
    path, layout = found.files["data"], found.layout
    columns = layout.columns
    context = text_field(path, number, record, str(columns["context"]))
    question = text_field(path, number, record, str(columns["question"]))
    if layout.question_text:
        if question not in layout.question_text:
            allowed = ", ".join(layout.question_text)
            raise bad(path, number, f"unknown question `{question}`", f"allowed: {allowed}")
        question = layout.question_text[question]
    keys = columns["choices"]
    if not isinstance(keys, tuple):
        raise TypeError(f"layout `{layout.name}` of `{found.task.name}`: choices must be a list")
    choices = tuple(text_field(path, number, record, key) for key in keys)
    label = record.get(str(columns["label"]))
    if label is None or label == "":
        if found.split != "test":
            raise bad(path, number, f"no `{columns['label']}`")
        return ChoiceExample(name, f"{context} {question}", choices, None)
    return ChoiceExample(name, f"{context} {question}", choices, labels.of(str(label), number))
