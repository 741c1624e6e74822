"""Loads recipes from text and shows their problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import dedent

from adapterxlt.errors import InvalidRecipeError, Problem
from adapterxlt.recipe.load import LoadedRecipe, load_text
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.layout import Layout


def _task(
    name: str,
    kind: str,
    labels: Sequence[str] = (),
    languages: Sequence[str] = ("en",),
    splits: Sequence[str] = ("train", "dev"),
    train: str | None = None,
) -> Task:
    layout = Layout(name="plain", format="plain", files={})
    return Task(
        name=name,
        title=name,
        kind=kind,
        labels=tuple(labels),
        languages=tuple(languages),
        splits=tuple(splits),
        train=train,
        layouts=(layout,),
        elsewhere="nowhere: they are made up",
        metrics=("accuracy",),
        main_metric="accuracy",
        licence="",
        citation="",
    )


NLI = ("entailment", "neutral", "contradiction")
TASKS: Mapping[str, Task] = {
    task.name: task
    for task in (
        _task("mnli", "pair_classification", NLI, train="mnli"),
        _task("xnli", "pair_classification", NLI, ("en", "de", "fr"), ("dev", "test"), "mnli"),
        _task("pawsx", "pair_classification", ("0", "1"), ("en", "de"), train="pawsx"),
        _task("udpos", "tagging", ("NOUN", "VERB"), ("en", "de", "fr"), train="udpos"),
        _task("squad", "span_qa", train="squad"),
        _task("tatoeba", "sentence_retrieval", languages=("de", "fr"), splits=("test",)),
        _task("bucc2018", "bitext_mining", languages=("de", "zh"), splits=("dev", "test")),
    )
}


def load(text: str, *overrides: str) -> LoadedRecipe:
    """Load a recipe that has no problems."""
    return load_text(dedent(text), overrides, tasks=TASKS)


def problems(text: str, *overrides: str) -> tuple[Problem, ...]:
    """The problems of a recipe, () if it has none."""
    try:
        load(text, *overrides)
    except InvalidRecipeError as error:
        return error.problems
    return ()


def stages(body: str, head: str = "name: test") -> str:
    """A recipe with these stages, the first of them on line 3."""
    lines = dedent(body).strip().splitlines()
    return f"{head}\nstages:\n" + "".join(f"  {line}\n" for line in lines)


def told(text: str, *overrides: str) -> list[str]:
    """The problems as `line path: message (hint)`."""
    return [
        f"{p.line} {p.path}: {p.message}" + (f" ({p.hint})" if p.hint else "")
        for p in problems(text, *overrides)
    ]
