from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.multiple_choice import ChoiceExample
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.read import read_examples

from ..conftest import Write

COPA = {
    "premise": "It rained.",
    "question": "effect",
    "choice1": "It got wet.",
    "choice2": "It got dry.",
    "label": 0,
}


def lines(*records: dict[str, object]) -> str:
    return "\n".join(json.dumps(record) for record in records)


def test_copa(write: Write, tmp_path: Path) -> None:
    write("xcopa/val-tr.jsonl", lines(COPA, {**COPA, "question": "cause", "label": 1}))
    choices = ("It got wet.", "It got dry.")
    assert read_examples(get_task("xcopa"), [tmp_path], "tr", "dev") == [
        ChoiceExample("0", "It rained. What happened as a result?", choices, 0),
        ChoiceExample("1", "It rained. What was the cause?", choices, 1),
    ]


def test_social_iqa(write: Write, tmp_path: Path) -> None:
    record = {
        "context": "Kai fell.",
        "question": "Why?",
        "answerA": "a",
        "answerB": "b",
        "answerC": "c",
        "correct": "C",
    }
    write("siqa/socialIQa_v1.4_dev.jsonl", lines(record))
    assert read_examples(get_task("siqa"), [tmp_path], "en", "dev") == [
        ChoiceExample("0", "Kai fell. Why?", ("a", "b", "c"), 2)
    ]


def test_one_label_throughout_a_test_file_is_no_label(write: Write, tmp_path: Path) -> None:
    write("xcopa/test-tr.jsonl", lines(COPA, COPA, COPA))
    examples = read_examples(get_task("xcopa"), [tmp_path], "tr", "test")
    assert [example.label for example in examples] == [None, None, None]
    write("xcopa/test-tr.jsonl", lines(COPA, {**COPA, "label": 1}))
    examples = read_examples(get_task("xcopa"), [tmp_path], "tr", "test")
    assert [example.label for example in examples] == [0, 1]
    write("xcopa/val-tr.jsonl", lines(COPA, COPA, COPA))
    examples = read_examples(get_task("xcopa"), [tmp_path], "tr", "dev")
    assert [example.label for example in examples] == [0, 0, 0]


def test_labels_left_out(write: Write, tmp_path: Path) -> None:
    record = {key: value for key, value in COPA.items() if key != "label"}
    write("xcopa/test-tr.jsonl", lines(record))
    assert read_examples(get_task("xcopa"), [tmp_path], "tr", "test")[0].label is None
    path = write("xcopa/val-tr.jsonl", lines(COPA, record))
    with pytest.raises(MissingDataError) as caught:
        read_examples(get_task("xcopa"), [tmp_path], "tr", "dev")
    assert caught.value.message == f"{path}:2: no `label`"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": 2}, ":1: unknown label `2`\n  allowed: 0, 1"),
        ({"question": "why"}, ":1: unknown question `why`\n  allowed: cause, effect"),
        ({"choice2": None}, ":1: `choice2` is not a text, but None"),
    ],
)
def test_bad_records(write: Write, tmp_path: Path, change: dict[str, object], message: str) -> None:
    write("xcopa/val-tr.jsonl", lines({**COPA, **change}))
    with pytest.raises(MissingDataError, match=message):
        read_examples(get_task("xcopa"), [tmp_path], "tr", "dev")
