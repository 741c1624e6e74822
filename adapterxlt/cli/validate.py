"""`adapterxlt validate RECIPE...`: report all problems of all recipes."""

from __future__ import annotations

from pathlib import Path

import click

from adapterxlt.backbones.find import resolve_backbone
from adapterxlt.cli.options import data_option, json_option, print_json, set_option, tasks_option
from adapterxlt.cli.places import PLACE
from adapterxlt.errors import (
    InvalidRecipeError,
    MissingBackboneError,
    MissingDataError,
    Problem,
    UsageError,
)
from adapterxlt.execution.opening import open_recipe, recipe_path
from adapterxlt.show import number_of, printable
from adapterxlt.tasks.roots import resolve_roots


@click.command()
@click.argument("recipes", type=PLACE, nargs=-1, required=True, metavar="RECIPE...")
@set_option
@data_option
@tasks_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    recipes: tuple[str, ...],
    overrides: tuple[str, ...],
    data: tuple[str, ...],
    entries: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Check recipes and report all their problems.

    RECIPE is a file or the name of a bundled recipe. Data files are not read; `adapterxlt plan`
    reports missing files and missing columns. A data folder that does not exist on this machine
    is a warning.
    """
    missing: dict[str, UsageError] = {}  # recipes that there are not
    for text in recipes:
        try:
            recipe_path(text)
        except UsageError as error:
            missing[text] = error
    absent: dict[str, list[str]] = {}  # what is not on this machine -> recipes
    found = {
        text: _problems(text, overrides, data, entries, absent)
        for text in recipes
        if text not in missing
    }
    if as_json:
        found |= {text: (_missing(refused),) for text, refused in missing.items()}
        print_json({"recipes": [_document(text, problems) for text, problems in found.items()]})
    else:
        for text, problems in found.items():
            click.echo(
                f"{text}: {number_of(len(problems), 'problem')}" if problems else f"{text}: ok"
            )
            for problem in problems:
                click.echo(f"  {problem}")
    for reason, texts in absent.items():
        names = texts[0] + (f" and {len(texts) - 1} more" if len(texts) > 1 else "")
        click.echo(printable(f"{names}: {reason}", lines=True), err=True)
    for refused in missing.values():
        click.echo(printable(f"error: {refused}", lines=True), err=True)
    if missing:
        ctx.exit(UsageError.exit_code)
    if any(found.values()):
        ctx.exit(InvalidRecipeError.exit_code)


def _problems(
    text: str,
    overrides: tuple[str, ...],
    data: tuple[str, ...],
    entries: tuple[Path, ...],
    absent: dict[str, list[str]],
) -> tuple[Problem, ...]:
    try:
        loaded = open_recipe(text, overrides, data, entries)
    except InvalidRecipeError as error:
        return error.problems
    if loaded.backbone is None:
        try:  # says why it is not here
            resolve_backbone(loaded.recipe.backbone.name, loaded.base, download=False)
        except MissingBackboneError as error:
            reason = f"layers and sizes were not checked: {error}"
            absent.setdefault(reason, []).append(text)
    for folder in loaded.recipe.data:
        try:
            resolve_roots([folder], loaded.base)
        except MissingDataError as error:
            absent.setdefault(f"warning: {error.message}", []).append(text)
    return ()


def _missing(error: UsageError) -> Problem:
    return Problem("", error.message, hint=error.hint)


def _document(text: str, problems: tuple[Problem, ...]) -> dict[str, object]:
    return {
        "recipe": text,
        "ok": not problems,
        "problems": [
            {
                "path": problem.path,
                "file": problem.file,
                "line": problem.line,
                "message": problem.message,
                "hint": problem.hint,
            }
            for problem in problems
        ],
    }
