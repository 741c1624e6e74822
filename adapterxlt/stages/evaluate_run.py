"""Evaluate one model on one task, language by language, zero-shot."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from adapterxlt.batching.encode import encode
from adapterxlt.errors import InvalidArtifactError
from adapterxlt.evaluation.ensemble import averaged
from adapterxlt.evaluation.merged_time import SAMPLE, merged_share
from adapterxlt.evaluation.mlm import masked_scores
from adapterxlt.evaluation.predict import Outputs, decoded, outputs_of
from adapterxlt.evaluation.score import outcomes_of, score
from adapterxlt.evaluation.submission import submission_file, write_submission
from adapterxlt.kinds.facts import Example
from adapterxlt.kinds.registry import get_kind
from adapterxlt.metrics.facts import get_metric
from adapterxlt.metrics.statistics import Column
from adapterxlt.models.build import Built
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.recipe.heads import head_for
from adapterxlt.recipe.kinds import KINDS
from adapterxlt.recipe.steps import Step
from adapterxlt.results.measures import PREDICTIONS_FOLDER, Measure, write_measures
from adapterxlt.results.outcomes import Outcomes, read_outcomes, write_outcomes
from adapterxlt.results.predicted import are_in, read_predicted, write_predicted
from adapterxlt.stages.language_adapters import KEY
from adapterxlt.stages.running.contamination import describe_overlap, seen_examples
from adapterxlt.stages.running.context import Context
from adapterxlt.stages.running.data import evaluation_examples
from adapterxlt.stages.running.swap import used_for
from adapterxlt.store.files import write_json
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.label_file import with_labels
from adapterxlt.tasks.labels import is_labelled
from adapterxlt.tasks.parallel import UNEVEN, uneven


def run_evaluate(planned: PlannedStep, context: Context, staging: Path) -> None:
    """Predict and score every language; one that an interrupted run finished is not redone.

    Where the step writes prediction files, languages without labels are predicted, not scored.
    """
    step = planned.step
    entry, roots = context.sources.tasks[step.text("task")], context.sources.roots
    known = context.seen(context.artifact(step.inputs[0]))
    partial = staging / "partial"
    measures: list[Measure] = []
    outcomes: list[Outcomes] = []
    predicted: dict[str, list[str]] = {}
    timed = False
    for language in step.items("languages"):
        done = partial / f"{language}.json"
        found, kept = _finished(done), _kept(partial / language)
        if found is None or kept is None:
            task = with_labels(entry, roots, language, step.text("split"))
            examples = evaluation_examples(step, context.sources, language)
            values, columns, shown = _score(planned, context, task, language, examples, partial)
            if context.meter and not timed and context.meter.clock.examples:
                context.meter.clock.merged = _merged_share(planned, context, task, examples)
                timed = True
            seen = context.seen_in(planned, language, known)
            flagged = describe_overlap(context.texts.evaluated(step, language), seen)
            found = _measures(
                step, task, language, len(examples), values, flagged, context.precision_of(step)
            )
            texts = map(get_kind(task.kind).texts, examples)
            which = seen_examples(texts, seen) if flagged else None
            kept = outcomes_of(task, examples, columns, language, step.text("split"), which)
            kept = [replace(one, language_adapter=used_for(step, language)) for one in kept]
            write_outcomes(partial / language, kept)
            write_predicted(partial / language, {language: shown} if shown else {})
            write_json(done, [measure.as_dict() for measure in found])
        measures += found
        outcomes += kept
        predicted |= read_predicted(partial / language)
    counts = {measure.language: measure.n for measure in measures}
    if told := uneven(entry, step.text("split"), counts):
        context.progress.log(f"{step.id}: {told}; {UNEVEN}")
    write_measures(staging / "out", measures)
    write_outcomes(staging / "out", outcomes)
    write_predicted(staging / "out", predicted)
    if "predictions" in step.params:
        shutil.copytree(partial / PREDICTIONS_FOLDER, staging / "out" / PREDICTIONS_FOLDER)


def _finished(path: Path) -> list[Measure] | None:
    """The results of an interrupted run for a language; None if missing or damaged."""
    try:
        return [Measure(**item) for item in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return None


def _kept(folder: Path) -> list[Outcomes] | None:
    """The outcomes of an interrupted run for a language; None if there are none, or damaged
    predictions."""
    try:
        read_predicted(folder)
        return read_outcomes(folder)
    except InvalidArtifactError:
        return None


def _score(
    planned: PlannedStep,
    context: Context,
    task: Task,
    language: str,
    examples: list[Example],
    partial: Path,
) -> tuple[dict[str, float], dict[str, Column], list[str]]:
    """Every metric of one language, what each example came to, and the predictions as texts where
    that does not have them; nothing without labels.

    Leaves prediction files if it is to.
    """
    step, split = planned.step, planned.step.text("split")
    description = f"{planned.step.id} {language}"
    if not get_kind(task.kind).predicts:
        _, columns = masked_scores(
            context.model(planned, language),
            examples,
            max_length=step.number("max_length"),
            token_budget=step.number("token_budget"),
            progress=context.progress,
            description=description,
        )
        metrics = {name: get_metric(name).statistics[0].of(columns) for name in task.metrics}
        return metrics, columns, []
    odds: dict[str, float] | None = {} if task.no_answer else None
    predictions = decoded(
        examples,
        task,
        _outputs(planned, context, task, examples, description, language),
        odds,
    )
    if "predictions" in step.params:
        file = submission_file(step.text("predictions"), task, language, split)
        write_submission(partial / PREDICTIONS_FOLDER / file, task, examples, predictions, odds)
        if not any(is_labelled(example) for example in examples):
            context.progress.log(f"{description}: no labels, not scored")
            return {}, {}, []
    values = score(task, examples, predictions, language, split)
    workings = get_kind(task.kind).workings
    columns = workings.outcomes(examples, predictions, task, language)
    shown = [] if are_in(columns) else [workings.shown(each, task) for each in predictions]
    return values, columns, shown


def _outputs(
    planned: PlannedStep,
    context: Context,
    task: Task,
    examples: list[Example],
    description: str,
    language: str,
) -> Outputs:
    """The outputs of the model; of several that are averaged, their mean.

    Those are loaded once for all languages, so all of them are in memory at once.
    """
    step = planned.step
    made = context.plan.by_id(step.inputs[0]).step
    members = KINDS[made.kind].members(made)

    def of(built: Built, description: str) -> Outputs:
        return outputs_of(
            built,
            examples,
            task,
            max_length=step.number("max_length"),
            doc_stride=step.number("doc_stride"),
            token_budget=step.number("token_budget"),
            progress=context.progress,
            description=description,
            cache=context.encoded,
            clock=context.meter.clock if context.meter else None,
        )

    def loaded(member: str) -> Built:
        return context.computing(context.load(member, members), planned)

    if context.meter:  # each example once: the time of a query is that of all members together
        context.meter.clock.examples += len(examples)
    if list(members) == [made.id]:
        return of(context.model(planned, language), description)
    return averaged(
        (
            (
                share,
                of(
                    _with_head(loaded(member), task, context.sources.tasks),
                    f"{description}, {member}",
                ),
            )
            for member, share in members.items()
        ),
        task,
    )


def _merged_share(
    planned: PlannedStep, context: Context, task: Task, examples: list[Example]
) -> float | None:
    """The time of a query with a merged LoRA, as a share; see `merged_share`."""
    step = planned.step
    made = context.plan.by_id(step.inputs[0]).step
    if list(KINDS[made.kind].members(made)) != [made.id] or KEY in step.params:
        return None
    built = context.model(planned)
    features = encode(
        examples[:SAMPLE],
        built.tokenizer,
        task.kind,
        max_length=step.number("max_length"),
        doc_stride=step.number("doc_stride"),
        labelled=False,
    )
    return merged_share(built, features, task.kind, step.number("token_budget"))


def _with_head(built: Built, task: Task, tasks: Mapping[str, Task]) -> Built:
    """A member of an ensemble with that of its heads active which predicts a task."""
    assert built.spec is not None
    head = head_for([tasks[head.task] for head in built.spec.heads], task)
    assert head is not None  # checked with the recipe
    built.use_head(head.name)
    return built


def _measures(
    step: Step,
    task: Task,
    language: str,
    count: int,
    values: dict[str, float],
    flagged: str,
    precision: str | None,
) -> list[Measure]:
    """The metrics of one language, measured on `count` examples."""
    return [
        Measure(
            language=language,
            split=step.text("split"),
            metric=metric,
            main=metric == task.main_metric,
            value=value,
            n=count,
            contamination=flagged,
            language_adapter=used_for(step, language),
            precision=precision,
        )
        for metric, value in values.items()
    ]
