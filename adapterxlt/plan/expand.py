"""From a recipe to its steps: one a trained stage, one a (model, task) cell of the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import get_args

from adapterxlt.backbones import Backbone
from adapterxlt.methods.merging import merge_note
from adapterxlt.methods.parser import parse_method, without_added
from adapterxlt.plan.steps import PART_KEYS, Step
from adapterxlt.recipe.composition import shapes_of
from adapterxlt.recipe.heads import head_for
from adapterxlt.recipe.order import in_order
from adapterxlt.recipe.schema import (
    EvaluateStage,
    FuseStage,
    MergeStage,
    Recipe,
    RetrieveStage,
    Stage,
    TrainStage,
    UseStage,
)
from adapterxlt.recipe.used import Used, tasks_of_heads
from adapterxlt.retrieval.protocols import get_protocol
from adapterxlt.tasks.catalogue import Task, language_in
from adapterxlt.tasks.find import available_languages, find, has_files
from adapterxlt.vectors.names import Pooling

MAX_LENGTH = 8192  # of an input, as in recipes
BARE = "none"  # the bare backbone, as `retrieve: [none]` names it
FUSION_METHOD = "fusion"
_NEUTRAL = ("checkpoint_every",)
_CHOICE = ("keep", "dev_cap")
_SAMPLING = ("sampling", "sampling_cap", "temperature")


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
    return in_order(recipe.stages, lambda name: stage_inputs(recipe.stages[name]))


def expand(
    recipe: Recipe,
    backbone: Backbone,
    roots: Sequence[Path],
    used: Mapping[str, Used] | None = None,
) -> list[Step]:
    """Return the steps of a checked recipe in an order that respects their inputs.

    Args:
        backbone: the recipe's.
        roots: resolved data folders (they tell which languages are there).
        used: what its `use` stages name, by stage.

    Raises:
        MissingDataError: no language of an evaluation has data.
    """
    steps: list[Step] = []
    used = used or {}
    merges = any(isinstance(stage, MergeStage) for stage in recipe.stages.values())
    shapes = shapes_of(recipe, used) if merges else {}
    for name in stage_order(recipe):
        stage = recipe.stages[name]
        if isinstance(stage, (TrainStage, FuseStage)):
            steps.append(_training_step(recipe, name, stage))
        elif isinstance(stage, MergeStage):
            params: dict[str, object] = {"weights": stage.shares}
            if stage.rank is not None:
                params["rank"] = stage.rank
            shape = shapes[name]
            method = shape.methods[0] if shape and shape.methods else parse_method("full")
            neutral: dict[str, object] = {"note": merge_note(method, stage.shares)}
            steps.append(Step(name, "merge", name, tuple(stage.merge), params, neutral))
        elif isinstance(stage, UseStage):
            steps.append(Step(name, "use", name, (), {}))
        elif isinstance(stage, EvaluateStage):
            steps.extend(_evaluation_cells(recipe, name, stage, roots, used))
        else:
            steps.extend(_retrieval_cells(recipe, name, stage, backbone, roots))
    return steps


def stage_behind(recipe: Recipe, name: str) -> str:
    """The stage that a model's heads and training settings are those of.

    Itself; for a merged one its first member's.
    """
    stage = recipe.stages[name]
    while isinstance(stage, MergeStage):
        name = stage.merge[0]
        stage = recipe.stages[name]
    return name


def _training_step(recipe: Recipe, name: str, stage: TrainStage | FuseStage) -> Step:
    method = stage.method if isinstance(stage, TrainStage) else FUSION_METHOD
    settings = recipe.training_of(name).resolved(method)
    # Of settings that came later, what changes nothing is left out: addresses stay as they were.
    left_out = {*_NEUTRAL, *PART_KEYS, *_SAMPLING, *(() if settings.keep == "best" else _CHOICE)}
    params: dict[str, object] = settings.model_dump(exclude=left_out)
    neutral = {key: getattr(settings, key) for key in _NEUTRAL}
    parts = recipe.parts_of(name)
    if len(parts) == 1:
        params |= asdict(parts[0])
    else:
        params |= {"tasks": [asdict(part) for part in parts], "sampling": settings.sampling}
        if settings.sampling in ("capped", "temperature"):
            params["sampling_cap"] = settings.sampling_cap
        if settings.sampling == "temperature":
            params["temperature"] = settings.temperature
    params["method"] = without_added(method)
    if method == "full":
        params.pop("frozen_dropout")
    if isinstance(stage, FuseStage):
        params["fusion"] = stage.fusion
        return Step(name, "fuse", name, tuple(stage.fuse), params, neutral)
    params["relation"] = "after" if stage.after else "stack_on" if stage.stack_on else "none"
    return Step(name, "train", name, stage_inputs(stage), params, neutral)


def _languages(task: Task, asked: str | list[str], roots: Sequence[Path], split: str) -> list[str]:
    if asked != "all":
        listed = [asked] if isinstance(asked, str) else asked
        return list(dict.fromkeys(language_in(task, language) for language in listed))
    found = list(available_languages(task, roots, split))
    if not found:
        find(task, roots, task.languages[0], split)  # its error lists what was looked for
    return found


def _evaluation_cells(
    recipe: Recipe,
    name: str,
    stage: EvaluateStage,
    roots: Sequence[Path],
    used: Mapping[str, Used],
) -> Iterator[Step]:
    known = tasks_of_heads(recipe.catalogue, used)
    for task_name in stage.on:
        task = recipe.catalogue[task_name]
        languages = _languages(task, stage.languages, roots, stage.split)
        for model in stage.evaluate:
            lengths, doc_stride = _inputs_of(recipe, stage_behind(recipe, model), used)
            head = head_for([known[trained] for trained in lengths], task)
            assert head is not None  # checked with the recipe
            params: dict[str, object] = {
                "task": task_name,
                "languages": languages,
                "split": stage.split,
                "cap": stage.cap,
                "max_length": stage.max_length or lengths[head.name],
                "doc_stride": doc_stride,
                "token_budget": stage.token_budget,
            }
            if len(lengths) > 1:
                params["head"] = head.name
            if stage.predictions:
                params["predictions"] = stage.predictions
            yield Step(f"{name}/{model}/{task_name}", "evaluate", name, (model,), params)


def _inputs_of(recipe: Recipe, behind: str, used: Mapping[str, Used]) -> tuple[dict[str, int], int]:
    """How long the inputs of each head of a model were in training, and how far they overlapped.

    Of what was trained elsewhere and does not say so, as in the recipe's `training`.
    """
    if behind not in used:
        settings = recipe.training_of(behind)
        return {part.task: part.max_length for part in recipe.parts_of(behind)}, settings.doc_stride
    found = used[behind]
    said = {str(part.get("task")): part.get("max_length") for part in found.trained()}
    lengths = {task: _number(said.get(task), recipe.training.max_length) for task in found.heads}
    return lengths, _number(found.behind().get("doc_stride"), recipe.training.doc_stride)


def _number(said: object, default: int) -> int:
    return said if type(said) is int and 0 < said <= MAX_LENGTH else default


def _retrieval_cells(
    recipe: Recipe, name: str, stage: RetrieveStage, backbone: Backbone, roots: Sequence[Path]
) -> Iterator[Step]:
    layers = (
        list(range(backbone.layers + 1)) if stage.layers == "all" else sorted(set(stage.layers))
    )
    pooling = {}
    if stage.pooling:  # in the order of the catalogue: that of the recipe changes no result
        known = get_args(Pooling)
        listed = known if stage.pooling == "all" else stage.pooling
        pooling = {"pooling": [name for name in known if name in listed]}
    protocol = asdict(get_protocol(stage.protocol))
    del protocol["source"]  # says where the values come from, and changes none
    for task_name in stage.on:
        task = recipe.catalogue[task_name]
        first, *others = task.splits  # BUCC's dev sets the threshold, its test may be missing
        languages = _languages(task, stage.languages, roots, first)
        splits = [first] + [
            split
            for split in others
            if all(has_files(task, roots, language, split) for language in languages)
        ]
        written = {"predictions": stage.predictions} if stage.predictions else {}
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
                    **pooling,
                    "protocol": protocol,
                    "max_length": stage.max_length,
                    "token_budget": stage.token_budget,
                    **written,
                },
            )
