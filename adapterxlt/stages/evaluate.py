"""`evaluate`: trained stages are scored zero-shot, language by language."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.documents.nodes import KeyPath
from adapterxlt.kinds.registry import get_kind
from adapterxlt.metrics.facts import packages_of
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.fields import MAX_LENGTH, Languages, Precision
from adapterxlt.recipe.heads import head_for
from adapterxlt.recipe.kind import Read, Scene, Small, StageKind
from adapterxlt.recipe.kinds import kind_of, stage_behind
from adapterxlt.recipe.schema import Recipe, Stage
from adapterxlt.recipe.shape import ShapeOf
from adapterxlt.recipe.steps import Step
from adapterxlt.recipe.used import tasks_of_heads
from adapterxlt.stages.language_swaps import (
    missing,
    problem_of,
    refuse_missing,
    spoken_by,
    with_languages,
)
from adapterxlt.stages.measuring import (
    COMPUTED_IN,
    check_baseline,
    check_languages,
    check_length,
    check_submission,
    computed_in,
    languages_of,
    refuse_cap,
    seen_by,
)
from adapterxlt.tasks.catalogue import Task, compatible
from adapterxlt.tasks.data_hash import scored_by
from adapterxlt.tasks.task_languages import language_in


class EvaluateStage(Stage):
    """Score trained stages zero-shot: `{evaluate: [direct, after_nli], on: udpos}`.

    Every stage is scored in every language of the task that has files, with its own head.
    """

    key: ClassVar[str] = "evaluate"
    evaluate: list[str] = Field(min_length=1, description="Stages to score.")
    on: list[str] = Field(min_length=1, description="Tasks to score them on.")
    languages: Languages = Field(
        "all", description="Languages to score: a list, or `all` for which files exist."
    )
    split: Literal["dev", "test"] = Field("dev", description="Split to score.")
    baseline: str | None = Field(
        None,
        description="Model to compare with; default: `direct` if listed, else the first model.",
    )
    cap: int | None = Field(
        None, gt=0, description="Maximum number of examples per language (the first ones)."
    )
    max_length: int | None = Field(
        None,
        ge=8,
        le=MAX_LENGTH,
        description="Maximum length of an input, in subwords; default: as in training.",
    )
    token_budget: int = Field(
        8192, gt=0, description="Maximum number of tokens, including padding, in one forward pass."
    )
    precision: Precision = Field("fp32", description=COMPUTED_IN)
    predictions: Literal["xtreme", "xglue", "squad"] | None = Field(
        None,
        description="Also write prediction files for this benchmark. Languages without labels are "
        "predicted but not scored.",
    )


class _Evaluate(StageKind[EvaluateStage]):
    key = "evaluate"
    model = EvaluateStage
    lists = distinct = ("evaluate", "on", "languages")
    may_be_all = ("languages",)
    named = ("evaluate",)
    measures = True
    version = 3

    def check(self, draft: Draft, name: str, stage: EvaluateStage, shape_of: ShapeOf) -> None:
        at: KeyPath = ("stages", name)
        check_baseline(draft, at, stage.baseline, stage.evaluate)
        for index, name in enumerate(stage.on):
            path: KeyPath = (*at, "on", index)
            task = draft.task(path, name)
            if task is None:
                check_languages(draft, at, stage.languages, draft.meant(name))
                continue
            if not get_kind(task.kind).trainable:
                draft.refuse(
                    path, f"`{name}` is {get_kind(task.kind).words}", "use `retrieve` for it"
                )
                continue
            check_languages(draft, at, stage.languages, task)
            if stage.split not in task.splits:
                draft.refuse(
                    (*at, "split"),
                    f"`{name}` has no split `{stage.split}`",
                    "it has "
                    + ", ".join(task.splits)
                    + ("; add files of this split to its entry" if task.home else ""),
                )
            if stage.predictions:
                check_submission(draft, path, stage.predictions, task)
            for position, model in enumerate(stage.evaluate):
                here: KeyPath = (*at, "evaluate", position)
                _check_head(draft, here, model, task, shape_of)
                _check_spoken(draft, here, model, stage, task, shape_of)
        if stage.predictions and stage.cap:
            refuse_cap(draft, at)

    def check_backbone(
        self, draft: Draft, name: str, stage: EvaluateStage, shape_of: ShapeOf, backbone: Backbone
    ) -> None:
        check_length(draft, ("stages", name, "max_length"), stage.max_length or 0, backbone)

    def steps(self, scene: Scene, name: str, stage: EvaluateStage) -> Iterable[Step]:
        """One step per model and task."""
        known = tasks_of_heads(scene.recipe.catalogue, scene.used)
        measured = {
            name: languages_of(
                scene.recipe.catalogue[name], stage.languages, scene.roots, stage.split
            )
            for name in stage.on
        }
        speaks = {model: spoken_by(scene, model) for model in stage.evaluate}
        refuse_missing(
            name, [(m, speaks[m], codes) for m in stage.evaluate for codes in measured.values()]
        )
        for task_name, languages in measured.items():
            task = scene.recipe.catalogue[task_name]
            for model in stage.evaluate:
                behind = stage_behind(scene.recipe, model)
                made = scene.recipe.stages[behind]
                trained = kind_of(made).trained(scene, behind, made)
                head = head_for([known[name] for name in trained.lengths], task)
                assert head is not None  # checked with the recipe
                params: dict[str, object] = {
                    "task": task_name,
                    "languages": languages,
                    "split": stage.split,
                    "cap": stage.cap,
                    "max_length": stage.max_length or trained.lengths[head.name],
                    "doc_stride": trained.doc_stride,
                    "token_budget": stage.token_budget,
                    **seen_by(scene),
                }
                if stage.precision != "fp32":
                    params["precision"] = stage.precision
                if task.protocol:
                    params["protocol"] = task.protocol
                if len(trained.lengths) > 1:
                    params["head"] = head.name
                if stage.predictions:
                    params["predictions"] = stage.predictions
                inputs, params = with_languages((model,), params, speaks[model], languages)
                yield Step(f"{name}/{model}/{task_name}", "evaluate", name, inputs, params)

    def in_small(
        self,
        recipe: Recipe,
        name: str,
        stage: EvaluateStage,
        count: int,
        roots: Sequence[Path],
    ) -> Small[EvaluateStage]:
        cap = count if stage.cap is None else min(count, stage.cap)
        return Small(stage.model_copy(update={"cap": cap}))

    def version_of(self, step: Step, tasks: Mapping[str, Task]) -> int | str:
        """`3`, `3.1`; with metrics of other packages, their versions: `3, my-metrics 1.0`."""
        task = tasks[step.text("task")]
        revision, packages = get_kind(task.kind).revision, packages_of(task.metrics)
        said = f"{self.version}.{revision}" if revision else self.version
        return ", ".join([str(said), *packages]) if packages else said

    def reads(self, step: Step, tasks: Mapping[str, Task]) -> Iterator[Read]:
        task = tasks[step.text("task")]
        yield Read(task, step.items("languages"), step.text("split"), scored_by(task))

    def baseline(self, models: Sequence[str]) -> str:
        return "direct" if "direct" in models else models[0]

    def protocol(self, params: Mapping[str, Any]) -> str:
        return computed_in(str(params.get("protocol", "zero-shot")), params)

    def cap(self, stage: EvaluateStage) -> int | None:
        return stage.cap

    def runner(self) -> Callable[..., None]:
        from adapterxlt.stages.evaluate_run import run_evaluate

        return run_evaluate


def _check_head(draft: Draft, path: KeyPath, model: str, task: Task, shape_of: ShapeOf) -> None:
    """Check that a head of the model can predict the task."""
    shape = shape_of(model)
    if shape is None:
        return
    if shape.headless:
        draft.refuse(
            path,
            f"`{model}` has no head: {shape.headless}",
            f"train a stage `after: {model}`, or use the model in `retrieve`",
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
    if shape.kind == "ensemble":
        _check_ensemble(draft, path, model, task, models)
        return
    for first, second in itertools.pairwise(models):
        reason = _differ(first, second)
        if reason:
            draft.refuse(
                path,
                f"`{model}` merges adapters with different heads, so it has no head: {reason}",
                f"train a stage `after: {model}`, or use the model in `retrieve`",
            )
            return
    if models and head_for(models[0], task) is None:
        reasons = "; ".join(str(compatible(trained, task)) for trained in models[0])
        draft.refuse(
            path,
            f"`{model}` cannot be evaluated on `{task.name}`: {reasons}",
            f"train a stage on `{task.name}` `after: {model}`",
        )


def _check_spoken(
    draft: Draft,
    path: KeyPath,
    model: str,
    stage: EvaluateStage,
    task: Task,
    shape_of: ShapeOf,
) -> None:
    """Check that each listed language has a language adapter."""
    shape = shape_of(model)
    if shape is None or shape.speaks is None or stage.languages == "all":
        return
    gone = missing(shape.speaks, [language_in(task, code) for code in stage.languages])
    if gone:
        draft.refuse(path, *problem_of(model, gone))


def _check_ensemble(
    draft: Draft, path: KeyPath, model: str, task: Task, models: Sequence[Sequence[Task]]
) -> None:
    """Check that each member of an ensemble has a head for the task and can be averaged."""
    if not get_kind(task.kind).predicts:
        draft.refuse(
            path,
            f"`{model}` is an ensemble, but `{task.name}` is measured by the loss of single models",
        )
        return
    for trained in models:
        if head_for(trained, task) is None:
            reasons = "; ".join(str(compatible(one, task)) for one in trained)
            draft.refuse(path, f"`{model}` cannot be evaluated on `{task.name}`: {reasons}")
            return


def _differ(first: Sequence[Task], second: Sequence[Task]) -> str | None:
    """How the heads of two merged models differ; None if they are the same."""
    if len(first) != len(second):
        return f"one has {len(first)}, another {len(second)}"
    reasons = (compatible(one, other) for one, other in zip(first, second, strict=True))
    return next((reason for reason in reasons if reason), None)


KIND = _Evaluate()
