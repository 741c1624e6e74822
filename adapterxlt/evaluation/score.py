"""Predictions against labels: the metrics that a task reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from adapterxlt.errors import MissingDataError
from adapterxlt.evaluation.metrics import METRICS
from adapterxlt.evaluation.predict import Prediction
from adapterxlt.metrics.answers import (
    MLQA_LANGUAGES,
    answer_scores,
    normaliser,
    squad2_questions,
    squad2_scores,
)
from adapterxlt.metrics.facts import reported
from adapterxlt.metrics.ranking import mean_ndcg
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.labels import require_labels
from adapterxlt.tasks.types import (
    ChoiceExample,
    Example,
    PairExample,
    QAExample,
    TaggingExample,
)

# Those whose script compares answers by the rules of their language.
MLQA_TASKS = ("mlqa", "mlqa_cross", "xglue_mlqa")

Scorer = Callable[[Sequence[Example], Sequence[Prediction]], dict[str, float]]


def score(
    task: Task,
    examples: Sequence[Example],
    predictions: Sequence[Prediction],
    language: str,
    split: str,
) -> dict[str, float]:
    """The task's metrics, in percent, in the order of its catalogue entry.

    Args:
        task: says which metrics, and how its labels are called.
        examples: the examples with their labels.
        predictions: one an example, as `predict` returns them.
        language: tells how MLQA's script compares answers; of `de-en`, the context's.
        split: for messages.

    Raises:
        MissingDataError: there are no examples, or labels are withheld.
    """
    if not examples:
        raise MissingDataError(f"no examples of `{task.name}` in language `{language}` to score")
    require_labels(task, examples, language, split)
    measured = _scorer(task, language)(examples, predictions)
    gold = [_readable(task, _gold(task, example)) for example in examples]
    named = [_readable(task, _named(task, prediction)) for prediction in predictions]
    return reported(task.metrics, measured, gold, named)


def _scorer(task: Task, language: str) -> Scorer:
    """The function that computes every metric that a task of its kind may report."""
    if task.kind == "span_qa":
        context = language.partition("-")[0]
        if task.no_answer:
            return _squad2
        if task.name in MLQA_TASKS and context in MLQA_LANGUAGES:
            return lambda examples, predictions: answer_scores(
                _answers(examples), [str(text) for text in predictions], normaliser(context)
            )
    if "ndcg" in task.metrics:
        return lambda examples, predictions: _ranked(task, examples, predictions)
    return lambda examples, predictions: METRICS[task.kind](
        [_gold(task, example) for example in examples],
        [_named(task, prediction) for prediction in predictions],
    )


def _squad2(examples: Sequence[Example], predictions: Sequence[Prediction]) -> dict[str, float]:
    ids = [example.id for example in examples]
    texts = [str(text) for text in predictions]
    return squad2_scores(squad2_questions(ids, _answers(examples), texts))


def _ranked(
    task: Task, examples: Sequence[Example], predictions: Sequence[Prediction]
) -> dict[str, float]:
    """nDCG of the predicted ratings; a query's documents stand on end in the file (XGLUE)."""
    ratings = [float(label) for label in task.labels]
    queries, relevance, scores = [], [], []
    for example, prediction in zip(examples, predictions, strict=True):
        assert isinstance(example, PairExample)
        assert isinstance(example.label, int)
        assert isinstance(prediction, int)
        queries.append(example.text_a)
        relevance.append(ratings[example.label])
        scores.append(ratings[prediction])
    value, _ = mean_ndcg(queries, relevance, scores)
    labels = [_gold(task, example) for example in examples]
    return {"ndcg": 100 * value, **METRICS[task.kind](labels, predictions)}


def _answers(examples: Sequence[Example]) -> list[list[str]]:
    return [
        [text for _, text in example.answers or ()]
        for example in examples
        if isinstance(example, QAExample)
    ]


def _gold(task: Task, example: Example) -> object:
    """What a right prediction would be."""
    if isinstance(example, TaggingExample):
        return _named(task, list(example.tags or ()))
    if isinstance(example, QAExample):
        return [text for _, text in example.answers or ()]
    assert isinstance(example, (PairExample, ChoiceExample))
    return example.label


def _named(task: Task, prediction: Prediction) -> object:
    if isinstance(prediction, list):  # chunks are read off tag names
        return [task.labels[tag] for tag in prediction]
    return prediction


def _readable(task: Task, value: object) -> object:
    """The same as metrics of other packages read it: a class by its name."""
    if task.kind == "pair_classification" and isinstance(value, int):
        return task.labels[value]
    return value
