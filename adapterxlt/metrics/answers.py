"""Exact match and F1 of answers in percent, as the scripts of SQuAD v1.1, v2.0 and MLQA do."""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

Normalise = Callable[[str], str]

_ASCII_PUNCTUATION = frozenset(string.punctuation)
_ENGLISH_ARTICLES = re.compile(r"\b(a|an|the)\b")
# The articles of MLQA's script. (Its Arabic pattern removes the two letters anywhere.)
_ARTICLES: dict[str, re.Pattern[str] | None] = {
    "en": _ENGLISH_ARTICLES,
    "es": re.compile(r"\b(un|una|unos|unas|el|la|los|las)\b"),
    "hi": None,
    "vi": re.compile(r"\b(của|là|cái|chiếc|những)\b"),
    "de": re.compile(r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b"),
    "ar": re.compile("ال"),
    "zh": None,
}
MLQA_LANGUAGES = tuple(_ARTICLES)


def normalise_squad(text: str) -> str:
    """Normalise an answer as SQuAD's scripts do.

    The result is lower case, has single spaces, and no ASCII punctuation or English articles.
    XTREME uses it for every language of XQuAD and TyDiQA.
    """
    text = "".join(char for char in text.lower() if char not in _ASCII_PUNCTUATION)
    return " ".join(_ENGLISH_ARTICLES.sub(" ", text).split())


def normalise_mlqa(text: str, language: str) -> str:
    """Normalise an answer as MLQA's script does.

    Unicode's punctuation and the language's articles are removed. In Chinese, each character from
    U+4E00 to U+9FA5 is a word of its own.

    Args:
        language: one of `MLQA_LANGUAGES`.
    """
    text = "".join(char for char in text.lower() if not _is_punctuation(char))
    articles = _ARTICLES[language]
    if articles is not None:
        text = articles.sub(" ", text)
    if language == "zh":
        text = "".join(f" {char} " if "一" <= char <= "龥" else char for char in text)
    return " ".join(text.split())


def normaliser(language: str | None) -> Normalise:
    """Return MLQA's normaliser for a language; SQuAD's for None."""
    return normalise_squad if language is None else partial(normalise_mlqa, language=language)


def _is_punctuation(char: str) -> bool:
    return char in _ASCII_PUNCTUATION or unicodedata.category(char).startswith("P")


def answer_scores(
    gold: Sequence[Sequence[str]],
    predicted: Sequence[str | None],
    normalise: Normalise = normalise_squad,
) -> dict[str, float]:
    """Return mean `exact_match` and `f1` over questions, as SQuAD v1.1's and MLQA's scripts do.

    Args:
        gold: the accepted answers of each question, at least one.
        predicted: one answer per question; None (unanswered) scores 0.
    """
    exact = f1 = 0.0
    for same, shared in question_scores(gold, predicted, normalise):
        exact += same
        f1 += shared
    return {"exact_match": 100 * exact / len(gold), "f1": 100 * f1 / len(gold)}


def question_scores(
    gold: Sequence[Sequence[str]],
    predicted: Sequence[str | None],
    normalise: Normalise = normalise_squad,
) -> list[tuple[bool, float]]:
    """Return exact match and F1 (0 to 1) of each question; see `answer_scores`."""
    _check(gold, predicted)
    scores = []
    for answers, text in zip(gold, predicted, strict=True):
        if text is None:
            scores.append((False, 0.0))
            continue
        guess = normalise(text)
        accepted = [normalise(answer) for answer in answers]
        f1 = max(_bag_f1(answer.split(), guess.split()) for answer in accepted)
        scores.append((guess in accepted, f1))
    return scores


def _bag_f1(answer: list[str], guess: list[str]) -> float:
    """Return the F1 of two bags of words, 0 to 1."""
    same = sum((Counter(answer) & Counter(guess)).values())
    if same == 0:  # also when both are empty: SQuAD v1.1's script gives 0
        return 0.0
    precision, recall = same / len(guess), same / len(answer)
    return 2 * precision * recall / (precision + recall)


@dataclass(frozen=True)
class Question:
    """One question's scores under SQuAD v2.0, 0 to 1.

    Args:
        answerable: whether it has a gold answer.
        answered: whether the prediction is an answer (not the empty text).
    """

    id: str
    exact: float
    f1: float
    answerable: bool
    answered: bool


def squad2_questions(
    ids: Sequence[str], gold: Sequence[Sequence[str]], predicted: Sequence[str]
) -> list[Question]:
    """Score each question as SQuAD v2.0's script does, before any threshold.

    Answers that are empty after normalisation do not count. If a question has no answer, an empty
    prediction is right.

    Args:
        ids: ids of the questions.
        gold: their answers; [] for a question without one.
        predicted: one text per question, "" for "no answer".
    """
    _check(gold, predicted)
    questions = []
    for name, answers, text in zip(ids, gold, predicted, strict=True):
        accepted = [found for found in map(normalise_squad, answers) if found] or [""]
        guess = normalise_squad(text)
        f1 = max(_bag2_f1(answer.split(), guess.split()) for answer in accepted)
        exact = float(guess in accepted)
        questions.append(Question(name, exact, f1, bool(answers), bool(text)))
    return questions


def _bag2_f1(answer: list[str], guess: list[str]) -> float:
    if not answer or not guess:  # no answer: right if they agree
        return float(answer == guess)
    return _bag_f1(answer, guess)


def squad2_scores(
    questions: Sequence[Question],
    no_answer: Mapping[str, float] | None = None,
    threshold: float = 1.0,
) -> dict[str, float]:
    """Return SQuAD v2.0's metrics in percent over all questions.

    `HasAns_` and `NoAns_` are the same over questions with and without an answer.

    Args:
        no_answer: question id -> how sure the system is that there is no answer. Above
            `threshold` (the script's default is 1), the prediction counts as "no answer". If it is
            given, `best_exact_match` and `best_f1` are returned too, with the thresholds that
            would have been best on these questions.
    """
    scored = [
        (*_thresholded(question, (no_answer or {}).get(question.id, 0.0), threshold), question)
        for question in questions
    ]
    scores: dict[str, float] = {}
    groups = (("", (True, False)), ("HasAns_", (True,)), ("NoAns_", (False,)))
    for prefix, wanted in groups:
        found = [(exact, f1) for exact, f1, question in scored if question.answerable in wanted]
        if found:
            scores[f"{prefix}exact_match"] = 100 * sum(exact for exact, _ in found) / len(found)
            scores[f"{prefix}f1"] = 100 * sum(f1 for _, f1 in found) / len(found)
            scores[f"{prefix}total"] = len(found)
    if no_answer is not None:
        for name, value in _best(questions, no_answer):
            scores[name] = value
    return scores


def _thresholded(question: Question, score: float, threshold: float) -> tuple[float, float]:
    if score > threshold:
        right = float(not question.answerable)
        return right, right
    return question.exact, question.f1


def _best(
    questions: Sequence[Question], no_answer: Mapping[str, float]
) -> Iterator[tuple[str, float]]:
    by_id = {question.id: question for question in questions}
    # Equal scores stay in the order of the score file, as in the script.
    ranked = [by_id[name] for name in sorted(no_answer, key=no_answer.__getitem__) if name in by_id]
    for metric, value_of in (("exact_match", _exact), ("f1", _f1)):
        # At first no question is answered, so the unanswerable ones are right. Then the surest ones
        # are answered, one by one.
        current = best = float(sum(not question.answerable for question in questions))
        threshold = 0.0
        for question in ranked:
            current += value_of(question) if question.answerable else -float(question.answered)
            if current > best:
                best, threshold = current, no_answer[question.id]
        yield f"best_{metric}", 100 * best / len(questions)
        yield f"best_{metric}_threshold", threshold


def _exact(question: Question) -> float:
    return question.exact


def _f1(question: Question) -> float:
    return question.f1


def _check(gold: Sequence[object], predicted: Sequence[object]) -> None:
    if len(gold) != len(predicted):
        raise ValueError(f"{len(gold)} gold questions, but {len(predicted)} predictions")
    if not gold:
        raise ValueError("no questions to score")
