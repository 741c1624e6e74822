"""Finds the language adapters that a measurement swaps in, and those that are missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from adapterxlt.errors import InvalidRecipeError, Problem
from adapterxlt.recipe.kind import Scene
from adapterxlt.recipe.language_adapters import LanguageAdapters
from adapterxlt.stages.language_adapters import KEY
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.find import halves

NONE = "none"  # a language is measured without an adapter


def spoken_by(scene: Scene, model: str) -> LanguageAdapters | None:
    """The language adapters that the model of a stage stands on."""
    shape = scene.shape_of(model)
    return shape.speaks if shape is not None else None


@dataclass(frozen=True)
class Swapped:
    """What the step of a measurement says of language adapters.

    Args:
        inputs: the steps that it needs besides that of the model.
        params: `language_adapters`: of each language the place of its own among the inputs of the
            step, 0 for the one that the model has in it; or, of one without, the language
            of the one that serves instead, or `none`. `source_adapter`: the place of the one that
            the model was trained with, where it is taken out by subtracting its weights.
    """

    inputs: tuple[str, ...]
    params: dict[str, object]


def swapped(speaks: LanguageAdapters, languages: Iterable[str]) -> Swapped:
    """What a measurement of a model in some languages needs, its model being its first input.

    If nothing else stands on the language adapters, there is no such model.
    """
    inputs: list[str] = []

    def place(name: str) -> int:
        if name not in inputs:
            inputs.append(name)
        return inputs.index(name) + 1

    table: dict[str, int | str] = {}
    for language in languages:
        own = speaks.of(language)
        if own is None:
            table[language] = speaks.language if speaks.otherwise == "source" else NONE
        else:
            table[language] = 0 if own == speaks.source else place(own)
    params: dict[str, object] = {KEY: table} | ({} if speaks.source else {"alone": True})
    taken_out = any(value == NONE or (type(value) is int and value) for value in table.values())
    if speaks.weights and taken_out and speaks.source:
        params["source_adapter"] = place(speaks.source)
    return Swapped(tuple(inputs), params)


def with_languages(
    inputs: tuple[str, ...],
    params: dict[str, object],
    speaks: LanguageAdapters | None,
    languages: Iterable[str],
) -> tuple[tuple[str, ...], dict[str, object]]:
    """The inputs and params of a measurement, with what `swapped` adds; unchanged without any.

    Args:
        inputs: the step of the model, or () if nothing else stands on the language adapters.
    """
    if speaks is None:
        return inputs, params
    spoken = swapped(speaks, languages)
    return (*inputs, *spoken.inputs), {**params, **spoken.params}


def both_sides(task: Task, language: str) -> tuple[str, str]:
    """The languages of sentences and of their translations."""
    first, second = halves(task, language)
    return first, ("en" if first == second else second)


def missing(speaks: LanguageAdapters, languages: Iterable[str]) -> list[str]:
    """The languages without an adapter, if that is an error."""
    if speaks.otherwise != "error":
        return []
    return [language for language in languages if speaks.of(language) is None]


def problem_of(model: str, languages: Sequence[str]) -> tuple[str, str]:
    """The message and the hint for missing language adapters."""
    code = languages[0]
    return (
        f"`{model}` has no language adapter for {', '.join(languages)}",
        (
            f"train them (`lang_{code}: {{train: {{task: mlm, language: {code}}}, ...}}`), "
            "leave out these languages, or set `no_language_adapter: source` (or `none`)"
        ),
    )


Wanted = tuple[str, LanguageAdapters | None, Sequence[str]]


def refuse_missing(stage: str, wanted: Iterable[Wanted]) -> None:
    """Refuse languages without an adapter, of all the models that a stage measures at once.

    Args:
        wanted: each model, what it stands on, and languages that it is measured in.

    Raises:
        InvalidRecipeError: naming every model with all of its languages.
    """
    gone: dict[str, list[str]] = {}
    for model, speaks, languages in wanted:
        if speaks is not None:
            gone.setdefault(model, []).extend(missing(speaks, languages))
    problems = []
    for model, listed in gone.items():
        if listed:
            message, hint = problem_of(model, list(dict.fromkeys(listed)))
            problems.append(Problem(f"stages.{stage}", message, hint=hint))
    if problems:
        raise InvalidRecipeError(problems)
