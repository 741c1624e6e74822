from __future__ import annotations

import re
import string
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.metrics.answers import (
    MLQA_LANGUAGES,
    answer_scores,
    normalise_mlqa,
    normalise_squad,
    normaliser,
    squad2_questions,
    squad2_scores,
)


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("The  Cat!", "cat"),
        ("a b-c, an\tapple", "bc apple"),
        ("theatre", "theatre"),
        ("«Der» Zug。", "«der» zug。"),  # only ASCII punctuation goes
        ("the", ""),
    ],
)
def test_answers_are_normalised_as_squad_does(text, normalised):
    assert normalise_squad(text) == normalised


@pytest.mark.parametrize(
    ("language", "text", "normalised"),
    [
        ("en", "«The» Zug。", "zug"),  # all of Unicode's punctuation goes
        ("en", "the$price", "theprice"),  # ASCII punctuation that is a symbol in Unicode too
        ("de", "Die Stadt der Frauen", "stadt frauen"),
        ("es", "¿Los unos y las otras?", "y otras"),
        ("vi", "những con mèo của tôi", "con mèo tôi"),
        ("hi", "एक the बिल्ली।", "एक the बिल्ली"),
        ("ar", "الكتاب والقلم", "كتاب و قلم"),  # the two letters go wherever they are
        ("zh", "在1994年，Foo Bar。", "在 1994 年 foo bar"),
        ("zh", "㐀龦", "㐀龦"),  # outside U+4E00 to U+9FA5
    ],
)
def test_answers_are_normalised_as_mlqa_does(language, text, normalised):
    assert normalise_mlqa(text, language) == normalised


def test_the_best_gold_answer_counts():
    gold = [["Paris", "the big city of Paris"], ["Rome"]]
    assert answer_scores(gold, ["City of Paris.", "in Rome"]) == pytest.approx(
        {"exact_match": 0.0, "f1": 100 * (6 / 7 + 2 / 3) / 2}
    )
    assert answer_scores([["Paris", "the city of Paris"]], ["City of Paris."]) == {
        "exact_match": 100.0,
        "f1": 100.0,
    }


def test_unanswered_questions_score_nothing():
    scores = answer_scores([["Paris"], ["Rome"]], ["Paris", None])
    assert scores == {"exact_match": 50.0, "f1": 50.0}


def test_an_empty_answer_scores_no_f1_even_against_an_empty_one():
    assert answer_scores([["the"]], [""]) == {"exact_match": 100.0, "f1": 0.0}


@pytest.mark.parametrize("gold", [[["a"], ["b"]], []])
def test_lengths_must_agree(gold):
    with pytest.raises(ValueError, match="questions"):
        answer_scores(gold, ["a"] if gold else [])


# Slow versions, written from the descriptions of the scripts.

PUNCTUATION = {
    chr(code) for code in range(sys.maxunicode) if unicodedata.category(chr(code))[0] == "P"
} | set(string.punctuation)
ARTICLES = {
    "en": "a an the",
    "es": "un una unos unas el la los las",
    "vi": "của là cái chiếc những",
    "de": "ein eine einen einem eines einer der die das den dem des",
}


def slow_squad(text: str) -> list[str]:
    text = text.lower()
    for char in string.punctuation:
        text = text.replace(char, "")
    return re.sub(r"\b(a|an|the)\b", " ", text).split()


def slow_mlqa(text: str, language: str) -> list[str]:
    text = "".join(char for char in text.lower() if char not in PUNCTUATION)
    if language in ARTICLES:
        words = "|".join(ARTICLES[language].split())
        text = re.sub(rf"\b({words})\b", " ", text)
    if language == "ar":
        text = text.replace("ال", " ")
    if language != "zh":
        return text.split()
    words, run = [], ""
    for char in text:
        if re.match("[\u4e00-\u9fa5]", char):
            words += [*run.split(), char]
            run = ""
        else:
            run += char
    return words + run.split()


def slow_f1(answer: list[str], guess: list[str]) -> float:
    left, same = list(answer), 0
    for word in guess:
        if word in left:
            left.remove(word)
            same += 1
    return 200 * same / (len(answer) + len(guess)) if same else 0.0


