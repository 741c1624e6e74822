"""Predictions against labels: the metrics that a task reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.facts import Example
from adapterxlt.kinds.registry import get_kind
from adapterxlt.kinds.workings import Prediction
from adapterxlt.metrics.facts import reported
from adapterxlt.metrics.statistics import Column
from adapterxlt.results.outcomes import SEEN, Outcomes, ids_of
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.labels import require_labels


def score(
    task: Task,
    examples: Sequence[Example],
    predictions: Sequence[Prediction],
    language: str,
    split: str,
) -> dict[str, float]:
    """The task's metrics, in percent, in the order of its catalogue entry.

    Args:
        task: names the metrics and the labels.
        examples: the examples with their labels.
        predictions: one per example, as `predict` returns them.
        language: decides how MLQA's script compares answers; for `de-en` the context's language.
        split: named in messages.

    Raises:
        MissingDataError: there are no examples, or labels are withheld.
    """
    if not examples:
        raise MissingDataError(f"no examples of `{task.name}` in language `{language}` to score")
    require_labels(task, examples, language, split)
    workings = get_kind(task.kind).workings
    return reported(
        task.metrics,
        workings.score(examples, predictions, task, language),
        [workings.right(example, task) for example in examples],
        [workings.named(prediction, task) for prediction in predictions],
    )


def outcomes_of(
    task: Task,
    examples: Sequence[Example],
    columns: Mapping[str, Column],
    language: str,
    split: str,
    seen: Column | None,
) -> list[Outcomes]:
    """Return the outcomes of scored examples; none if their kind does not define outcomes.

    Args:
        columns: the outcome of each example, in the columns that its kind defines.
        seen: which examples contain a text that was trained on; None if none does.
    """
    if not columns:
        return []
    flagged = {} if seen is None else {SEEN: seen}
    return [
        Outcomes(
            language=language,
            split=split,
            ids=ids_of([example.id for example in examples]),
            columns={**columns, **flagged},
            parallel=task.parallel is not None,
            labels=task.labels,
        )
    ]
