"""Scores files of answers: SQuAD v1.1, v2.0, MLQA, TyDiQA-GoldP."""

from __future__ import annotations

from pathlib import Path

from adapterxlt.benchmarks.reading import read_answers, read_questions, read_scores
from adapterxlt.benchmarks.spec import Pair, Scored
from adapterxlt.errors import UsageError
from adapterxlt.languages import named_among, suggest_language
from adapterxlt.metrics.answers import (
    MLQA_LANGUAGES,
    answer_scores,
    normaliser,
    squad2_questions,
    squad2_scores,
)
from adapterxlt.tasks.reading import bad


def score_answers(pair: Pair, *, per_language: bool) -> Scored:
    """Return exact match and F1; unanswered questions count as wrong.

    Args:
        per_language: whether to normalise as MLQA's script does; otherwise as SQuAD v1.1's.
    """
    return _version_1(pair.predictions, pair.labels, pair.language if per_language else None)


def score_squad(
    predictions: Path,
    labels: Path,
    *,
    version: str | None = None,
    language: str | None = None,
    no_answer: Path | None = None,
    threshold: float = 1.0,
) -> tuple[str, Scored]:
    """Score one file of answers; return the version that was used, and the metrics.

    Args:
        predictions: file of question id -> answer text.
        labels: file in SQuAD's schema.
        version: `1.1` (also for MLQA, XQuAD, TyDiQA-GoldP) or `2.0`; default: 2.0 if the labels
            mark questions as impossible.
        language: normalise as MLQA's script does for this language; default: as SQuAD's script.
        no_answer: file of question id -> how sure the system is that there is no answer (2.0).
        threshold: above it, the prediction counts as "no answer".

    Raises:
        MissingDataError: a file cannot be read, has blanked answers, or does not fit the other.
        UsageError: the options exclude each other.
    """
    language = language and named_among(language, MLQA_LANGUAGES)
    if language is not None and language not in MLQA_LANGUAGES:
        raise UsageError(
            f"MLQA does not have the language `{language}`",
            hint=suggest_language(language, MLQA_LANGUAGES)
            + "; leave out the language for XQuAD and TyDiQA, which use the rules of SQuAD",
        )
    if no_answer is None and threshold != 1.0:
        raise UsageError(
            "a threshold has no effect without no-answer scores",
            hint="add the file with the scores",
        )
    version = version or ("2.0" if read_questions(labels).impossible else "1.1")
    if version == "2.0":
        if language is not None:
            raise UsageError(
                "SQuAD 2.0 has no rules for single languages", hint="leave out the language"
            )
        return version, _version_2(predictions, labels, no_answer, threshold)
    if no_answer is not None:
        raise UsageError("only SQuAD 2.0 has no-answer scores", hint="add `--version 2.0`")
    return version, _version_1(predictions, labels, language)


def squad_document(version: str, language: str | None, scored: Scored) -> dict[str, object]:
    """Return the scores of one file of answers as plain JSON data."""
    name = "mlqa" if language else f"squad-{version}"
    return {
        "benchmark": "squad",
        "unit": "percent",
        "version": version,
        "tasks": {name: {language or "all": scored.metrics}},
        "averages": {name: scored.metrics},
        "remarks": scored.remarks,
    }


def _version_1(predictions: Path, labels: Path, language: str | None) -> Scored:
    questions = read_questions(labels)
    if empty := sum(not found for found in questions.answers):
        raise bad(
            labels,
            0,
            f"{empty} of {len(questions.ids)} questions have no answer",
            "this may be a file of SQuAD 2.0; score it with --version 2.0",
        )
    predicted, remarks = read_answers(predictions, questions.ids)
    return Scored(answer_scores(questions.answers, predicted, normaliser(language)), remarks)


def _version_2(predictions: Path, labels: Path, no_answer: Path | None, threshold: float) -> Scored:
    questions = read_questions(labels)
    predicted, remarks = read_answers(predictions, questions.ids)
    texts = [text for text in predicted if text is not None]
    if len(texts) < len(predicted):  # the script cannot score this either
        missing = [
            name for name, text in zip(questions.ids, predicted, strict=True) if text is None
        ]
        raise bad(
            predictions,
            0,
            f"{len(missing)} of {len(predicted)} questions have no prediction (`{missing[0]}`)",
            "in SQuAD 2.0, give an empty text for no answer",
        )
    scores = None
    if no_answer is not None:
        scores = read_scores(no_answer)
        if lacking := [name for name in questions.ids if name not in scores]:
            what = f"{len(lacking)} of {len(texts)} questions have no score (`{lacking[0]}`)"
            raise bad(no_answer, 0, what)
    scored = squad2_questions(questions.ids, questions.answers, texts)
    return Scored(squad2_scores(scored, scores, threshold), remarks)
