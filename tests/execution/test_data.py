from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.stages.running.data import labelled_examples
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.own import own_catalogue


def write_squad(path: Path, name: str, text: str) -> None:
    answers = [{"answer_start": 0, "text": text}]
    question = {"id": name, "question": "Who?", "answers": answers}
    document = {"data": [{"paragraphs": [{"context": "Ann is here.", "qas": [question]}]}]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))


def test_a_blanked_dev_file_does_not_send_to_dev(tmp_path: Path) -> None:
    folder = tmp_path / "tydiqa"
    write_squad(folder / "tydiqa-goldp-v1.1-dev/tydiqa.goldp.en.dev.json", "english-1", "")
    task = get_task("tydiqa")
    for split in ("dev", "test"):  # which are the same file
        with pytest.raises(MissingDataError) as error:
            labelled_examples(task, [tmp_path], "en", split)
        assert "no other split here has labels" in str(error.value.hint)
    train = folder / "tydiqa-goldp-v1.1-train/tydiqa.goldp.en.train.json"
    write_squad(train, "english-2", "Ann")
    with pytest.raises(MissingDataError) as error:
        labelled_examples(task, [tmp_path], "en", "dev", instead=("train", "dev", "test"))
    assert str(error.value.hint).endswith("use `split: train`")


def test_withheld_test_labels_send_to_dev(tmp_path: Path) -> None:
    (tmp_path / "xnli").mkdir()
    (tmp_path / "xnli/test-de.tsv").write_text("a\tb\nc\td\n")
    (tmp_path / "xnli/dev-de.tsv").write_text("a\tb\tneutral\n")
    with pytest.raises(MissingDataError) as error:
        labelled_examples(get_task("xnli"), [tmp_path], "de", "test")
    assert str(error.value.hint).endswith("are withheld: use `split: dev`")


def test_a_file_without_the_column_of_labels_is_named(tmp_path: Path) -> None:
    path = tmp_path / "sw.test.csv"
    path.write_text("text,topic\none text,a\n")
    entry = tmp_path / "t.yaml"
    entry.write_text(
        "kind: text_classification\nlabels: [a, b]\nlanguages: [sw]\nformat: csv\n"
        "files: '{lang}.{split}.csv'\ncolumns: {text: text, label: label}\n"
    )
    task = own_catalogue([entry])["t"]
    told = f"{path}: does not have the column `label`, only text, topic: 1 of 1 test examples"
    with pytest.raises(MissingDataError) as error:
        labelled_examples(task, [], "sw", "test")
    assert error.value.message.startswith(told)
    assert "if the labels have another column there, rename it" in str(error.value.hint)
