from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.stages.running.data import labelled_examples
from adapterxlt.tasks.catalogue import get_task


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
