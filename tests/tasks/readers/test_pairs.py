from __future__ import annotations

import csv
import logging
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.pair_classification import PairExample
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.read import read_examples

from ..conftest import Write


def read(root: Path, task: str, language: str, split: str) -> list[PairExample]:
    examples = read_examples(get_task(task), [root], language, split)
    assert all(isinstance(example, PairExample) for example in examples)
    return examples  # type: ignore[return-value]


def test_xtreme_tsv(write: Write, tmp_path: Path) -> None:
    write(
        "xnli/dev-de.tsv",
        'Ein Satz\u2028mit Trenner.\tKurz.\tneutral\r\n"Er sagte ""ja""."\t"""Ja"""\tentailment',
    )
    assert read(tmp_path, "xnli", "de", "dev") == [
        PairExample("0", "Ein Satz\u2028mit Trenner.", "Kurz.", 1),
        PairExample("1", 'Er sagte "ja".', '"Ja"', 0),
    ]


def test_mnli_as_xtreme_ships_it_spells_a_label_differently(write: Write, tmp_path: Path) -> None:
    write("xnli/train-en.tsv", "a\tb\tcontradictory\nc\td\tcontradiction\n")
    assert [example.label for example in read(tmp_path, "mnli", "en", "train")] == [2, 2]


def test_a_missing_column(write: Write, tmp_path: Path) -> None:
    path = write("xnli/dev-de.tsv", "a\tb\tneutral\na\tb\n")
    with pytest.raises(MissingDataError) as caught:
        read(tmp_path, "xnli", "de", "dev")
    message = f"{path}:2: 2 tab-separated columns, 3 expected (missing)"
    assert caught.value.message == message


def test_a_column_too_many(write: Write, tmp_path: Path) -> None:
    write("xnli/dev-de.tsv", "a\tb\tneutral\tc\n")
    with pytest.raises(MissingDataError, match=r":1: 4 tab-separated columns, 3 expected"):
        read(tmp_path, "xnli", "de", "dev")


def test_an_unknown_label_lists_the_allowed(write: Write, tmp_path: Path) -> None:
    path = write("xnli/dev-de.tsv", "a\tb\tneutral\n\u2028\x85\tb\tnone\n")
    with pytest.raises(MissingDataError) as caught:
        read(tmp_path, "xnli", "de", "dev")
    assert caught.value.message == f"{path}:2: unknown label `none`"
    assert caught.value.hint == "allowed: entailment, neutral, contradiction"
    write("xnli/dev-de.tsv", "a\tb\tnetural\n")
    with pytest.raises(MissingDataError) as caught:
        read(tmp_path, "xnli", "de", "dev")
    assert caught.value.hint == (
        "did you mean `neutral`? allowed: entailment, neutral, contradiction"
    )


def test_an_unclosed_quote_swallows_nothing(write: Write, tmp_path: Path) -> None:
    write("pawsx/dev-en.tsv", '"open\tb\t0\nc\td"\t1\n')
    assert read(tmp_path, "pawsx", "en", "dev") == [
        PairExample("0", '"open', "b", 0),
        PairExample("1", "c", 'd"', 1),
    ]


@pytest.mark.parametrize("rows", ["a\tb\nc\td\n", "a\tb\t\nc\td\t\n"])
def test_blanked_test_labels(write: Write, tmp_path: Path, rows: str) -> None:
    write("xnli/test-de.tsv", rows)
    assert read(tmp_path, "xnli", "de", "test") == [
        PairExample("0", "a", "b", None),
        PairExample("1", "c", "d", None),
    ]


def test_labelled_test_files_keep_their_labels(write: Write, tmp_path: Path) -> None:
    write("pawsx/test-de.tsv", "a\tb\t1\nc\td\t0\n")
    assert [example.label for example in read(tmp_path, "pawsx", "de", "test")] == [1, 0]


def test_labels_on_some_lines_only(write: Write, tmp_path: Path) -> None:
    write("xnli/test-de.tsv", "a\tb\nc\td\tneutral\n")
    with pytest.raises(MissingDataError, match=":2: has a label, but the first line has none"):
        read(tmp_path, "xnli", "de", "test")
    write("xnli/test-de.tsv", "a\tb\tneutral\nc\td\n")
    with pytest.raises(MissingDataError, match=":2: 2 tab-separated columns, 3 expected"):
        read(tmp_path, "xnli", "de", "test")


def test_header_names_the_columns(write: Write, tmp_path: Path) -> None:
    write("x-final/de/dev_2k.tsv", "id\tsentence1\tsentence2\tlabel\n1\ta\tb\t1\n2\tc\td\t0\n")
    assert read(tmp_path, "pawsx", "de", "dev") == [
        PairExample("0", "a", "b", 1),
        PairExample("1", "c", "d", 0),
    ]


