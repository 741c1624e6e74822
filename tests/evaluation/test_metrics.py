from __future__ import annotations

import json
import re
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.evaluation.metrics import (
    METRICS,
    accuracy,
    answer_f1,
    chunk_scores,
    exact_match,
    normalise_answer,
    squad_scores,
    token_accuracy,
)

TAGS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]


def test_accuracy_counts_equal_predictions():
    assert accuracy([0, 1, 2, 0], [0, 1, 1, 0]) == 75.0
    assert accuracy(["a"], ["b"]) == 0.0


def test_token_accuracy_weighs_words_not_sentences():
    assert token_accuracy([["A"], ["A", "B", "B"]], [["B"], ["A", "B", "B"]]) == 75.0


@pytest.mark.parametrize("metric", [accuracy, token_accuracy, chunk_scores, squad_scores])
def test_lengths_must_agree(metric):
    with pytest.raises(ValueError, match=r"2 gold .* 1 predictions"):
        metric([["O"], ["O"]], [["O"]])
    with pytest.raises(ValueError, match="to score"):
        metric([], [])


def test_a_sentence_with_too_few_tags_is_refused():
    with pytest.raises(ValueError, match="sentence 1: 2 words, 1 predicted"):
        chunk_scores([["O"], ["O", "O"]], [["O"], ["O"]])


def test_chunk_scores_of_a_known_case():
    gold = [["B-PER", "I-PER", "O", "B-LOC"], ["O", "B-LOC"]]
    predicted = [["B-PER", "I-PER", "O", "O"], ["B-LOC", "B-LOC"]]
    scores = chunk_scores(gold, predicted)
    assert scores == pytest.approx({"precision": 200 / 3, "recall": 200 / 3, "f1": 200 / 3})


def test_no_chunk_anywhere_scores_zero_without_warning(recwarn):
    assert chunk_scores([["O"]], [["O"]]) == {"precision": 0.0, "recall": 0.0, "f1": 0.0}
    assert not recwarn


def slow_chunks(tags: list[str]) -> set[tuple[str, int, int]]:
    """Lenient BIO: a chunk starts at B-, or at I- of another type than the running chunk."""
    chunks, start, kind = set(), None, None
    for i, tag in enumerate([*tags, "O"]):
        prefix, _, name = tag.partition("-")
        if kind is not None and (prefix != "I" or name != kind):
            chunks.add((kind, start, i - 1))
            kind = None
        if prefix != "O" and kind is None:
            start, kind = i, name
    return chunks


@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from(TAGS), st.sampled_from(TAGS)), min_size=1),
        min_size=1,
        max_size=5,
    )
)
def test_chunk_scores_equal_a_slow_count(sentences):
    gold = [[pair[0] for pair in sentence] for sentence in sentences]
    predicted = [[pair[1] for pair in sentence] for sentence in sentences]
    right = sum(len(slow_chunks(g) & slow_chunks(p)) for g, p in zip(gold, predicted, strict=True))
    found = sum(len(slow_chunks(p)) for p in predicted)
    wanted = sum(len(slow_chunks(g)) for g in gold)
    precision = 100 * right / found if found else 0.0
    recall = 100 * right / wanted if wanted else 0.0
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    scores = chunk_scores(gold, predicted)
    assert scores == pytest.approx({"precision": precision, "recall": recall, "f1": f1})


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
    assert normalise_answer(text) == normalised


def test_squad_takes_the_best_gold_answer():
    assert exact_match(["Paris", "the city of Paris"], "City of Paris.") == 100.0
    assert answer_f1(["Paris", "the big city of Paris"], "city of Paris") == pytest.approx(600 / 7)
    assert squad_scores([["Paris"], ["Rome"]], ["Paris", "in Rome"]) == pytest.approx(
        {"exact_match": 50.0, "f1": (100 + 200 / 3) / 2}
    )


def test_an_empty_answer_scores_no_f1_even_against_an_empty_one():
    assert answer_f1(["the"], "") == 0.0
    assert exact_match(["the"], "") == 100.0


