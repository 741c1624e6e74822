"""`suggest`: predicts from frozen features which intermediate stage may help a target."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.documents.nodes import KeyPath
from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.registry import get_kind
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.fields import BARE, MAX_LENGTH, MAX_SEED
from adapterxlt.recipe.kind import Read, Scene, Small, StageKind
from adapterxlt.recipe.schema import Recipe, Stage
from adapterxlt.recipe.shape import ShapeOf
from adapterxlt.recipe.steps import Step
from adapterxlt.stages.language_swaps import refuse_missing, spoken_by, with_languages
from adapterxlt.stages.measuring import (
    bare_or_first,
    check_length,
    languages_of,
    refuse_ensembles,
    seen_by,
    stages_among,
    step_of,
)
from adapterxlt.suggest import few
from adapterxlt.tasks.catalogue import Task, source_of
from adapterxlt.tasks.find import available_languages, has_files

REVISION = 3  # of what is counted as the training data of a model


def without_classes(task: Task) -> tuple[str, str] | None:
    """Why features cannot be measured on a task, and what to do; None if they can.

    Each of its examples, or each of some parts of it, must have one class.
    """
    kind = get_kind(task.kind)
    if kind.has_classes and not task.multi_label:
        return None
    return (
        f"`{task.name}` is {kind.words}, whose examples do not have one class each",
        "compare stages for it by training on a few examples (`cap`)",
    )


class SuggestStage(Stage):
    """Rank intermediate stages for a target without training on it.

    `{suggest: [none, nli, qa], on: udpos, sample: 500}` measures how well the frozen features of
    each model separate the classes in a sample of the target's training data. In multiple choice,
    the classes are right and wrong choices; in question answering, words of the context inside and
    outside the answer. The results also show two rules that cost nothing: choose the model trained
    on MNLI, or on the most texts. A model that was trained on language adapters is measured with
    that of the examples' language.
    """

    key: ClassVar[str] = "suggest"
    suggest: list[str] = Field(min_length=1, description="Intermediate stages to rank.")
    on: list[str] = Field(min_length=1, description="Target tasks to rank them for.")
    language: str = Field("en", description="Language of the examples.")
    sample: int = Field(500, ge=10, le=10_000, description="Number of examples in the sample.")
    seed: int = Field(1, ge=0, le=MAX_SEED, description="Seed that draws the sample.")
    max_length: int = Field(
        128, ge=8, le=MAX_LENGTH, description="Maximum length of an input, in subwords."
    )
    token_budget: int = Field(
        8192, gt=0, description="Maximum number of tokens, including padding, in one forward pass."
    )


class _Suggest(StageKind[SuggestStage]):
    key = "suggest"
    model = SuggestStage
    lists = distinct = ("suggest", "on")
    measures = True

    def references(self, stage: SuggestStage) -> Iterator[tuple[KeyPath, str]]:
        yield from stages_among("suggest", stage.suggest)

    def check(self, draft: Draft, name: str, stage: SuggestStage, shape_of: ShapeOf) -> None:
        at: KeyPath = ("stages", name)
        for index, listed in enumerate(stage.on):
            path: KeyPath = (*at, "on", index)
            task = draft.task(path, listed)
            if task is None:
                continue
            if not get_kind(task.kind).trainable:
                draft.refuse(
                    path,
                    f"`{listed}` is {get_kind(task.kind).words}",
                    "use `retrieve` to rank stages for it",
                )
            elif (problem := without_classes(task)) is not None:
                draft.refuse(path, *problem)
            elif "train" not in task.splits and task.train in (None, task.name):
                draft.refuse(path, f"`{listed}` has no training data")
        why = "so no stage can be trained for it"
        refuse_ensembles(draft, at, "suggest", stage.suggest, shape_of, why)

    def check_backbone(
        self, draft: Draft, name: str, stage: SuggestStage, shape_of: ShapeOf, backbone: Backbone
    ) -> None:
        check_length(draft, ("stages", name, "max_length"), stage.max_length, backbone)

    def steps(self, scene: Scene, name: str, stage: SuggestStage) -> Iterable[Step]:
        """One step a model and a target."""
        speaks = {model: spoken_by(scene, model) for model in stage.suggest}
        for listed in stage.on:
            task = source_of(scene.recipe.catalogue[listed], "train")
            languages = languages_of(task, [stage.language], scene.roots, "train")
            _refuse_missing_data(task, languages, scene.roots)
            refuse_missing(name, [(model, speaks[model], languages) for model in stage.suggest])
            params: dict[str, object] = {
                "task": task.name,
                "languages": languages,
                "split": "train",
                "cap": None,
                "sample": stage.sample,
                "seed": stage.seed,
                "max_length": stage.max_length,
                "token_budget": stage.token_budget,
                **seen_by(scene),
            }
            for model in stage.suggest:
                # Nothing is counted of the bare backbone.
                counted = {} if model == BARE else {"revision": REVISION}
                inputs, own = with_languages(
                    step_of(model), {**params, **counted}, speaks[model], languages
                )
                yield Step(f"{name}/{model}/{listed}", self.key, name, inputs, own)

    def in_small(
        self, recipe: Recipe, name: str, stage: SuggestStage, count: int, roots: Sequence[Path]
    ) -> Small[SuggestStage]:
        return Small(stage.model_copy(update={"sample": max(10, min(count, stage.sample))}))

    def reads(self, step: Step, tasks: Mapping[str, Task]) -> Iterator[Read]:
        yield Read(tasks[step.text("task")], step.items("languages"), step.text("split"))

    def baseline(self, models: Sequence[str]) -> str:
        return bare_or_first(models)

    def protocol(self, params: Mapping[str, Any]) -> str:
        return f"frozen features of {params['sample']} examples"

    def runner(self) -> Callable[..., None]:
        from adapterxlt.stages.suggest_run import run_suggest

        return run_suggest


def _refuse_missing_data(task: Task, languages: Sequence[str], roots: Sequence[Path]) -> None:
    """Refuse a language without training data, where others have some.

    Raises:
        MissingDataError: there are none in it; names those that have some.
    """
    there = available_languages(task, roots, "train")
    for language in languages:
        if there and not has_files(task, roots, language, "train"):
            raise MissingDataError(
                f"no train data of `{task.name}` in language `{language}`",
                hint=f"`suggest` takes its sample from them; choose a language that has them: "
                f"{few(there)}",
            )


KIND = _Suggest()
