"""Metrics as pure functions; every value is in percent."""

from __future__ import annotations

import re
import string
import warnings
from collections import Counter
from collections.abc import Callable, Sequence

from seqeval.metrics.sequence_labeling import precision_recall_fscore_support

Tags = Sequence[Sequence[str]]


def accuracy(gold: Sequence[object], predicted: Sequence[object]) -> float:
    """Share of predictions that equal their gold label."""
    _check_lengths(gold, predicted, "examples")
    return 100.0 * sum(g == p for g, p in zip(gold, predicted, strict=True)) / len(gold)


def token_accuracy(gold: Tags, predicted: Tags) -> float:
    """Share of words with the right tag, over all sentences."""
    _check_tags(gold, predicted)
    return accuracy([t for tags in gold for t in tags], [t for tags in predicted for t in tags])


def chunk_scores(gold: Tags, predicted: Tags) -> dict[str, float]:
    """Micro-averaged `precision`, `recall` and `f1` of chunks, as seqeval reads them off raw tags.

    On tags without a BIO prefix (parts of speech) a chunk is whatever seqeval takes for one; that
    is what XTREME publishes as the F1 of UDPOS, and why `token_accuracy` stands beside it.
    """
    _check_tags(gold, predicted)
    with warnings.catch_warnings():  # "NOUN seems not to be NE tag": known, see above
        warnings.simplefilter("ignore", UserWarning)
        precision, recall, f1, _ = precision_recall_fscore_support(
            [list(tags) for tags in gold],
            [list(tags) for tags in predicted],
            average="micro",
            zero_division=0,
        )
    return {
        "precision": 100.0 * float(precision),
        "recall": 100.0 * float(recall),
        "f1": 100.0 * float(f1),
    }


def normalise_answer(text: str) -> str:
    """Answer text as SQuAD v1.1's script compares it: lower case, without ASCII punctuation and
    English articles, single spaces. XTREME uses it for every language of XQuAD and TyDiQA."""
    text = "".join(char for char in text.lower() if char not in _PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", text).split())


def exact_match(answers: Sequence[str], predicted: str) -> float:
    """100 if the prediction equals one of the gold answers after normalisation, else 0."""
    normalised = normalise_answer(predicted)
    return 100.0 * any(normalise_answer(answer) == normalised for answer in answers)


def answer_f1(answers: Sequence[str], predicted: str) -> float:
    """F1 of the bag of normalised words against the closest gold answer."""
    return max(_bag_f1(answer, predicted) for answer in answers)


def squad_scores(gold: Sequence[Sequence[str]], predicted: Sequence[str]) -> dict[str, float]:
    """Mean `exact_match` and `f1` over questions (SQuAD v1.1).

    Args:
        gold: the accepted answers of each question, at least one.
        predicted: one answer a question.
    """
    _check_lengths(gold, predicted, "questions")
    pairs = list(zip(gold, predicted, strict=True))
    return {
        "exact_match": sum(exact_match(answers, text) for answers, text in pairs) / len(pairs),
        "f1": sum(answer_f1(answers, text) for answers, text in pairs) / len(pairs),
    }


def _bag_f1(answer: str, predicted: str) -> float:
    gold_words = normalise_answer(answer).split()
    words = normalise_answer(predicted).split()
    same = sum((Counter(gold_words) & Counter(words)).values())
    if same == 0:  # also when both are empty: SQuAD v1.1's script gives 0
        return 0.0
    precision, recall = same / len(words), same / len(gold_words)
    return 100.0 * 2 * precision * recall / (precision + recall)


def _check_lengths(gold: Sequence[object], predicted: Sequence[object], what: str) -> None:
    if len(gold) != len(predicted):
        raise ValueError(f"{len(gold)} gold {what}, but {len(predicted)} predictions")
    if not gold:
        raise ValueError(f"no {what} to score")


def _check_tags(gold: Tags, predicted: Tags) -> None:
    _check_lengths(gold, predicted, "sentences")
    for number, (tags, guesses) in enumerate(zip(gold, predicted, strict=True)):
        if len(tags) != len(guesses):
            raise ValueError(f"sentence {number}: {len(tags)} words, {len(guesses)} predicted tags")


_PUNCTUATION = frozenset(string.punctuation)
_ARTICLES = re.compile(r"\b(a|an|the)\b")

# The metrics of each task kind, by function: gold and predictions in, metric name -> percent out.
# A task's catalogue entry names those of its kind that it reports.
METRICS: dict[str, Callable[..., dict[str, float]]] = {
    "pair_classification": lambda gold, predicted: {"accuracy": accuracy(gold, predicted)},
    "multiple_choice": lambda gold, predicted: {"accuracy": accuracy(gold, predicted)},
    "tagging": lambda gold, predicted: {
        **chunk_scores(gold, predicted),
        "token_accuracy": token_accuracy(gold, predicted),
    },
    "span_qa": squad_scores,
}
