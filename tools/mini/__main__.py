"""`python -m tools.mini build OUT --data DIR` and `python -m tools.mini card FOLDER --data DIR`."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import click
import yaml
from pydantic import ValidationError

from adapterxlt.cli.progress import open_progress
from adapterxlt.errors import AdapterXLTError, UsageError
from adapterxlt.progress import Bar, Progress
from tools.mini.config import PretrainConfig

CONFIG = Path(__file__).with_name("mini.yaml")

_folder = click.Path(path_type=Path, file_okay=False)
_data = click.option(
    "--data", required=True, type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of the downloads.",
)  # fmt: skip


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Make the bundled backbone."""


@cli.command()
@click.argument("out", type=_folder)
@_data
@click.option(
    "--config", default=CONFIG, type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="YAML of its parameters; default: those of the bundled backbone.",
)  # fmt: skip
def build(out: Path, data: Path, config: Path) -> None:
    """Train a backbone from public text and write it to OUT, which it replaces."""
    parameters = read_config(config)
    from tools.mini.build import build_backbone  # imports torch

    with ExitStack() as stack:
        build_backbone(parameters, data, out, _Phases(open_progress(), stack).report)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@_data
def card(folder: Path, data: Path) -> None:
    """Score a backbone on tatoeba, udpos and panx, and write its scores, card and manifest."""
    from tools.mini.card import mean_over_languages, write_card  # imports torch

    scores = write_card(folder, data)
    for task in ("tatoeba", "udpos", "panx"):
        click.echo(f"{task} {mean_over_languages(scores[task])}")


def read_config(path: Path) -> PretrainConfig:
    """The parameters that a YAML file gives.

    Raises:
        UsageError: it is no YAML mapping, or a parameter is wrong.
    """
    try:
        return PretrainConfig.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError, ValidationError) as error:
        raise UsageError(f"{path}: {error}") from None


class _Phases:
    """One bar a phase of the build."""

    def __init__(self, progress: Progress, stack: ExitStack) -> None:
        self.progress = progress
        self.stack = stack
        self.phase = ""
        self.done = 0
        self.bar: Bar | None = None

    def report(self, phase: str, done: int, total: int) -> None:
        """Say that `done` of `total` steps of a phase are done."""
        if phase != self.phase or self.bar is None:
            self.stack.close()
            self.phase, self.done = phase, 0
            self.bar = self.stack.enter_context(self.progress.bar(phase, total, unit="step"))
        self.bar.advance(done - self.done)
        self.done = done


if __name__ == "__main__":
    try:
        cli(prog_name="python -m tools.mini")
    except AdapterXLTError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