WORDS = st.text(alphabet="ab tThe.,-Aиé在年«1a dieالlos$", max_size=14)


@given(st.sampled_from([None, *MLQA_LANGUAGES]), st.lists(WORDS, min_size=1, max_size=3), WORDS)
def test_equals_a_slow_count(language, answers, guess):
    def words(text):
        return slow_squad(text) if language is None else slow_mlqa(text, language)

    scores = answer_scores([answers], [guess], normaliser(language))
    assert scores["exact_match"] == 100.0 * any(words(a) == words(guess) for a in answers)
    assert scores["f1"] == pytest.approx(max(slow_f1(words(a), words(guess)) for a in answers))


def questions(*rows):
    """Rows of (gold answers, prediction), ids 0, 1, ..."""
    gold, predicted = zip(*rows, strict=True)
    return squad2_questions([str(i) for i in range(len(rows))], gold, predicted)


def test_squad2_scores_no_answer_as_an_answer():
    rows = [(["Paris"], "Paris"), (["Rome"], ""), ([], ""), ([], "Oslo")]
    assert squad2_scores(questions(*rows)) == {
        "exact_match": 50.0,
        "f1": 50.0,
        "total": 4,
        "HasAns_exact_match": 50.0,
        "HasAns_f1": 50.0,
        "HasAns_total": 2,
        "NoAns_exact_match": 50.0,
        "NoAns_f1": 50.0,
        "NoAns_total": 2,
    }


def test_squad2_gives_f1_for_agreeing_on_an_article():
    scores = squad2_scores(questions((["the"], "a")))
    assert (scores["exact_match"], scores["f1"]) == (100.0, 100.0)


def test_squad2_without_unanswerable_questions_has_no_such_group():
    assert "NoAns_f1" not in squad2_scores(questions((["Rome"], "Rome")))


def test_scores_above_the_threshold_mean_no_answer():
    rows = questions((["Paris"], "Paris"), ([], "Oslo"))
    scores = squad2_scores(rows, {"0": 0.2, "1": 0.9}, threshold=0.5)
    assert (scores["exact_match"], scores["f1"]) == (100.0, 100.0)
    assert squad2_scores(rows, {"0": 0.2, "1": 0.9})["exact_match"] == 50.0
    assert squad2_scores(rows, {"0": 0.9, "1": 0.9}, threshold=0.5)["HasAns_f1"] == 0.0


def test_the_best_threshold():
    rows = questions((["Paris"], "Paris"), ([], "Oslo"), (["big Rome"], "Rome"), ([], ""))
    scores = squad2_scores(rows, {"0": 0.1, "1": 0.5, "2": 0.3, "3": 0.9})
    # Answering 0 and 2, and no more: 1 + 2/3 and both unanswerable ones.
    assert scores["best_f1"] == pytest.approx(100 * (1 + 2 / 3 + 2) / 4)
    assert scores["best_f1_threshold"] == 0.3
    assert scores["best_exact_match"] == 75.0
    assert scores["best_exact_match_threshold"] == 0.1


ROWS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(["a b", "b c", "c", "the"]), max_size=2),
        st.sampled_from(["", "b", "b c", "c d"]),
        st.integers(0, 9),
    ),
    min_size=1,
    max_size=8,
)


@given(ROWS)
def test_no_threshold_beats_the_best_one(rows):
    found = questions(*[(gold, guess) for gold, guess, _ in rows])
    odds = {str(i): score / 10 for i, (_, _, score) in enumerate(rows)}
    best = squad2_scores(found, odds)
    tried = [squad2_scores(found, odds, cut / 10) for cut in range(-1, 11)]
    for metric in ("exact_match", "f1"):
        assert best[f"best_{metric}"] >= max(scores[metric] for scores in tried) - 1e-9
        # It cuts between questions: where scores tie, no threshold can do that.
        if len(set(odds.values())) == len(rows) and min(odds.values()) > 0:
            cut = best[f"best_{metric}_threshold"]
            at_cut = squad2_scores(found, odds, cut)[metric]
            assert at_cut == pytest.approx(best[f"best_{metric}"])
