"""XTREME's machine translations, in the layouts that they were published in."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.span_qa import QAExample
from adapterxlt.tasks.catalogue import catalogue, compatible, get_task
from adapterxlt.tasks.find import available_languages
from adapterxlt.tasks.read import read_examples

BUCKET = "xtreme_translations"


def write(path: Path, *rows: tuple[str, ...]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")


def question(name: str, *answers: tuple[int, str]) -> dict[str, object]:
    found = [{"answer_start": start, "text": text} for start, text in answers]
    return {"id": name, "question": f"{name}?", "answers": found}


def write_squad(path: Path, context: str, *questions: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    paragraphs = [{"context": context, "qas": list(questions)}]
    path.write_text(json.dumps({"version": "1.1", "data": [{"paragraphs": paragraphs}]}))


def test_what_is_said_of_them() -> None:
    made = {task.name: task for task in catalogue().values() if "_translate_t" in task.name}
    assert len(made) == 9
    for name, task in made.items():
        assert task.made.startswith("translated by machine")
        assert task.benchmarks == ("xtreme-translations",)
        assert "en" not in task.languages
        assert task.protocol == ("translate-test" if name.endswith("_test") else "")
    for task in catalogue().values():
        if task.translated is not None:
            assert compatible(get_task(task.translated), task) is None
            assert get_task(task.translated).splits == ("train",)


@pytest.mark.parametrize("root", [f"{BUCKET}/XNLI", "XNLI"])
def test_pairs_stand_beside_the_english_ones(tmp_path: Path, root: str) -> None:
    write(
        tmp_path / root / "translate-train/en-de-translated.tsv",
        ("It rains.", 'It is "wet".', "Es regnet.", 'Es ist "nass".', "entailment"),
        ("It rains.", "It is dry.", "Es regnet.", "Es ist trocken.", "contradictory"),
    )
    task = get_task("xnli_translate_train")
    first, second = read_examples(task, [tmp_path], "de", "train")
    assert (first.text_a, first.text_b, first.label) == ("Es regnet.", 'Es ist "nass".', 0)  # type: ignore[attr-defined]
    assert second.label == 2  # type: ignore[attr-defined]
    assert available_languages(task, [tmp_path], "train") == ("de",)


def test_as_the_script_reads_them(tmp_path: Path) -> None:
    write(tmp_path / "xnli/XNLI-Translated/en-sw-translated.tsv", ("a", "b", "neutral"))
    write(tmp_path / "xnli/XNLI-Translated/test-sw-en-translated.tsv", ("c", "d", "entailment"))
    [train] = read_examples(get_task("xnli_translate_train"), [tmp_path], "sw", "train")
    [test] = read_examples(get_task("xnli_translate_test"), [tmp_path], "sw", "test")
    assert (train.text_a, test.text_a) == ("a", "c")  # type: ignore[attr-defined]


def test_shifted_rows_are_left_out(tmp_path: Path) -> None:
    write(
        tmp_path / BUCKET / "PAWSX/translate-train/en-ja-translated.tsv",
        ("a", "b", "c", "d", "1"),
        ("a", "b", "c", "0", "another sentence"),
        ("a", "b"),
    )
    [pair] = read_examples(get_task("pawsx_translate_train"), [tmp_path], "ja", "train")
    assert (pair.text_a, pair.text_b, pair.label) == ("c", "d", 1)  # type: ignore[attr-defined]
    write(tmp_path / "pawsx/train-en.tsv", ("a", "b", "another sentence"))
    with pytest.raises(MissingDataError, match="unknown label"):
        read_examples(get_task("pawsx"), [tmp_path], "en", "train")


def test_answers_are_looked_for_in_their_context(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    context = "Anna wohnt in Bonn. Anna arbeitet in Köln."
    write_squad(
        tmp_path / BUCKET / "SQuAD/translate-train/squad.translate.train.en-de.json",
        context,
        question("right", (14, "Bonn")),
        question("moved", (25, "Anna")),
        question("gone", (3, "Cologne")),
        question("one-of-two", (3, "Cologne"), (0, "Köln")),
    )
    with caplog.at_level(logging.WARNING):
        found = read_examples(get_task("squad_translate_train"), [tmp_path], "de", "train")
    assert [(one.id, one.answers) for one in found if isinstance(one, QAExample)] == [
        ("right", ((14, "Bonn"),)),
        ("moved", ((20, "Anna"),)),
        ("one-of-two", ((37, "Köln"),)),
    ]
    assert "skipped 1 of 4 questions, whose answers are not in their context" in caplog.text


@pytest.mark.parametrize("root", [f"{BUCKET}/", ""])
@pytest.mark.parametrize(
    ("target", "language", "file"),
    [
        ("tydiqa", "sw", "TyDiQA-GoldP/translate-train/tydiqa.translate.train.en-sw.json"),
        ("mlqa", "vi", "SQuAD/translate-train/squad.translate.train.en-vi.json"),
        ("xquad", "el", "SQuAD/translate-train/squad.translate.train.en-el.json"),
    ],
)
def test_questions_are_found_where_xtreme_s_bucket_has_them(
    tmp_path: Path, target: str, language: str, file: str, root: str
) -> None:
    translated = get_task(target).translated
    assert translated is not None
    write_squad(tmp_path / f"{root}{file}", "Anna lives in Bonn.", question("one", (14, "Bonn")))
    [one] = read_examples(get_task(translated), [tmp_path], language, "train")
    assert isinstance(one, QAExample)
    assert one.answers == ((14, "Bonn"),)


def test_answers_of_test_files_stay(tmp_path: Path) -> None:
    write_squad(
        tmp_path / "mlqa/translate-test/mlqa.translate.test.de-en.json",
        "Anna lives in Bonn.",
        question("gone", (3, "Cologne")),
    )
    [one] = read_examples(get_task("mlqa_translate_test"), [tmp_path], "de", "test")
    assert isinstance(one, QAExample)
    assert one.answers == ((3, "Cologne"),)
