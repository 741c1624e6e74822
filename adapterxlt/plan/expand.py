"""From a recipe to its steps: one a trained stage, one a (model, task) cell of the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from adapterxlt.backbones import Backbone
from adapterxlt.methods import default_epochs, default_lr
from adapterxlt.plan.steps import Step
from adapterxlt.recipe.schema import (
    EvaluateStage,
    FuseStage,
    MergeStage,
    PretrainStage,
    Recipe,
    RetrieveStage,
    Stage,
    Training,
    TrainStage,
)
from adapterxlt.retrieval.protocols import PROTOCOLS
from adapterxlt.tasks.catalogue import Task, get_task
from adapterxlt.tasks.find import available_languages, find

BARE = "none"  # the bare backbone, as `retrieve: [none]` names it
FUSION_METHOD = "fusion"
_NEUTRAL = ("checkpoint_every",)


def stage_inputs(stage: Stage) -> tuple[str, ...]:
    """Names of the stages that `stage` needs, in order, the bare backbone left out."""
    if isinstance(stage, FuseStage):
        return tuple(stage.fuse)
    if isinstance(stage, MergeStage):
        return tuple(stage.merge)
    if isinstance(stage, EvaluateStage):
        return tuple(stage.evaluate)
    if isinstance(stage, RetrieveStage):
        return tuple(name for name in stage.retrieve if name != BARE)
    if isinstance(stage, TrainStage):
        return tuple(name for name in (stage.after, stage.stack_on) if name)
    return ()


def stage_order(recipe: Recipe) -> list[str]:
    """Stage names so that each comes after its inputs, otherwise as written."""
    order: list[str] = []
    seen: set[str] = set()

    def visit(name: str) -> None:
        if name in seen:
            return
        seen.add(name)
        for needed in stage_inputs(recipe.stages[name]):
            visit(needed)
        order.append(name)

    for name in recipe.stages:
        visit(name)
    return order


def expand(recipe: Recipe, backbone: Backbone | None, roots: Sequence[Path]) -> list[Step]:
    """Return the steps of a checked recipe in an order that respects their inputs.

    Args:
        backbone: None when the recipe only builds backbones.
        roots: resolved data folders (they tell which languages are there).

    Raises:
        MissingDataError: no language of an evaluation has data.
    """
    steps: list[Step] = []
    for name in stage_order(recipe):
        stage = recipe.stages[name]
        if isinstance(stage, (TrainStage, FuseStage)):
            steps.append(_training_step(recipe, name, stage))
        elif isinstance(stage, MergeStage):
            weights = stage.weights or [1 / len(stage.merge)] * len(stage.merge)
            steps.append(Step(name, "merge", name, tuple(stage.merge), {"weights": weights}))
        elif isinstance(stage, PretrainStage):
            params = {"pretrain": stage.pretrain, "seed": recipe.seed}
            steps.append(Step(name, "pretrain", name, (), params))
        elif isinstance(stage, EvaluateStage):
            steps.extend(_evaluation_cells(recipe, name, stage, roots))
        else:
            assert backbone is not None  # checked with the recipe
            steps.extend(_retrieval_cells(name, stage, backbone, roots))
    return steps


def model_training(recipe: Recipe, name: str) -> Training:
    """Training settings of a model; those of its first member for a merged one."""
    stage = recipe.stages[name]
    return (
        model_training(recipe, stage.merge[0])
        if isinstance(stage, MergeStage)
        else (recipe.training_of(name))
    )


def _training_step(recipe: Recipe, name: str, stage: TrainStage | FuseStage) -> Step:
    settings = recipe.training_of(name)
    params: dict[str, object] = {
        key: value for key, value in settings.model_dump().items() if key not in _NEUTRAL
    }
    neutral = {key: getattr(settings, key) for key in _NEUTRAL}
    method = stage.method if isinstance(stage, TrainStage) else FUSION_METHOD
    params |= {"task": stage.train, "method": method}
    if params["lr"] is None:
        params["lr"] = default_lr(method)
    if params["max_steps"] is not None:
        params["epochs"] = None
    elif params["epochs"] is None:
        params["epochs"] = default_epochs(method)
    if method == "full":
        params.pop("frozen_dropout")
    if isinstance(stage, FuseStage):
        params["fusion"] = stage.fusion
        return Step(name, "fuse", name, tuple(stage.fuse), params, neutral)
    params["relation"] = "after" if stage.after else "stack_on" if stage.stack_on else "none"
    return Step(name, "train", name, stage_inputs(stage), params, neutral)


def _languages(task: Task, asked: str | list[str], roots: Sequence[Path], split: str) -> list[str]:
    if asked != "all":
        return [asked] if isinstance(asked, str) else list(asked)
    found = list(available_languages(task, roots, split))
    if not found:
        find(task, roots, task.languages[0], split)  # its error lists what was looked for
    return found


def _evaluation_cells(
    recipe: Recipe, name: str, stage: EvaluateStage, roots: Sequence[Path]
) -> Iterator[Step]:
    for task_name in stage.on:
        task = get_task(task_name)
        languages = _languages(task, stage.languages, roots, stage.split)
        for model in stage.evaluate:
            training = model_training(recipe, model)
            yield Step(
                f"{name}/{model}/{task_name}",
                "evaluate",
                name,
                (model,),
                {
                    "task": task_name,
                    "languages": languages,
                    "split": stage.split,
                    "cap": stage.cap,
                    "max_length": stage.max_length or training.max_length,
                    "doc_stride": training.doc_stride,
                    "token_budget": stage.token_budget,
                },
            )


def _retrieval_cells(
    name: str, stage: RetrieveStage, backbone: Backbone, roots: Sequence[Path]
) -> Iterator[Step]:
    layers = (
        list(range(backbone.layers + 1)) if stage.layers == "all" else sorted(set(stage.layers))
    )
    for task_name in stage.on:
        task = get_task(task_name)
        first, *others = task.splits  # BUCC's dev sets the threshold, its test may be missing
        languages = _languages(task, stage.languages, roots, first)
        splits = [first] + [
            split
            for split in others
            if set(languages) <= {*available_languages(task, roots, split)}
        ]
        for model in stage.retrieve:
            yield Step(
                f"{name}/{model}/{task_name}",
                "retrieve",
                name,
                () if model == BARE else (model,),
                {
                    "task": task_name,
                    "languages": languages,
                    "splits": splits,
                    "layers": layers,
                    "protocol": asdict(PROTOCOLS[stage.protocol]),
                    "max_length": stage.max_length,
                    "token_budget": stage.token_budget,
                },
            )
