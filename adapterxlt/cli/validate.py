"""`adapterxlt validate RECIPE...`: all problems of all recipes."""

from __future__ import annotations

import click

from adapterxlt.cli.options import (
    data_folders,
    data_option,
    json_option,
    print_json,
    recipe_path,
    set_option,
)
from adapterxlt.errors import InvalidRecipeError, Problem
from adapterxlt.recipe.load import load_recipe


@click.command()
@click.argument("recipes", nargs=-1, required=True, metavar="RECIPE...")
@set_option
@data_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    recipes: tuple[str, ...],
    overrides: tuple[str, ...],
    data: tuple[str, ...],
    as_json: bool,
) -> None:
    """Check recipes and report all their problems.

    RECIPE is a file or the name of a bundled recipe.
    """
    paths = {text: recipe_path(text) for text in recipes}
    found: dict[str, tuple[Problem, ...]] = {}
    for text, path in paths.items():
        try:
            load_recipe(path, overrides, data_folders(data))
        except InvalidRecipeError as error:
            found[text] = error.problems
        else:
            found[text] = ()
    if as_json:
        print_json({"recipes": [_document(text, problems) for text, problems in found.items()]})
    else:
        for text, problems in found.items():
            click.echo(f"{text}: {_count(problems)}" if problems else f"{text}: ok")
            for problem in problems:
                click.echo(f"  {problem}")
    if any(found.values()):
        ctx.exit(InvalidRecipeError.exit_code)


def _count(problems: tuple[Problem, ...]) -> str:
    return "1 problem" if len(problems) == 1 else f"{len(problems)} problems"


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
