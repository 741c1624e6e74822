"""What a stage that measures says: models and tasks that fit, languages, splits, submissions."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import get_args

from adapterxlt.benchmarks.registry import SQUAD, get_benchmark, spec_of
from adapterxlt.documents.nodes import Path
from adapterxlt.errors import UsageError
from adapterxlt.kinds.registry import get_kind
from adapterxlt.languages import suggest_language
from adapterxlt.recipe.composition import Composition
from adapterxlt.recipe.draft import Draft, words
from adapterxlt.recipe.heads import head_for
from adapterxlt.recipe.schema import EvaluateStage, RetrieveStage
from adapterxlt.recipe.used import tasks_of_heads
from adapterxlt.retrieval.protocols import get_protocol
from adapterxlt.suggest import suggest
from adapterxlt.tasks.catalogue import Task, compatible, language_in, may_be_in
from adapterxlt.vectors.names import Pooling


def check_evaluation(
    draft: Draft, at: Path, stage: EvaluateStage, composition: Composition
) -> None:
    """Add what is wrong with an `evaluate` stage."""
    _check_baseline(draft, at, stage.baseline, stage.evaluate)
    for index, name in enumerate(stage.on):
        path: Path = (*at, "on", index)
        task = draft.task(path, name)
        if task is None:
            continue
        if not get_kind(task.kind).trainable:
            draft.refuse(path, f"`{name}` is {words(task.kind)}", "use `retrieve` for it")
            continue
        _check_languages(draft, at, stage.languages, task)
        if stage.split not in task.splits:
            draft.refuse(
                (*at, "split"),
                f"`{name}` has no split `{stage.split}`",
                "it has " + ", ".join(task.splits),
            )
        if stage.predictions:
            _check_submission(draft, path, stage.predictions, task)
        for position, model in enumerate(stage.evaluate):
            _check_head(draft, (*at, "evaluate", position), model, task, composition)
    if stage.predictions and stage.cap:
        draft.refuse(
            (*at, "cap"),
            "a submission holds a prediction for every example",
            "leave out `cap` or `predictions`",
        )


def check_retrieval(draft: Draft, at: Path, stage: RetrieveStage) -> None:
    """Add what is wrong with a `retrieve` stage."""
    _check_baseline(draft, at, stage.baseline, stage.retrieve)
    try:
        get_protocol(stage.protocol)
    except UsageError as error:
        draft.refuse((*at, "protocol"), error.message, error.hint)
    for index, layer in enumerate(stage.layers if stage.layers != "all" else []):
        if int(layer) < 0:
            draft.refuse(
                (*at, "layers", index), f"there is no layer {layer}", "0 is the embeddings"
            )
    if stage.predictions and stage.layers != "all" and len(set(stage.layers)) > 1:
        draft.refuse(
            (*at, "layers"),
            "a submission is of one layer",
            "list one, or leave out `layers`: then it is the protocol's own",
        )
    if stage.pooling is not None:
        _check_pooling(draft, at, stage, stage.pooling)
    for index, name in enumerate(stage.on):
        path: Path = (*at, "on", index)
        task = draft.task(path, name)
        if task is None:
            continue
        if get_kind(task.kind).trainable:
            draft.refuse(path, f"`{name}` is {words(task.kind)}", "use `evaluate` for it")
            continue
        if stage.predictions:
            _check_submission(draft, path, stage.predictions, task)
        _check_languages(draft, at, stage.languages, task)


def _check_pooling(draft: Draft, at: Path, stage: RetrieveStage, listed: str | list[str]) -> None:
    """Whether the poolings are known, and the only ones that are asked for."""
    known = get_args(Pooling)
    for index, pooling in enumerate(listed if listed != "all" else ()):
        if pooling not in known:
            draft.refuse(
                (*at, "pooling", index), f"unknown pooling `{pooling}`", suggest(pooling, known)
            )
    named = [option for option in stage.protocol.split("+")[1:] if option in known]
    if named:
        draft.refuse(
            (*at, "pooling"),
            f"the protocol `{stage.protocol}` names a pooling already",
            f"leave out `pooling` or `+{named[0]}`",
        )
    if stage.predictions and (listed == "all" or len(set(listed)) > 1):
        draft.refuse(
            (*at, "pooling"),
            "a submission is of one pooling",
            "list one, or leave out `pooling`: then it is the protocol's own",
        )


def _check_submission(draft: Draft, path: Path, benchmark: str, task: Task) -> None:
    """Whether a benchmark's submission has a place for a task."""
    if benchmark == SQUAD:  # any file of answers
        if not get_kind(task.kind).spans:
            message = f"`{task.name}` is {words(task.kind)}: there are no answers to write"
            draft.refuse(path, message, "leave out `predictions: squad` for it")
    elif spec_of(benchmark, task.name) is None:
        title, specs = get_benchmark(benchmark).title, get_benchmark(benchmark).tasks
        draft.refuse(
            path,
            f"`{task.name}` has no place in a submission to {title}",
            f"it takes {', '.join(spec.name for spec in specs)}; leave out "
            f"`predictions: {benchmark}` for other tasks",
        )


def _check_head(draft: Draft, path: Path, model: str, task: Task, composition: Composition) -> None:
    """Whether the head of a model can predict a task."""
    shape = composition.of(model)
    if shape is None:
        return
    if shape.headless:
        draft.refuse(
            path,
            f"`{model}` has no head: {shape.headless}",
            f"train one on it (`after: {model}`), or `retrieve` with it",
        )
        return
    known = tasks_of_heads(draft.tasks, draft.used)
    models = [
        [known[name] for name in names]
        for names in shape.heads
        if all(name in known for name in names)
    ]
    if len(models) < len(shape.heads):
        return
    for first, second in itertools.pairwise(models):
        reason = _differ(first, second)
        if reason:
            draft.refuse(
                path,
                f"`{model}` merges adapters of different heads, so it has none: {reason}",
                f"train one on it (`after: {model}`), or `retrieve` with it",
            )
            return
    if models and head_for(models[0], task) is None:
        reasons = "; ".join(str(compatible(trained, task)) for trained in models[0])
        draft.refuse(
            path,
            f"`{model}` cannot be evaluated on `{task.name}`: {reasons}",
            f"train a stage on `{task.name}` `after: {model}`",
        )


def _differ(first: Sequence[Task], second: Sequence[Task]) -> str | None:
    """Why the heads of two merged models are not the same; None if they are."""
    if len(first) != len(second):
        return f"one has {len(first)}, another {len(second)}"
    reasons = (compatible(one, other) for one, other in zip(first, second, strict=True))
    return next((reason for reason in reasons if reason), None)


def _check_baseline(draft: Draft, at: Path, baseline: str | None, listed: Sequence[str]) -> None:
    if baseline is None or baseline in listed:
        return
    if draft.knows(at, "evaluate", "retrieve"):
        draft.refuse(
            (*at, "baseline"),
            f"`{baseline}` is not among the models listed here",
            suggest(baseline, listed),
        )


def _check_languages(draft: Draft, at: Path, languages: str | list[str], task: Task) -> None:
    for index, language in enumerate(languages if languages != "all" else ()):
        if not may_be_in(task, language_in(task, language)):
            draft.refuse(
                (*at, "languages", index),
                f"`{task.name}` has no language `{language}`",
                suggest_language(language, task.languages),
            )
