"""Shared parts of stage kinds that measure: checks, and the languages to measure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.benchmarks.registry import SQUAD, get_benchmark, spec_of
from adapterxlt.documents.nodes import KeyPath
from adapterxlt.kinds.registry import get_kind
from adapterxlt.languages import suggest_language
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.fields import BARE
from adapterxlt.recipe.kind import Scene
from adapterxlt.recipe.shape import ShapeOf
from adapterxlt.suggest import suggest
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.find import available_languages, find
from adapterxlt.tasks.pretraining import told
from adapterxlt.tasks.task_languages import language_in, may_be_in

COMPUTED_IN = (
    "Precision of matrix products; `auto` means bf16 on GPUs that support it, else fp32; `fp16` "
    "needs a CUDA GPU. The results state which one was used."
)


def computed_in(protocol: str, params: Mapping[str, object]) -> str:
    """The protocol of a measurement, with its precision if it is not fp32."""
    asked = params.get("precision")
    return protocol if asked is None else f"{protocol}, precision {asked}"


def seen_by(scene: Scene) -> dict[str, object]:
    """The tasks that the makers of the backbone trained on, for the contamination check."""
    tasks = scene.recipe.catalogue
    found = {told(name, tasks, scene.roots) for name in scene.backbone.seen}
    return {"seen": sorted(found)} if found else {}


def stages_among(key: str, models: Sequence[str]) -> Iterator[tuple[KeyPath, str]]:
    """The stages that a key lists, each with its place, without the bare backbone."""
    for index, model in enumerate(models):
        if model != BARE:
            yield (key, index), model


def step_of(model: str) -> tuple[str, ...]:
    """The step that a measurement of a model needs; () for the bare backbone."""
    return () if model == BARE else (model,)


def bare_or_first(models: Sequence[str]) -> str:
    """The default baseline: the bare backbone if it is listed, else the first model."""
    return BARE if BARE in models else models[0]


def refuse_cap(draft: Draft, at: KeyPath) -> None:
    """Refuse a cap in a stage that writes a submission."""
    draft.refuse(
        (*at, "cap"),
        "a submission must hold a prediction for every example",
        "leave out `cap` or `predictions`",
    )


def refuse_ensembles(
    draft: Draft, at: KeyPath, key: str, models: Sequence[str], shape_of: ShapeOf, why: str
) -> None:
    """Refuse ensembles, because they have several encoders."""
    for index, model in enumerate(models):
        shape = shape_of(model)
        if shape is not None and shape.kind == "ensemble":
            draft.refuse(
                (*at, key, index), f"`{model}` is an ensemble, {why}", "list its members instead"
            )


def check_baseline(draft: Draft, at: KeyPath, baseline: str | None, listed: Sequence[str]) -> None:
    """Check that the baseline is one of the models of a stage."""
    if baseline is None or baseline in listed:
        return
    if draft.knows(at, "evaluate", "retrieve"):
        draft.refuse(
            (*at, "baseline"),
            f"`{baseline}` is not one of the models listed here",
            suggest(baseline, listed),
        )


def check_languages(
    draft: Draft, at: KeyPath, languages: str | list[str], task: Task | None
) -> None:
    """Check that the task has the languages of a stage; of an unknown task, nothing is known."""
    if task is None:
        return
    for index, language in enumerate(languages if languages != "all" else ()):
        if not may_be_in(task, language_in(task, language)):
            draft.refuse(
                (*at, "languages", index),
                f"`{task.name}` has no language `{language}`",
                suggest_language(language, task.languages),
            )


def check_submission(draft: Draft, path: KeyPath, benchmark: str, task: Task) -> None:
    """Check that a submission to the benchmark can contain the task."""
    if benchmark == SQUAD:  # any file of answers
        if not get_kind(task.kind).spans:
            message = f"`{task.name}` is {get_kind(task.kind).words}, which has no answers to write"
            draft.refuse(path, message, "leave out `predictions: squad` for this task")
    elif spec_of(benchmark, task.name) is None:
        title, specs = get_benchmark(benchmark).title, get_benchmark(benchmark).tasks
        draft.refuse(
            path,
            f"`{task.name}` is not part of a submission to {title}",
            f"it takes {', '.join(spec.name for spec in specs)}; leave out "
            f"`predictions: {benchmark}` for other tasks",
        )


def check_length(draft: Draft, path: KeyPath, length: int, backbone: Backbone) -> None:
    """Check that the backbone accepts inputs of this length."""
    if length > backbone.max_length:
        draft.refuse(
            path,
            f"{length} subwords are too many for `{backbone.name}`",
            f"use a max_length of at most {backbone.max_length}",
        )


def languages_of(
    task: Task, asked: str | list[str], roots: Sequence[Path], split: str
) -> list[str]:
    """The languages that are meant; of `all`, those that there are data in.

    Raises:
        MissingDataError: there are none.
    """
    if asked != "all":
        listed = [asked] if isinstance(asked, str) else asked
        return list(dict.fromkeys(language_in(task, language) for language in listed))
    found = list(available_languages(task, roots, split))
    if not found:
        find(task, roots, task.languages[0], split)  # its error lists what was looked for
    return found
