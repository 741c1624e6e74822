"""Options and arguments that several commands share."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from adapterxlt.cli.places import PLACE, FilePath
from adapterxlt.devices import KNOWN, is_device
from adapterxlt.show import printable_json

F = TypeVar("F", bound=Callable[..., Any])

JSON_SCHEMA = 1


class Finite(click.FloatRange):
    """A finite number: nothing can be compared with NaN or infinity."""

    name = "float"

    def _describe_range(self) -> str:
        """Say nothing where there are no limits, which click would show as `x<=None`."""
        return "" if self.min is None and self.max is None else super()._describe_range()

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number."""
        number = float(click.FLOAT.convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"`{value}` is not a finite number", param, ctx)
        return float(super().convert(value, param, ctx))


class Whole(click.IntRange):
    """A whole number."""

    name = "whole number"


class Layer(Whole):
    """The number of a hidden layer, for commands that use one layer."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number."""
        if value == "all":
            hint = "`adapterxlt retrieve --layers all` compares them"
            self.fail(f"`all` is not one layer; give its number; {hint}", param, ctx)
        return int(super().convert(value, param, ctx))


def set_option(function: F) -> F:
    """`--set key=value`, repeatable."""
    return click.option(
        "--set",
        "overrides",
        multiple=True,
        metavar="KEY=VALUE",
        help="Change a key of the recipe, for example stages.nli.lr=3e-4. Repeatable.",
    )(function)


def data_option(function: F) -> F:
    """`--data DIR`, repeatable."""
    return click.option(
        "--data",
        type=PLACE,
        multiple=True,
        metavar="DIR",
        help="Folder with data; it replaces the folders that a recipe names. `pocket` is the "
        "bundled data. Repeatable.",
    )(function)


def tasks_option(function: F) -> F:
    """`--tasks PATH`, repeatable."""
    return click.option(
        "--tasks",
        "entries",
        multiple=True,
        type=FilePath(path_type=Path),
        metavar="PATH",
        help="File that describes a task of your own, or a folder of such files, in "
        "addition to the built-in tasks and those that a recipe names. Repeatable.",
    )(function)


def trial_option(function: F) -> F:
    """`--trial N`."""
    return click.option(
        "--trial",
        type=Whole(min=1),
        metavar="N",
        help="Try the recipe on little data: train for one epoch or fewer steps, use at most N "
        "examples per task and language, run retrieval in two languages, and train on dev "
        "splits where training files are missing.",
    )(function)


def workdir_option(function: F) -> F:
    """`--workdir DIR`."""
    return click.option(
        "--workdir",
        type=FilePath(file_okay=False, path_type=Path),
        default=Path("runs"),
        envvar="ADAPTERXLT_WORKDIR",
        show_default=True,
        show_envvar=True,
        help="Folder for results and trained models.",
    )(function)


def _device(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value is not None and not is_device(value):
        raise click.BadParameter(f"`{value}` is not a device; choose {KNOWN}")
    return value


def device_option(default: str) -> Callable[[F], F]:
    """`--device D`.

    Args:
        default: what the help names as the default.
    """
    return click.option(
        "--device",
        callback=_device,
        metavar="auto|cpu|cuda|cuda:N|mps",
        help=f"Device that models run on.  [default: {default}]",
    )


def json_option(function: F) -> F:
    """`--json`."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print the output as one JSON document."
    )(function)


def encoder_options(function: F) -> F:
    """`--backbone`, `--artifact`, `--device`, `--prefix`: the encoder and how to run it."""
    artifact = click.option(
        "--artifact",
        type=PLACE,
        metavar="PATH",
        help="Trained model: a folder, a packed file, or WORKDIR:STAGE.  [default: the bare "
        "backbone]",
    )
    backbone = click.option(
        "--backbone",
        type=PLACE,
        metavar="NAME",
        help="Backbone: a bundled name, a folder or a Hub id, as in recipes.  [default: mini]",
    )
    device = device_option("auto, which takes a GPU if there is one")
    prefix = click.option(
        "--prefix",
        metavar="TEXT",
        help="Text to put before each sentence, for encoders that expect one: 'query: ' for E5.",
    )
    return backbone(artifact(device(prefix(function))))


def recipe_argument(function: F) -> F:
    """`RECIPE`."""
    return click.argument("recipe", type=PLACE)(function)


def print_json(document: dict[str, Any], *, err: bool = False) -> None:
    """Print one document with a schema version on stdout, or on stderr."""
    full = {"schema": JSON_SCHEMA, **document}
    text = printable_json(json.dumps(full, ensure_ascii=False, indent=2))
    stream = sys.stderr if err else sys.stdout
    try:
        text.encode(stream.encoding or "utf-8")
    except UnicodeEncodeError:  # the terminal or file lacks some characters: escape them
        text = json.dumps(full, indent=2)
    click.echo(text, err=err)
