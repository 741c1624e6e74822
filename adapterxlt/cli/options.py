"""Options and arguments that several verbs share."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from adapterxlt.bundled import bundled
from adapterxlt.errors import UsageError
from adapterxlt.suggest import suggest

F = TypeVar("F", bound=Callable[..., Any])

JSON_SCHEMA = 1


def set_option(function: F) -> F:
    """`--set key=value`, repeatable."""
    return click.option(
        "--set",
        "overrides",
        multiple=True,
        metavar="KEY=VALUE",
        help="Change a key of the recipe, e.g. stages.nli.lr=3e-4. Repeatable.",
    )(function)


def data_option(function: F) -> F:
    """`--data DIR`, repeatable."""
    return click.option(
        "--data",
        multiple=True,
        metavar="DIR",
        help="Folder with data, instead of the recipe's. Repeatable; `pocket` is bundled.",
    )(function)


def workdir_option(function: F) -> F:
    """`--workdir DIR`."""
    return click.option(
        "--workdir",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path("runs"),
        envvar="ADAPTERXLT_WORKDIR",
        show_default=True,
        show_envvar=True,
        help="Where results and trained parts are kept.",
    )(function)


def json_option(function: F) -> F:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(
        function
    )


def recipe_argument(function: F) -> F:
    """`RECIPE`."""
    return click.argument("recipe")(function)


def bundled_recipes() -> dict[str, Path]:
    """The recipes that come with the project, by name."""
    folder = bundled("recipes")
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def recipe_path(text: str) -> Path:
    """Return the file of a recipe given as a path or as the name of a bundled one.

    Raises:
        UsageError: there is neither.
    """
    path = Path(text)
    if path.is_file():
        return path
    known = bundled_recipes()
    if text in known:
        return known[text]
    what = "is a folder" if path.is_dir() else "no such file"
    name = path.name.removesuffix(".yaml").removesuffix(".yml")
    raise UsageError(
        f"recipe {text}: {what}, and no bundled recipe has this name",
        hint=f"bundled recipes: {suggest(name, known)}",
    )


def data_folders(data: Sequence[str]) -> tuple[str, ...]:
    """Make the folders of `--data` absolute: they are meant from here, not from the recipe."""
    return tuple(
        str(Path(folder).resolve()) if Path(folder).is_dir() else folder for folder in data
    )


def print_json(document: dict[str, Any]) -> None:
    """Print one document with a schema version on stdout."""
    text = json.dumps({"schema": JSON_SCHEMA, **document}, ensure_ascii=False, indent=2)
    click.echo(text)
