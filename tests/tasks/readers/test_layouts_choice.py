"""Small multiple-choice files in every official layout."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.multiple_choice import ChoiceExample
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.read import read_examples

from ..conftest import Write


def choices(root: Path, task: str, split: str) -> ChoiceExample:
    example = read_examples(get_task(task), [root], "en", split)[0]
    assert isinstance(example, ChoiceExample)
    return example


def test_hellaswag_s_endings_follow_ctx_b(write: Write, tmp_path: Path) -> None:
    record = {"ctx_a": "A man sits.", "ctx_b": "he", "ctx": "A man sits. he", "label": 3,
              "endings": ["a", "b", "c", "d"]}  # fmt: skip
    write("hellaswag/hellaswag_val.jsonl", json.dumps(record) + "\n")
    assert choices(tmp_path, "hellaswag", "dev") == ChoiceExample(
        "0", "A man sits.", ("he a", "he b", "he c", "he d"), 3
    )
    del record["label"]
    write("hellaswag/hellaswag_test.jsonl", json.dumps({**record, "ctx_b": ""}) + "\n")
    assert choices(tmp_path, "hellaswag", "test") == ChoiceExample(
        "0", "A man sits.", ("a", "b", "c", "d"), None
    )


@pytest.mark.parametrize(
    ("endings", "message"),
    [
        ('"xyz"', "`endings` is not a list of choices, but 'xyz'"),  # which is no three choices
        ("null", "`endings` is not a list of choices, but None"),
        ('["x"]', "`endings` does not hold the choices"),
        ('["x", 2]', "`endings` does not hold the choices"),
    ],
)
def test_choices_that_are_none(write: Write, tmp_path: Path, endings: str, message: str) -> None:
    record = f'{{"ctx_a": "a", "ctx_b": "b", "endings": {endings}, "label": 0}}\n'
    write("hellaswag/hellaswag_train.jsonl", record)
    with pytest.raises(MissingDataError, match=f":1: {message}"):
        read_examples(get_task("hellaswag"), [tmp_path], "en", "train")


def test_commonsenseqa_nests_its_question(write: Write, tmp_path: Path) -> None:
    listed = [{"label": label, "text": label.lower()} for label in "ABCDE"]
    record = {"id": "x", "answerKey": "E", "question": {"stem": "Where?", "choices": listed}}
    write("commonsenseqa/dev_rand_split.jsonl", json.dumps(record) + "\n")
    expected = ChoiceExample("0", "Where?", ("a", "b", "c", "d", "e"), 4)
    assert choices(tmp_path, "commonsenseqa", "dev") == expected
    record["question"] = {"stem": "Where?", "choices": listed[:4]}
    write("commonsenseqa/dev_rand_split.jsonl", json.dumps(record) + "\n")
    with pytest.raises(MissingDataError, match=":1: the label is `E`, but there are 4 choices"):
        choices(tmp_path, "commonsenseqa", "dev")


def test_cosmosqa_is_csv_with_line_breaks(write: Write, tmp_path: Path) -> None:
    write("cosmosqa/valid.csv", "id,context,question,answer0,answer1,answer2,answer3,label\n"
          'x,"One, ""two""\nthree",Why ?,a,b,c,d,2\n')  # fmt: skip
    assert choices(tmp_path, "cosmosqa", "dev") == ChoiceExample(
        "0", 'One, "two"\nthree Why ?', ("a", "b", "c", "d"), 2
    )


def test_social_iqa_s_labels_in_a_file_of_their_own(write: Write, tmp_path: Path) -> None:
    record = {"context": "c", "question": "q", "answerA": "1", "answerB": "2", "answerC": "3"}
    write("socialiqa-train-dev/dev.jsonl", json.dumps(record) + "\n")
    write("socialiqa-train-dev/dev-labels.lst", "3\n")
    assert choices(tmp_path, "siqa", "dev") == ChoiceExample("0", "c q", ("1", "2", "3"), 2)
    write("socialiqa-train-dev/dev-labels.lst", "3\n1\n")
    with pytest.raises(MissingDataError, match="2 labels for 1 records"):
        choices(tmp_path, "siqa", "dev")
