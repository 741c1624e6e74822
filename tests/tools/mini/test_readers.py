"""Reading the sources into groups and paragraphs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.mini.config import LANGUAGES
from tools.mini.readers import (
    align_paragraphs,
    detokenise,
    read_conllu,
    read_copa,
    read_corpus,
    read_lines,
    read_pairs,
    read_questions,
    split_sentences,
)


def test_pairs_lose_spreadsheet_quotes_and_untranslated_cells() -> None:
    text = '"Er sagte ""ja""."\tNS\t1\nEins\tZwei\t0\n\t\t0\n'
    assert read_pairs(text, "de") == {
        "00000-0": 'Er sagte "ja".',
        "00001-0": "Eins",
        "00001-1": "Zwei",
    }


def test_conllu_gives_texts_by_sentence_id() -> None:
    text = "# sent_id = a1\n# text = Guten Tag.\n1\tGuten\t_\n\n# sent_id = a2\n# text = Ja.\n"
    assert read_conllu(text, "de") == {"a1": "Guten Tag.", "a2": "Ja."}


def test_copa_is_keyed_by_index_and_field() -> None:
    row = {"premise": "P", "choice1": "A", "choice2": "B", "question": "cause", "idx": 7}
    assert read_copa(json.dumps(row) + "\n", "en") == {
        "00007-premise": "P",
        "00007-choice1": "A",
        "00007-choice2": "B",
    }


def test_questions_by_id() -> None:
    squad = {"data": [{"paragraphs": [{"context": "C", "qas": [{"id": "x", "question": "Q? "}]}]}]}
    assert read_questions(json.dumps(squad)) == {"x": "Q?"}


def test_lines_keep_their_numbers_over_empty_lines() -> None:
    assert read_lines("a\n\nb\n", "en") == {"00000": "a", "00002": "b"}


@pytest.mark.parametrize(
    ("paragraph", "sentences"),
    [
        ("One. Two? Three!", ["One.", "Two?", "Three!"]),
        ("Dr. No came. He left.", ["Dr. No came.", "He left."]),
        ("他来了。他走了！", ["他来了。", "他走了！"]),
        ("वह आया। वह गया।", ["वह आया।", "वह गया।"]),
        ("No end", ["No end"]),
    ],
)
def test_sentences(paragraph: str, sentences: list[str]) -> None:
    assert split_sentences(paragraph) == sentences


def test_paragraphs_align_where_counts_agree() -> None:
    paragraphs = {"en": "One. Two.", "de": "Eins. Zwei.", "fr": "Un et deux."}
    assert align_paragraphs(paragraphs) == [
        {"en": "One.", "de": "Eins."},
        {"en": "Two.", "de": "Zwei."},
    ]


def test_penn_spacing_is_undone() -> None:
    text = "He was bishop of `` Nisa '' ( in Lycia ) , and did n't leave ."
    assert detokenise(text) == 'He was bishop of "Nisa" (in Lycia), and didn\'t leave.'


def test_real_sources_align(real_data: Path) -> None:
    corpus = read_corpus(real_data, LANGUAGES)
    by_english = {group["en"]: group for group in corpus.groups if "en" in group}
    group = by_english["The woman retired."]
    assert group["zh"] == "女人退休了。"
    assert group["tr"] == "Kadın emekli oldu."
    assert sum(len(group) == 18 for group in corpus.groups) > 2900
    languages = {language for group in corpus.groups for language in group}
    assert languages == set(LANGUAGES)
    assert sum(len(text) > 1000 for _, text in corpus.paragraphs) > 1000