def test_header_without_a_column(write: Write, tmp_path: Path) -> None:
    write("x-final/de/dev_2k.tsv", "id\tsentence1\tlabel\n1\ta\t1\n")
    with pytest.raises(MissingDataError, match=":1: no column `sentence2`"):
        read(tmp_path, "pawsx", "de", "dev")
    write("x-final/de/dev_2k.tsv", "id\tsentence1\tsentence2\n1\ta\tb\n")
    with pytest.raises(MissingDataError, match=":2: 3 tab-separated columns, 4 expected"):
        read(tmp_path, "pawsx", "de", "dev")
    write("x-final/de/test_2k.tsv", "id\tsentence1\tsentence2\n1\ta\tb\n")
    assert read(tmp_path, "pawsx", "de", "test") == [PairExample("0", "a", "b", None)]


def test_header_with_two_columns_of_one_name(write: Write, tmp_path: Path) -> None:
    write("QQP/dev.tsv", "question1\tquestion2\tis_duplicate\tquestion2\na\tb\t0\tc\n")
    with pytest.raises(MissingDataError, match=r"dev.tsv:1: several columns .* `question2`"):
        read(tmp_path, "qqp", "en", "dev")


def test_header_and_nothing_else(write: Write, tmp_path: Path) -> None:
    write("x-final/de/dev_2k.tsv", "id\tsentence1\tsentence2\tlabel\n")
    with pytest.raises(MissingDataError, match="a header but no examples"):
        read(tmp_path, "pawsx", "de", "dev")


def test_glue_tsv(write: Write, tmp_path: Path) -> None:
    write(
        "MNLI/dev_matched.tsv",
        "index\tsentence1\tsentence2\tlabel1\tgold_label\n"
        '0\t"a" b\tc\tneutral\tneutral\n1\ta\tb\tneutral\t-\n',
    )
    assert read(tmp_path, "mnli", "en", "dev") == [PairExample("0", '"a" b', "c", 1)]


def test_jsonl(write: Write, tmp_path: Path) -> None:
    write(
        "snli/dev.jsonl",
        '{"premise": "a\u2028", "hypothesis": "b", "label": "neutral"}\n'
        '{"premise": "c", "hypothesis": "d", "label": "entailment"}\n',
    )
    assert read(tmp_path, "snli", "en", "dev") == [
        PairExample("0", "a\u2028", "b", 1),
        PairExample("1", "c", "d", 0),
    ]


def test_records_without_a_gold_label_are_dropped_and_counted(
    write: Write, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    row = '{{"sentence1": "{}", "sentence2": "b", "gold_label": "{}"}}\n'
    write("snli_1.0/snli_1.0_train.jsonl", row.format("a", "-") + row.format("c", "neutral") * 2)
    with caplog.at_level(logging.INFO):
        examples = read(tmp_path, "snli", "en", "train")
    assert [(example.id, example.text_a) for example in examples] == [("1", "c"), ("2", "c")]
    assert "skipped 1 records without a gold label" in caplog.text


def test_a_file_without_the_language(write: Write, tmp_path: Path) -> None:
    header = "language\tgold_label\tsentence1\tsentence2\n"
    write("XNLI-1.0/xnli.dev.tsv", f"{header}fr\tneutral\ta\tb\n")
    with pytest.raises(MissingDataError, match="does not contain any examples in language `de`"):
        read(tmp_path, "xnli", "de", "dev")


def test_nothing_left_after_dropping(write: Write, tmp_path: Path) -> None:
    write("snli/dev.jsonl", '{"premise": "a", "hypothesis": "b", "label": "-"}\n')
    with pytest.raises(MissingDataError, match="does not contain any examples"):
        read(tmp_path, "snli", "en", "dev")


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ('{"premise": "a", "label": "neutral"}', ":1: no `hypothesis`"),
        ('{"premise": "a", "hypothesis": "b"}', ":1: no `label`"),
        ('{"premise": "a", "hypothesis": 5, "label": "neutral"}', ":1: `hypothesis` is not a text"),
        ('{"premise": "a", "hypothesis": "b", "label": "no"}', ":1: unknown label `no`"),
    ],
)
def test_bad_jsonl(write: Write, tmp_path: Path, record: str, message: str) -> None:
    write("snli/dev.jsonl", record)
    with pytest.raises(MissingDataError, match=message):
        read(tmp_path, "snli", "en", "dev")


def test_unlabelled_jsonl_test_records(write: Write, tmp_path: Path) -> None:
    write("snli/test.jsonl", '{"premise": "a", "hypothesis": "b"}\n')
    assert read(tmp_path, "snli", "en", "test") == [PairExample("0", "a", "b", None)]


TEXT = st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]), max_size=30)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TEXT, TEXT, st.sampled_from("01")), min_size=1, max_size=8))
def test_round_trip_through_csv_writer(tmp_path: Path, rows: list[tuple[str, str, str]]) -> None:
    path = tmp_path / "pawsx" / "dev-en.tsv"
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t").writerows(rows)
    assert [
        (e.text_a, e.text_b, str(e.label)) for e in read(tmp_path, "pawsx", "en", "dev")
    ] == rows