def slow_normalise(text: str) -> list[str]:
    text = text.lower()
    for char in string.punctuation:
        text = text.replace(char, "")
    return re.sub(r"\b(a|an|the)\b", " ", text).split()


WORDS = st.text(alphabet="ab tThe.,-Aиé", max_size=12)


@given(st.lists(WORDS, min_size=1, max_size=3), WORDS)
def test_squad_equals_a_slow_count(answers, predicted):
    words = slow_normalise(predicted)
    best = 0.0
    for answer in answers:
        left = slow_normalise(answer)
        total = len(left) + len(words)
        same = 0
        for word in words:
            if word in left:
                left.remove(word)
                same += 1
        best = max(best, 200 * same / total if same else 0.0)
    match = any(slow_normalise(answer) == words for answer in answers)
    scores = squad_scores([answers], [predicted])
    assert scores == pytest.approx({"exact_match": 100.0 * match, "f1": best})


def test_every_trainable_kind_has_metrics():
    assert METRICS["pair_classification"]([1], [1]) == {"accuracy": 100.0}
    assert METRICS["multiple_choice"]([1, 0], [0, 0]) == {"accuracy": 50.0}
    assert set(METRICS["tagging"]([["O"]], [["O"]])) == {
        "precision",
        "recall",
        "f1",
        "token_accuracy",
    }
    assert set(METRICS["span_qa"]([["a b"]], ["b"])) == {"exact_match", "f1"}


# XTREME's own mock labels and predictions, with the averages its test asserts. Its UDPOS value
# (70.217460) is of seqeval 0.0.12; the current seqeval reads other chunks off the raw tags.


def mock_pairs(real_data: Path, task: str) -> list[tuple[Path, Path]]:
    labels = sorted((real_data / "xtreme_mock" / "labels" / task).iterdir())
    assert labels
    return [(path, real_data / "xtreme_mock" / "predictions" / task / path.name) for path in labels]


def sentences_of(path: Path) -> list[list[str]]:
    blocks = path.read_text(encoding="utf-8").strip().split("\n\n")
    return [[line.split("\t")[-1] for line in block.split("\n")] for block in blocks]


@pytest.mark.parametrize(
    ("task", "average"), [("xnli", 30.666667), ("pawsx", 51.428571), ("tatoeba", 53.611111)]
)
def test_xtreme_mock_accuracy(real_data, task, average):
    values = [
        accuracy(
            label.read_text(encoding="utf-8").split(), predicted.read_text(encoding="utf-8").split()
        )
        for label, predicted in mock_pairs(real_data, task)
    ]
    assert sum(values) / len(values) == pytest.approx(average, abs=1e-5)


@pytest.mark.parametrize(
    ("task", "averages"),
    [
        ("panx", {"f1": 57.507937, "precision": 54.729167, "recall": 62.75}),
        ("udpos", {"f1": 70.3981}),
    ],
)
def test_xtreme_mock_tagging(real_data, task, averages):
    scores = [
        chunk_scores(sentences_of(label), sentences_of(predicted))
        for label, predicted in mock_pairs(real_data, task)
    ]
    for metric, average in averages.items():
        mean = sum(score[metric] for score in scores) / len(scores)
        assert mean == pytest.approx(average, abs=1e-4)


@pytest.mark.parametrize(
    ("task", "em", "f1"), [("xquad", 77.272727, 79.958678), ("tydiqa", 88.888889, 97.222222)]
)
def test_xtreme_mock_answers(real_data, task, em, f1):
    scores = []
    for label, predicted in mock_pairs(real_data, task):
        gold = {
            qa["id"]: [answer["text"] for answer in qa["answers"]]
            for article in json.loads(label.read_text(encoding="utf-8"))["data"]
            for paragraph in article["paragraphs"]
            for qa in paragraph["qas"]
        }
        texts = json.loads(predicted.read_text(encoding="utf-8"))
        scores.append(squad_scores(list(gold.values()), [texts[key] for key in gold]))
    assert sum(s["exact_match"] for s in scores) / len(scores) == pytest.approx(em, abs=1e-5)
    assert sum(s["f1"] for s in scores) / len(scores) == pytest.approx(f1, abs=1e-5)
