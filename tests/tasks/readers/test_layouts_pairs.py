"""Small files of sentence pairs in every official layout, with the traps they hold."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.pair_classification import PairExample
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.find import available_languages
from adapterxlt.tasks.read import read_examples

from ..conftest import Write

NLI = ("entailment", "neutral", "contradiction")


def pairs(root: Path, task: str, language: str, split: str) -> list[tuple[str, str, int | None]]:
    examples = read_examples(get_task(task), [root], language, split)
    return [(e.text_a, e.text_b, e.label) for e in examples if isinstance(e, PairExample)]


XNLI_TSV = (
    "language\tgold_label\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\t"
    "sentence2_parse\tsentence1\tsentence2\tpromptID\n"
    "ar\tneutral\t\t\t\t\tA\tB\t1\n"
    "de\tentailment\t\t\t\t\tEin Hund.\tEin Tier.\t1\n"
    "de\tcontradiction\t\t\t\t\tEin Hund.\tEine Katze.\t2\n"
)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("xnli/dev-de.tsv", "Ein Hund.\tEin Tier.\tentailment\n"
         "Ein Hund.\tEine Katze.\tcontradictory\n"),
        ("XNLI/de.dev", "Ein Hund.\tEin Tier.\tentailment\n"
         "Ein Hund.\tEine Katze.\tcontradiction\n"),
        ("XNLI/xnli.dev.tsv", XNLI_TSV),
        ("XNLI-1.0/xnli.dev.tsv", XNLI_TSV),
        ("xnli_de/val.jsonl",
         '{"language": "de", "sentence1": "Ein Hund.", "sentence2": "Ein Tier.", '
         '"gold_label": "entailment"}\n'
         '{"language": "de", "sentence1": "Ein Hund.", "sentence2": "Eine Katze.", '
         '"gold_label": "contradiction"}\n'),
    ],
)  # fmt: skip
def test_xnli(write: Write, tmp_path: Path, path: str, content: str) -> None:
    write(path, content)
    for task in ("xnli", "xglue_xnli"):
        assert pairs(tmp_path, task, "de", "dev") == [
            ("Ein Hund.", "Ein Tier.", 0),
            ("Ein Hund.", "Eine Katze.", 2),
        ]


def test_xglue_s_own_spelling_of_a_label_in_its_training_file(write: Write, tmp_path: Path) -> None:
    write("xglue_full_dataset/XNLI/multinli.train.en.tsv", "premise\thypo\tlabel\n"
          "A\tB\tcontradictory\nA\tC\tneutral\n")  # fmt: skip
    assert pairs(tmp_path, "xglue_xnli", "en", "train") == [("A", "B", 2), ("A", "C", 1)]


def test_anli_s_rounds_and_letters(write: Write, tmp_path: Path) -> None:
    for number, label in ((1, "e"), (2, "n"), (3, "c")):
        record = {"uid": "u", "context": f"R{number}", "hypothesis": "h", "label": label}
        write(f"anli_v1.0/R{number}/dev.jsonl", json.dumps(record) + "\n")
    assert pairs(tmp_path, "anli", "en", "dev") == [("R1", "h", 0), ("R2", "h", 1), ("R3", "h", 2)]


def test_anli_plus_is_its_members_one_after_the_other(write: Write, tmp_path: Path) -> None:
    for number, task in enumerate(("snli", "mnli", "anli")):
        record = {"premise": task, "hypothesis": "h", "label": NLI[number]}
        write(f"{task}/train.jsonl", json.dumps(record) + "\n")
    examples = read_examples(get_task("anli_plus"), [tmp_path], "en", "train")
    assert [example.id for example in examples] == ["snli:0", "mnli:0", "anli:0"]
    assert pairs(tmp_path, "anli_plus", "en", "train") == [
        ("snli", "h", 0),
        ("mnli", "h", 1),
        ("anli", "h", 2),
    ]


def test_a_cap_takes_as_many_of_each_member(write: Write, tmp_path: Path) -> None:
    def counts(cap: int) -> list[int]:
        ids = [e.id for e in read_examples(get_task("anli_plus"), [tmp_path], "en", "dev", cap)]
        return [sum(id.startswith(task) for id in ids) for task in ("snli", "mnli", "anli")]

    record = {"premise": "p", "hypothesis": "h", "label": "neutral"}
    for task, number in (("snli", 2), ("mnli", 9), ("anli", 9)):
        write(f"{task}/dev.jsonl", (json.dumps(record) + "\n") * number)
    assert [counts(cap) for cap in (1, 2, 6)] == [[1, 0, 0], [1, 1, 0], [2, 2, 2]]
    assert counts(12) == [2, 5, 5]  # SNLI has no more
    assert counts(100) == [2, 9, 9]


def test_qqp_in_glue_s_layout_leaves_broken_lines_out(
    write: Write, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write("QQP/train.tsv", "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n"
          '1\t2\t3\tWhat is "this"?\tWhat is that?\t1\n4\t5\t6\tbroken\n')  # fmt: skip
    with caplog.at_level(logging.WARNING):
        assert pairs(tmp_path, "qqp", "en", "train") == [('What is "this"?', "What is that?", 1)]
    assert "skipped 1 lines with too few columns" in caplog.text


def test_qqp_test_questions_have_no_label(write: Write, tmp_path: Path) -> None:
    write("QQP/test.tsv", "id\tquestion1\tquestion2\n0\tA?\tB?\n")
    assert pairs(tmp_path, "qqp", "en", "test") == [("A?", "B?", None)]


@pytest.mark.parametrize(
    ("task", "path", "line", "expected"),
    [
        ("xglue_nc", "NC/xglue.nc.de.dev", "Titel\tText\tsports", ("Titel", "Text", 1)),
        # The published description lists a column more at the left.
        ("xglue_nc", "NC/xglue.nc.de.dev", "q\tTitel\tText\tsports", ("Titel", "Text", 1)),
        ("xglue_nc", "NC/xglue.nc.de.dev", "\tText\tsports", ("", "Text", 1)),
        ("xglue_qadsm", "QADSM/xglue.qadsm.de.dev", "q\tAd\tmore\tGood", ("q", "Ad more", 1)),
        ("xglue_wpr", "WPR/xglue.wpr.de.dev", "q\tSeite\tText\t4", ("q", "Seite Text", 4)),
        ("xglue_wpr", "WPR/xglue.wpr.de.dev", "q\tSeite\tText\tPerfect", ("q", "Seite Text", 4)),
        ("xglue_qam", "QAM/xglue.qam.de.dev", "Wo?\tIn Bonn.\t1", ("Wo?", "In Bonn.", 1)),
    ],
)
def test_xglue_s_own_tasks(
    write: Write, tmp_path: Path, task: str, path: str, line: str, expected: tuple[str, str, int]
) -> None:
    write(path, line + "\n")
    assert pairs(tmp_path, task, "de", "dev") == [expected]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("Titel\tText\tsports\nEins\tZwei\tnews\n", [("Titel", "Text", 1), ("Eins", "Zwei", 2)]),
        # Without labels; one text ends like a label.
        ("Titel\tText\nEins\tnews\n", [("Titel", "Text", None), ("Eins", "news", None)]),
        ("q\tTitel\tText\n", [("Titel", "Text", None)]),
    ],
)
def test_xglue_test_files_with_and_without_labels(
    write: Write, tmp_path: Path, lines: str, expected: list[tuple[str, str, int | None]]
) -> None:
    write("NC/xglue.nc.de.test", lines)
    assert pairs(tmp_path, "xglue_nc", "de", "test") == expected


def test_xglue_lines_with_too_few_columns(write: Write, tmp_path: Path) -> None:
    write("QADSM/xglue.qadsm.en.train", "q\tAd\tmore\tGood\nq\tAd\tBad\n")
    with pytest.raises(MissingDataError, match=r":2: 3 tab-separated columns, 4 expected"):
        pairs(tmp_path, "xglue_qadsm", "en", "train")


@pytest.mark.parametrize(
    "folder", ["x-final/de", "PAWSX/de", "pawsx_de", "pawsx_original_format/de"]
)
def test_pawsx_with_header(write: Write, tmp_path: Path, folder: str) -> None:
    write(f"{folder}/test_2k.tsv", "id\tsentence1\tsentence2\tlabel\n1\tA\tB\t1\n")
    assert pairs(tmp_path, "pawsx", "de", "test") == [("A", "B", 1)]


def test_xglue_s_pawsx_has_four_languages(write: Write, tmp_path: Path) -> None:
    for language in ("de", "en", "es", "fr", "ja"):
        write(f"pawsx/dev-{language}.tsv", "A\tB\t1\n")
    listed = {name: available_languages(get_task(name), [tmp_path], "dev") for name in
              ("pawsx", "xglue_pawsx")}  # fmt: skip
    assert listed == {"pawsx": ("de", "en", "es", "fr", "ja"),
                      "xglue_pawsx": ("de", "en", "es", "fr")}  # fmt: skip
