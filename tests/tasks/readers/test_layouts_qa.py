"""Small question files in every official layout, with the traps they hold."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.span_qa import QAExample
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.find import find
from adapterxlt.tasks.read import read_examples

from ..conftest import Write


def squad(*questions: dict[str, object], context: str = "In Bonn.") -> str:
    return json.dumps({"data": [{"paragraphs": [{"context": context, "qas": list(questions)}]}]})


def asked(name: str, *answers: tuple[int, str], **more: object) -> dict[str, object]:
    listed = [{"answer_start": start, "text": text} for start, text in answers]
    return {"id": name, "question": "Where?", "answers": listed, **more}


def test_squad_2_has_questions_without_answer(write: Write, tmp_path: Path) -> None:
    plausible = [{"answer_start": 3, "text": "Bonn"}]
    impossible = asked("b", is_impossible=True, plausible_answers=plausible)
    write("squad/dev-v2.0.json", squad(asked("a", (3, "Bonn"), is_impossible=False), impossible))
    assert read_examples(get_task("squad_v2"), [tmp_path], "en", "dev") == [
        QAExample("a", "Where?", "In Bonn.", ((3, "Bonn"),)),
        QAExample("b", "Where?", "In Bonn.", ()),
    ]


MLQA = "{}/{}-context-{}-question-{}.json"


@pytest.mark.parametrize(
    "folder",
    ["mlqa/MLQA_V1/dev", "MLQA/MLQA_V1/dev", "MLQA/MLQA_v1/dev", "MLQA_V1/dev", "mlqa_de_de"],
)
def test_mlqa_in_every_spelling(write: Write, tmp_path: Path, folder: str) -> None:
    write(MLQA.format(folder, "dev", "de", "de"), squad(asked("a", (3, "Bonn"))))
    for task in ("mlqa", "xglue_mlqa"):
        assert len(read_examples(get_task(task), [tmp_path], "de", "dev")) == 1


def test_mlqa_across_languages_is_named_context_first(write: Write, tmp_path: Path) -> None:
    path = write(
        MLQA.format("mlqa/MLQA_V1/test", "test", "de", "en"), squad(asked("a", (3, "Bonn")))
    )
    assert find(get_task("mlqa_cross"), [tmp_path], "de-en", "test").files == {"data": path}
    assert len(get_task("mlqa_cross").languages) == 42


ALL = squad(
    asked("english-1-0", (3, "Bonn")),
    asked("finnish-1-0", (3, "Bonn")),
    asked("english-2-0", (3, "Bonn")),
)


@pytest.mark.parametrize(
    "path",
    [
        "tydiqa/tydiqa-goldp-v1.1-train/tydiqa.goldp.en.train.json",
        "tydiqa/tydiqa-goldp-v1.1-train/tydiqa.en.train.json",
        "tydiqa/tydiqa-goldp-v1.1-train.json",
        "tydiqa/tydiqa-goldp-v1.1-train/tydiqa-goldp-v1.1-train.json",
        "tasks/data/tydiqa_en/tydiqa.en.train.json",
    ],
)
def test_tydiqa_trains_on_english_alone(
    write: Write, tmp_path: Path, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    write(path, ALL)
    with caplog.at_level(logging.WARNING):
        examples = read_examples(get_task("tydiqa"), [tmp_path], "en", "train")
    assert [example.id for example in examples] == ["english-1-0", "english-2-0"]
    assert "skipped 1 of 3 questions, which are not in `en`" in caplog.text


def test_tydiqa_without_a_question_in_the_language(write: Write, tmp_path: Path) -> None:
    write("tydiqa_ko/tydiqa.ko.train.json", ALL)
    with pytest.raises(MissingDataError, match="does not hold any questions in `ko`"):
        read_examples(get_task("tydiqa"), [tmp_path], "ko", "train")


def test_tydiqa_ids_that_name_no_language(write: Write, tmp_path: Path) -> None:
    write("tydiqa/tydiqa-goldp-v1.1-train.json", squad(asked("17", (3, "Bonn"))))
    with pytest.raises(MissingDataError, match="question id `17` does not name a language"):
        read_examples(get_task("tydiqa"), [tmp_path], "en", "train")


def test_xtreme_s_english_tydiqa_numbers_its_questions_over_and_over(
    write: Write, tmp_path: Path
) -> None:
    path = "tydiqa/tydiqa-goldp-v1.1-train/tydiqa.goldp.en.train.json"
    write(path, squad(asked("0", (3, "Bonn")), asked("0", (3, "Bonn"))))
    examples = read_examples(get_task("tydiqa"), [tmp_path], "en", "train")
    assert [example.id for example in examples] == ["0", "0#2"]


def test_tydiqa_s_dev_set_by_the_languages_english_names(write: Write, tmp_path: Path) -> None:
    path = "tydiqa/tydiqa-goldp-v1.1-dev/tydiqa-goldp-dev-swahili.json"
    write(path, squad(asked("swahili-1", (3, "Bonn"))))
    for split in ("dev", "test"):
        assert len(read_examples(get_task("tydiqa"), [tmp_path], "sw", split)) == 1
