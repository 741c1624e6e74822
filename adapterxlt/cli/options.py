"""Options and arguments that several verbs share."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from adapterxlt.show import printable_json

F = TypeVar("F", bound=Callable[..., Any])

JSON_SCHEMA = 1


class Finite(click.FloatRange):
    """A number, neither NaN nor infinite: nothing compares with those."""

    name = "float"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number."""
        number = float(click.FLOAT.convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"`{value}` is not a finite number", param, ctx)
        return float(super().convert(value, param, ctx))


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


def trial_option(function: F) -> F:
    """`--trial N`."""
    return click.option(
        "--trial",
        type=click.IntRange(min=1),
        metavar="N",
        help="See in small whether the recipe works: one epoch, at most N examples of each task "
        "and evaluated language, retrieval in two languages, dev splits where training files are "
        "missing.",
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


def encoder_options(function: F) -> F:
    """`--backbone` and `--artifact`: which encoder."""
    artifact = click.option(
        "--artifact",
        metavar="PATH",
        help="What was trained on it: a folder, a packed file, or WORKDIR:STAGE.  "
        "[default: the bare backbone]",
    )
    backbone = click.option("--backbone", metavar="NAME", help="As in recipes.  [default: mini]")
    return backbone(artifact(function))


def recipe_argument(function: F) -> F:
    """`RECIPE`."""
    return click.argument("recipe")(function)


def print_json(document: dict[str, Any]) -> None:
    """Print one document with a schema version on stdout."""
    text = json.dumps({"schema": JSON_SCHEMA, **document}, ensure_ascii=False, indent=2)
    click.echo(printable_json(text))
