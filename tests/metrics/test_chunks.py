from __future__ import annotations

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import precision_recall_fscore_support

from adapterxlt.metrics.chunks import chunk_scores, chunks

BIO = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
# Every first letter that means something to seqeval, and `X`, which only means itself.
RAW = ["O", "B-LOC", "I-LOC", "E-LOC", "S-PER", "NOUN", "ADP", "ADV", "INTJ", "SYM", "SCONJ", "X"]
RAW += ["I", "S", "E", ".", "_", "O-PER", "BY", "EX"]


def sentence_pairs(tags: list[str]) -> st.SearchStrategy[list[list[tuple[str, str]]]]:
    word = st.tuples(st.sampled_from(tags), st.sampled_from(tags))
    return st.lists(st.lists(word, min_size=1, max_size=8), min_size=1, max_size=5)


def sides(sentences: list[list[tuple[str, str]]]) -> tuple[list[list[str]], list[list[str]]]:
    return (
        [[gold for gold, _ in sentence] for sentence in sentences],
        [[guess for _, guess in sentence] for sentence in sentences],
    )


def test_a_known_case():
    gold = [["B-PER", "I-PER", "O", "B-LOC"], ["O", "B-LOC"]]
    predicted = [["B-PER", "I-PER", "O", "O"], ["B-LOC", "B-LOC"]]
    assert chunk_scores(gold, predicted) == pytest.approx(
        {"precision": 200 / 3, "recall": 200 / 3, "f1": 200 / 3}
    )


def test_no_chunk_anywhere_scores_zero():
    assert chunk_scores([["O"]], [["O"]]) == {"precision": 0.0, "recall": 0.0, "f1": 0.0}


def test_chunks_of_raw_tags():
    # Equal neighbours run together, but for the tags that seqeval takes for single ones (S...).
    found = chunks([["NOUN", "NOUN", "VERB", "SYM", "SYM", "O", "X"]])
    assert found == {
        ("NOUN", 0, 1),
        ("VERB", 2, 2),
        ("SYM", 3, 3),
        ("SYM", 4, 4),
        ("X", 6, 6),
    }


def test_a_chunk_never_reaches_into_the_next_sentence():
    assert chunks([["NOUN"], ["NOUN"]]) == {("NOUN", 0, 0), ("NOUN", 2, 2)}


def slow_bio(tags: list[str]) -> set[tuple[str, int, int]]:
    """Lenient BIO: a chunk starts at B-, or at I- of another type than the running chunk."""
    found, start, kind = set(), None, None
    for i, tag in enumerate([*tags, "O"]):
        prefix, _, name = tag.partition("-")
        if kind is not None and (prefix != "I" or name != kind):
            found.add((kind, start, i - 1))
            kind = None
        if prefix != "O" and kind is None:
            start, kind = i, name
    return found


@given(sentence_pairs(BIO))
def test_bio_equals_a_slow_count(sentences):
    gold, predicted = sides(sentences)
    pairs = [(slow_bio(g), slow_bio(p)) for g, p in zip(gold, predicted, strict=True)]
    right = sum(len(g & p) for g, p in pairs)
    wanted, found = sum(len(g) for g, _ in pairs), sum(len(p) for _, p in pairs)
    scores = chunk_scores(gold, predicted)
    assert scores["precision"] == pytest.approx(100 * right / found if found else 0)
    assert scores["recall"] == pytest.approx(100 * right / wanted if wanted else 0)
    total = wanted + found
    assert scores["f1"] == pytest.approx(200 * right / total if total else 0)


@given(sentence_pairs(BIO))
def test_bio_equals_the_current_seqeval(sentences):
    gold, predicted = sides(sentences)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        precision, recall, f1, _ = precision_recall_fscore_support(
            gold, predicted, average="micro", zero_division=0
        )
    assert chunk_scores(gold, predicted) == pytest.approx(
        {"precision": 100 * precision, "recall": 100 * recall, "f1": 100 * f1}
    )


def slow_chunks(tags: list[str]) -> list[tuple[str, int, int]]:
    """The rules of conlleval in the order in which seqeval 0.0.12 applies them, one by one."""
    found = []
    start = 0
    previous = "O"
    previous_type = ""
    for i, tag in enumerate([*tags, "O"]):
        here, here_type = tag[0], tag.split("-")[-1]
        new_type = previous_type != here_type
        if (
            previous in ("E", "S")
            or (previous, here) in [(p, h) for p in "BI" for h in "BSO"]
            or (previous not in ("O", ".") and new_type)
        ):
            found.append((previous_type, start, i - 1))
        if (
            here in ("B", "S")
            or (previous, here) in [("E", "E"), ("E", "I"), ("S", "E"), ("S", "I")]
            or (previous, here) in [("O", "E"), ("O", "I")]
            or (here not in ("O", ".") and new_type)
        ):
            start = i
        previous, previous_type = here, here_type
    return found


@given(sentence_pairs(RAW))
def test_raw_tags_equal_a_slow_count(sentences):
    gold, predicted = sides(sentences)
    flat = [[tag for tags in side for tag in [*tags, "O"]] for side in (gold, predicted)]
    right, found = (set(slow_chunks(side)) for side in flat)
    both = len(right & found)
    precision = both / len(found) if found else 0
    recall = both / len(right) if right else 0
    f1 = 2 * precision * recall / (precision + recall) if both else 0
    assert chunk_scores(gold, predicted) == pytest.approx(
        {"precision": 100 * precision, "recall": 100 * recall, "f1": 100 * f1}
    )
