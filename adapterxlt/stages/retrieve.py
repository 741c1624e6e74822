"""`retrieve`: sentence retrieval or mining with models as they are, without training."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

from pydantic import Field

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.documents.nodes import KeyPath
from adapterxlt.errors import UsageError
from adapterxlt.kinds.registry import get_kind
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.fields import (
    BARE,
    MAX_LENGTH,
    Languages,
    LayersOrProtocol,
    Poolings,
    Precision,
)
from adapterxlt.recipe.kind import Read, Scene, Small, StageKind
from adapterxlt.recipe.language_adapters import LanguageAdapters, SpeakingStage
from adapterxlt.recipe.schema import Recipe
from adapterxlt.recipe.shape import ShapeOf
from adapterxlt.recipe.steps import Step
from adapterxlt.retrieval.protocols import choose_layers, get_protocol
from adapterxlt.stages.language_adapters import KEY, check_stages
from adapterxlt.stages.language_swaps import both_sides, refuse_missing, spoken_by, with_languages
from adapterxlt.stages.measuring import (
    COMPUTED_IN,
    bare_or_first,
    check_baseline,
    check_languages,
    check_length,
    check_submission,
    computed_in,
    languages_of,
    refuse_cap,
    refuse_ensembles,
    seen_by,
    stages_among,
    step_of,
)
from adapterxlt.stages.training.small import least
from adapterxlt.suggest import suggest
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.data_hash import scored_by
from adapterxlt.tasks.find import has_files
from adapterxlt.vectors.names import Pooling


class RetrieveStage(SpeakingStage):
    """Sentence retrieval or mining: `{retrieve: [nli, none], on: tatoeba, layers: all}`.

    `none` is the bare backbone. With `language_adapters`, it is the backbone with the adapter of
    each language and nothing else.
    """

    key: ClassVar[str] = "retrieve"
    retrieve: list[str] = Field(
        min_length=1, description="Models to measure; `none` is the bare backbone."
    )
    on: list[str] = Field(min_length=1, description="Tasks to measure them on.")
    layers: LayersOrProtocol = Field(
        "all",
        description="Layers to measure: a list, where 0 is the embeddings, `all`, or `protocol` "
        "for the layer of the published numbers.",
    )
    pooling: Poolings | None = Field(
        None,
        description="How to pool sentence vectors: mean, mean-no-special, cls, max, a list of "
        "them to choose from, or all; default: the protocol's pooling.",
    )
    languages: Languages = Field(
        "all", description="Languages to measure: a list, or `all` for which files exist."
    )
    protocol: str = Field(
        "xtreme-2020", description="Evaluation protocol; see `adapterxlt list presets`."
    )
    cap: int | None = Field(
        None,
        gt=0,
        description="Maximum number of sentence pairs per language (the first ones); in mining, of "
        "gold pairs, and of other sentences on each side.",
    )
    baseline: str | None = Field(
        None, description="Model to compare with; default: `none` if listed, else the first model."
    )
    max_length: int = Field(
        512, ge=8, le=MAX_LENGTH, description="Maximum length of a sentence, in subwords."
    )
    token_budget: int = Field(
        16384, gt=0, description="Maximum number of tokens, including padding, in one forward pass."
    )
    precision: Precision = Field("fp32", description=COMPUTED_IN)
    predictions: Literal["xtreme"] | None = Field(
        None,
        description="Write prediction files for this benchmark, from the layer listed or from "
        "the protocol's layer.",
    )


class _Retrieve(StageKind[RetrieveStage]):
    key = "retrieve"
    model = RetrieveStage
    lists = distinct = ("retrieve", "on", "languages", "layers", "pooling")
    may_be_all = ("languages", "layers", "pooling")
    named = (KEY,)
    measures = True
    version = 4

    def references(self, stage: RetrieveStage) -> Iterator[tuple[KeyPath, str]]:
        yield from stages_among("retrieve", stage.retrieve)
        yield from super().references(stage)

    def check(self, draft: Draft, name: str, stage: RetrieveStage, shape_of: ShapeOf) -> None:
        at: KeyPath = ("stages", name)
        check_baseline(draft, at, stage.baseline, stage.retrieve)
        why = "whose members have different sentence vectors"
        refuse_ensembles(draft, at, "retrieve", stage.retrieve, shape_of, why)
        _check_languages(draft, at, stage, shape_of)
        try:
            get_protocol(stage.protocol)
        except UsageError as error:
            draft.refuse((*at, "protocol"), error.message, error.hint)
        for index, layer in enumerate(_listed(stage)):
            if int(layer) < 0:
                draft.refuse(
                    (*at, "layers", index), f"there is no layer {layer}", "0 is the embeddings"
                )
        if stage.predictions and len(set(_listed(stage))) > 1:
            draft.refuse(
                (*at, "layers"),
                "a submission uses one layer",
                "list one layer, or write `layers: protocol`",
            )
        if stage.predictions and stage.cap:
            refuse_cap(draft, at)
        if stage.pooling is not None:
            _check_pooling(draft, at, stage, stage.pooling)
        for index, name in enumerate(stage.on):
            path: KeyPath = (*at, "on", index)
            task = draft.task(path, name)
            if task is None:
                check_languages(draft, at, stage.languages, draft.meant(name))
                continue
            if get_kind(task.kind).trainable:
                draft.refuse(
                    path, f"`{name}` is {get_kind(task.kind).words}", "use `evaluate` for it"
                )
                continue
            if stage.predictions:
                check_submission(draft, path, stage.predictions, task)
            check_languages(draft, at, stage.languages, task)

    def check_backbone(
        self, draft: Draft, name: str, stage: RetrieveStage, shape_of: ShapeOf, backbone: Backbone
    ) -> None:
        at: KeyPath = ("stages", name)
        check_length(draft, (*at, "max_length"), stage.max_length, backbone)
        for index, layer in enumerate(_listed(stage)):
            if int(layer) > backbone.layers:
                draft.refuse(
                    (*at, "layers", index),
                    f"there is no layer {layer}",
                    f"`{backbone.name}` has layers 0 (the embeddings) to {backbone.layers}",
                )

    def steps(self, scene: Scene, name: str, stage: RetrieveStage) -> Iterable[Step]:
        """One step a model and a task."""
        settings = _settings(stage, scene)
        speaks = {model: spoken_by(scene, model) for model in stage.retrieve}
        if stage.language_adapters is not None:
            mapping, otherwise = stage.language_adapters, stage.no_language_adapter
            speaks[BARE] = LanguageAdapters(mapping, otherwise, "", "")
        for task_name in stage.on:
            task, roots = scene.recipe.catalogue[task_name], scene.roots
            languages, splits = _measured_in(task, stage.languages, roots)
            both = dict.fromkeys(side for code in languages for side in both_sides(task, code))
            refuse_missing(name, [(model, speaks[model], list(both)) for model in stage.retrieve])
            for model in stage.retrieve:
                params: dict[str, object] = {
                    "task": task_name,
                    "languages": languages,
                    "splits": splits,
                    "layers": _layers(stage, scene.backbone, task),
                    **settings,
                }
                inputs, params = with_languages(step_of(model), params, speaks[model], both)
                yield Step(f"{name}/{model}/{task_name}", "retrieve", name, inputs, params)

    def in_small(
        self,
        recipe: Recipe,
        name: str,
        stage: RetrieveStage,
        count: int,
        roots: Sequence[Path],
    ) -> Small[RetrieveStage]:
        """In two languages at most that all its tasks have data in, if there are any."""
        tasks = [recipe.catalogue[task] for task in stage.on]
        asked = tasks[0].languages if stage.languages == "all" else stage.languages
        shared = (
            language
            for language in asked
            if all(has_files(task, roots, language, task.splits[0]) for task in tasks)
        )
        few = list(islice(shared, 2)) or stage.languages
        return Small(stage.model_copy(update={"languages": few, "cap": least(count, stage.cap)}))

    def reads(self, step: Step, tasks: Mapping[str, Task]) -> Iterator[Read]:
        task = tasks[step.text("task")]
        for split in step.items("splits"):
            yield Read(task, step.items("languages"), split, scored_by(task))

    def baseline(self, models: Sequence[str]) -> str:
        return bare_or_first(models)

    def protocol(self, params: Mapping[str, Any]) -> str:
        """`xtreme-2020`, with what is put before each sentence: `xtreme-2020, prefix "query: "`."""
        name, prefix = str(params["protocol"]["name"]), params.get("prefix")
        return computed_in(f"{name}, prefix {json.dumps(prefix)}" if prefix else name, params)

    def cap(self, stage: RetrieveStage) -> int | None:
        return stage.cap

    def runner(self) -> Callable[..., None]:
        from adapterxlt.stages.retrieve_run import run_retrieve

        return run_retrieve


def _settings(stage: RetrieveStage, scene: Scene) -> dict[str, object]:
    """What all steps of a stage have in common."""
    settings: dict[str, object] = {}
    if stage.pooling:  # in the order of the catalogue: that of the recipe changes no result
        known = get_args(Pooling)
        listed = known if stage.pooling == "all" else stage.pooling
        settings["pooling"] = [pooling for pooling in known if pooling in listed]
    protocol = asdict(get_protocol(stage.protocol))
    del protocol["source"]  # says where the values come from, and changes none
    settings |= {
        "protocol": protocol,
        "max_length": stage.max_length,
        "token_budget": stage.token_budget,
        **seen_by(scene),
    }
    if stage.cap is not None:
        settings["cap"] = stage.cap
    if stage.precision != "fp32":
        settings["precision"] = stage.precision
    if scene.backbone.prefix:
        settings["prefix"] = scene.backbone.prefix
    if stage.predictions:
        settings["predictions"] = stage.predictions
    return settings


def _measured_in(
    task: Task, asked: str | list[str], roots: Sequence[Path]
) -> tuple[list[str], list[str]]:
    """The languages and splits to measure, except training data, as far as there are files.

    For mining, dev sets the threshold, so it must be there, and test may be missing. Otherwise
    test, or dev where no language has a test; if there are both, dev can choose the layer.
    """
    splits: list[str] = [split for split in task.splits if split != "train"]
    splits = splits or list(task.splits)
    needed = splits[0]
    if not get_kind(task.kind).mines:
        named = task.languages if asked == "all" else asked
        there = (
            split
            for split in reversed(splits)
            if any(has_files(task, roots, language, split) for language in named)
        )
        needed = next(there, splits[-1])
    languages = languages_of(task, asked, roots, needed)
    return languages, [
        split
        for split in splits
        if split == needed or all(has_files(task, roots, language, split) for language in languages)
    ]


def _layers(stage: RetrieveStage, backbone: Backbone, task: Task) -> list[int]:
    protocol = get_protocol(stage.protocol)
    vectors = protocol.bucc if get_kind(task.kind).mines else protocol.tatoeba
    layers = None if stage.layers == "protocol" else stage.layers
    return list(choose_layers(layers, vectors, backbone.layers))


def _listed(stage: RetrieveStage) -> list[int]:
    """The layers that the recipe lists by their numbers."""
    return [] if isinstance(stage.layers, str) else stage.layers


def _check_languages(draft: Draft, at: KeyPath, stage: RetrieveStage, shape_of: ShapeOf) -> None:
    """Whether there is something that stands on the stage's own language adapters, and can."""
    if stage.language_adapters is None:
        if "no_language_adapter" in stage.model_fields_set:
            draft.refuse((*at, "no_language_adapter"), f"has no effect without `{KEY}`")
        return
    if not draft.knows(at, KEY):
        return
    path: KeyPath = (*at, KEY)
    check_stages(draft, path, stage.language_adapters, shape_of)
    if stage.no_language_adapter == "source":
        draft.refuse(
            (*at, "no_language_adapter"),
            "no model here was trained on the language adapters, so there is no source language",
            "use `none`, or leave out these languages",
        )
    for index, model in enumerate(stage.retrieve):
        shape = shape_of(model)
        if model != BARE and shape is not None and shape.speaks is None:
            draft.refuse(
                (*at, "retrieve", index),
                f"`{model}` was not trained on language adapters",
                f"add `{KEY}` to the stage that trains it, or measure it in a separate stage",
            )
    if BARE not in stage.retrieve:
        draft.refuse(
            path,
            f"only `{BARE}` would use the language adapters, and it is not listed",
            "leave this key out; models that were trained on language adapters use their own",
        )


def _check_pooling(
    draft: Draft, at: KeyPath, stage: RetrieveStage, listed: str | list[str]
) -> None:
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
            f"the protocol `{stage.protocol}` already names a pooling",
            f"leave out `pooling` or `+{named[0]}`",
        )
    if stage.predictions and (listed == "all" or len(set(listed)) > 1):
        draft.refuse(
            (*at, "pooling"),
            "a submission uses one pooling",
            "list one pooling, or leave out `pooling` to use the protocol's pooling",
        )


KIND = _Retrieve()
