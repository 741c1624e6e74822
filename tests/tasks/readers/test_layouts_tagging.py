"""Small tagged files in every official layout, with the traps they hold."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.tagging import TaggingExample
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.label_file import with_labels
from adapterxlt.tasks.read import read_examples

from ..conftest import Write


def tagged(root: Path, task: str, language: str, split: str) -> list[list[tuple[str, str]]]:
    labels = get_task(task).labels
    return [
        [(word, labels[tag]) for word, tag in zip(e.words, e.tags or (), strict=True)]
        for e in read_examples(get_task(task), [root], language, split)
        if isinstance(e, TaggingExample)
    ]


def test_xglue_tags_follow_a_space(write: Write, tmp_path: Path) -> None:
    write("POS/th.dev", "a NOUN\nb VERB\n\nc X")  # no blank line at the end
    assert tagged(tmp_path, "xglue_pos", "th", "dev") == [
        [("a", "NOUN"), ("b", "VERB")],
        [("c", "X")],
    ]


def test_xglue_s_english_entities_are_retagged_from_iob1(
    write: Write, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(
        "NER/en.train",
        "-DOCSTART- O\n\nEU I-ORG\nrejects O\nGerman I-MISC\ncall O\n\n"
        "Bonn I-LOC\nParis B-LOC\nPeter I-PER\nBlackburn I-PER\n",
    )
    with caplog.at_level(logging.WARNING):
        sentences = tagged(tmp_path, "xglue_ner", "en", "train")
    assert [[tag for _, tag in sentence] for sentence in sentences] == [
        ["B-ORG", "O", "B-MISC", "O"],
        ["B-LOC", "B-LOC", "B-PER", "I-PER"],
    ]
    assert "converted 4 chunks from IOB1 to IOB2" in caplog.text


def test_iob2_stays_as_it_is(write: Write, tmp_path: Path) -> None:
    write("NER/nl.test", "De O\nJan B-PER\nde I-PER\nWit I-PER\n")
    tags = [tag for _, tag in tagged(tmp_path, "xglue_ner", "nl", "test")[0]]
    assert tags == ["O", "B-PER", "I-PER", "I-PER"]


def test_jiant_s_last_sentence_without_a_blank_line(write: Write, tmp_path: Path) -> None:
    write("udpos_de/val-de.tsv", "Ja\tINTJ\n\nNein\tINTJ")
    write("panx_de/val.tsv", "Bonn\tB-LOC\n\nja\tO")
    assert len(tagged(tmp_path, "udpos", "de", "dev")) == 2
    assert len(tagged(tmp_path, "panx", "de", "dev")) == 2


PROCESSED = "udpos/udpos_processed_maxlen128/de/{}.xlm-roberta-large"


def test_sentences_that_xtreme_cut_are_put_together(write: Write, tmp_path: Path) -> None:
    write(PROCESSED.format("dev"), "a\tDET\nb\tNOUN\n\nc\tVERB\n\nd\tX\n\ne\tX\n\n")
    write(PROCESSED.format("dev") + ".idx", "0\n0\n\n0\n\n1\n\n2\n\n")
    words = [[word for word, _ in each] for each in tagged(tmp_path, "udpos", "de", "dev")]
    assert words == [["a", "b", "c"], ["d"], ["e"]]


def test_xtreme_s_placeholder_tags_are_no_tags(write: Write, tmp_path: Path) -> None:
    write(PROCESSED.format("test"), "a\tX\nb\tX\n\nc\tX\n\n")
    write(PROCESSED.format("test") + ".idx", "0\n0\n\n1\n\n")
    assert read_examples(get_task("udpos"), [tmp_path], "de", "test") == [
        TaggingExample("0", ("a", "b"), None),
        TaggingExample("1", ("c",), None),
    ]


def test_pieces_of_another_file(write: Write, tmp_path: Path) -> None:
    write(PROCESSED.format("dev"), "a\tDET\n\n")
    write(PROCESSED.format("dev") + ".idx", "0\n0\n\n")
    with pytest.raises(MissingDataError, match=r"3 lines, but .* has 2"):
        tagged(tmp_path, "udpos", "de", "dev")


def ccg(write: Write, lines: str, count: int = 1363) -> None:
    names = ["N", "NP/N", "S\\NP", *(f"T{number}" for number in range(3, count))]
    write("ccg/tags_to_id.json", json.dumps({name: n for n, name in enumerate(names)}))
    write("ccg/ccg.dev", lines)


def test_ccg_supertags_come_with_their_own_names(write: Write, tmp_path: Path) -> None:
    ccg(write, "the dog sleeps\tNP/N N S\\NP\n")
    assert read_examples(get_task("ccg"), [tmp_path], "en", "dev") == [
        TaggingExample("0", ("the", "dog", "sleeps"), (1, 0, 2))
    ]
    labels = with_labels(get_task("ccg"), [tmp_path], "en", "dev").labels
    assert len(labels) == 1363
    assert labels[:3] == ("N", "NP/N", "S\\NP")
    assert with_labels(get_task("udpos"), [tmp_path], "en", "dev") is get_task("udpos")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("the dog\tN\n", ":1: 2 words, but 1 tag"),
        ("the dog\n", ":1: no tags"),
        ("dog\tNN\n", ":1: unknown label `NN`"),
    ],
)
def test_bad_ccg_lines(write: Write, tmp_path: Path, lines: str, message: str) -> None:
    ccg(write, lines)
    with pytest.raises(MissingDataError, match=message):
        read_examples(get_task("ccg"), [tmp_path], "en", "dev")


def test_another_number_of_supertags(write: Write, tmp_path: Path) -> None:
    ccg(write, "dog\tN\n", count=400)
    with pytest.raises(MissingDataError, match="400 labels, but `ccg` has 1363"):
        read_examples(get_task("ccg"), [tmp_path], "en", "dev")


@pytest.mark.parametrize("content", ["[]", '{"N": 1}', '{"N": "x"}', '{"N": 0, "M": 0}'])
def test_a_malformed_label_file(write: Write, tmp_path: Path, content: str) -> None:
    write("ccg/tags_to_id.json", content)
    write("ccg/ccg.dev", "dog\tN\n")
    with pytest.raises(MissingDataError, match=r"tags_to_id.json: not a label file"):
        read_examples(get_task("ccg"), [tmp_path], "en", "dev")
