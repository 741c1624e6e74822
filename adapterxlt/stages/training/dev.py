"""Scoring a model on dev while it is trained, to choose its best epoch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from adapterxlt.evaluation.mlm import masked_scores
from adapterxlt.evaluation.predict import predict
from adapterxlt.evaluation.score import score
from adapterxlt.kinds.facts import Example
from adapterxlt.kinds.registry import get_kind
from adapterxlt.models.build import Built
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.progress import Silent
from adapterxlt.recipe.task_data import Part
from adapterxlt.stages.evaluate import EvaluateStage
from adapterxlt.stages.running.context import Context
from adapterxlt.stages.running.data import dev_examples
from adapterxlt.tasks.catalogue import Task
from adapterxlt.training.best_epoch import DevScore

_TOKEN_BUDGET: int = EvaluateStage.model_fields["token_budget"].default


def dev_scorer(
    planned: PlannedStep, context: Context, built: Built, tasks: dict[str, Task]
) -> Callable[[], Sequence[DevScore]] | None:
    """What scores the model on the dev split of each of its tasks; None if nothing is to.

    Args:
        tasks: the tasks that the step trains on, by name, with their labels.

    Raises:
        MissingDataError: there is no dev data, or its labels are withheld.
    """
    data = [(part, dev_examples(part, context.sources)) for part in planned.step.dev_parts()]
    stride = planned.step.params["doc_stride"]
    if not data:
        return None

    def score() -> list[DevScore]:
        found = []
        for part, examples in data:
            task = tasks[part.task]
            built.speak(part.language)
            built.use_head(task.name)
            found.append(score_on_dev(built, task, part, examples, stride, context))
        return found

    return score


def score_on_dev(
    built: Built,
    task: Task,
    part: Part,
    examples: Sequence[Example],
    doc_stride: int,
    context: Context,
) -> DevScore:
    """The main metric of a task by the active head, in evaluation mode."""
    if not get_kind(task.kind).predicts:
        values, _ = masked_scores(
            built,
            examples,
            max_length=part.max_length,
            token_budget=_TOKEN_BUDGET,
            progress=Silent(),
        )
    else:
        predictions = predict(
            built,
            examples,
            task,
            max_length=part.max_length,
            doc_stride=doc_stride,
            token_budget=_TOKEN_BUDGET,
            progress=Silent(),
            cache=context.encoded,
        )
        values = score(task, examples, predictions, part.language, part.split)
    metric = task.main_metric
    return DevScore(task.name, part.language, metric, values[metric], len(examples))
