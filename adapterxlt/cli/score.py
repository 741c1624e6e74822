"""`adapterxlt score NAME`: score prediction files as a benchmark's official script does."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from adapterxlt.cli.options import Finite, json_option, print_json
from adapterxlt.cli.places import FilePath
from adapterxlt.errors import MissingDataError

if TYPE_CHECKING:
    from adapterxlt.benchmarks.spec import Benchmark

F = TypeVar("F", bound=Callable[..., Any])


class _Benchmarks(click.Group):
    """One command per benchmark, including benchmarks that installed packages add."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        from adapterxlt.benchmarks.registry import names

        return [*names(), *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        from adapterxlt.benchmarks.registry import get_benchmark, names

        own = super().get_command(ctx, cmd_name)
        if own is not None or cmd_name not in names():
            return own
        return _verb_of(get_benchmark(cmd_name))


@click.group(cls=_Benchmarks)
def command() -> None:
    """Score prediction files exactly as the official scripts of a benchmark do.

    A task gets an average only if all its languages are there. Otherwise the command names the
    missing languages and exits with code 5.
    """


def _folders(function: F) -> F:
    """Add the options that all benchmarks of folders share."""
    for option in (
        json_option,
        click.option(
            "--split",
            type=click.Choice(["test", "dev"]),
            default="test",
            show_default=True,
            help="Split that the files belong to.",
        ),
        click.option(
            "--task",
            "tasks",
            multiple=True,
            metavar="TASK",
            help="Score only this task. Repeatable.  [default: all tasks]",
        ),
        click.option(
            "--labels",
            required=True,
            type=FilePath(path_type=Path),
            metavar="DIR",
            help="Folder with the labels.",
        ),
        click.option(
            "--predictions",
            required=True,
            type=FilePath(path_type=Path),
            metavar="DIR",
            help="Folder with the predictions.",
        ),
    ):
        function = option(function)
    return function


def _verb_of(benchmark: Benchmark) -> click.Command:
    @_folders
    @click.pass_context
    def score(ctx: click.Context, /, **options: Any) -> None:
        _score(ctx, benchmark, **options)

    return click.command(name=benchmark.name, help=inspect.cleandoc(benchmark.help))(score)


def _score(
    ctx: click.Context,
    benchmark: Benchmark,
    *,
    predictions: Path,
    labels: Path,
    tasks: tuple[str, ...],
    split: str,
    as_json: bool,
) -> None:
    from adapterxlt.benchmarks.folder import score_benchmark, summarise
    from adapterxlt.cli.score_tables import print_result

    result = score_benchmark(benchmark, predictions, labels, split=split, tasks=tasks)
    if as_json:
        print_json(result.document())
    else:
        print_result(result)
    for line in summarise(result.remarks, benchmark):
        click.echo(f"note: {line}", err=True)
    for line in summarise(result.problems, benchmark):
        click.echo(f"missing: {line}", err=True)
    if result.problems:
        ctx.exit(MissingDataError.exit_code)


@command.command()
@click.option(
    "--predictions",
    required=True,
    type=FilePath(path_type=Path),
    metavar="FILE",
    help="JSON file that maps question ids to answer texts.",
)
@click.option(
    "--labels",
    required=True,
    type=FilePath(path_type=Path),
    metavar="FILE",
    help="Labels: a JSON file in the SQuAD format.",
)
@click.option(
    "--version",
    type=click.Choice(["1.1", "2.0"]),
    help="Version of the SQuAD script; 1.1 also scores MLQA, XQuAD and TyDiQA-GoldP.  [default: "
    "taken from the labels]",
)
@click.option(
    "--language", metavar="XX", help="Normalise answers as the MLQA script does for this language."
)
@click.option(
    "--no-answer-scores",
    "no_answer",
    type=FilePath(path_type=Path),
    metavar="FILE",
    help="SQuAD 2.0: JSON file that maps question ids to scores; a higher score means that the "
    "question more likely has no answer.",
)
@click.option(
    "--no-answer-threshold",
    "threshold",
    type=Finite(),
    default=1.0,
    show_default=True,
    help="SQuAD 2.0: a prediction with a higher no-answer score counts as `no answer`.",
)
@json_option
def squad(
    predictions: Path,
    labels: Path,
    version: str | None,
    language: str | None,
    no_answer: Path | None,
    threshold: float,
    as_json: bool,
) -> None:
    """Score a file of answers to SQuAD 1.1, SQuAD 2.0, MLQA, XQuAD or TyDiQA-GoldP, in percent."""
    from adapterxlt.benchmarks.squad import score_squad, squad_document
    from adapterxlt.cli.score_tables import print_metrics

    version, scored = score_squad(
        predictions,
        labels,
        version=version,
        language=language,
        no_answer=no_answer,
        threshold=threshold,
    )
    if as_json:
        print_json(squad_document(version, language, scored))
    else:
        rules = f"MLQA's rules for `{language}`" if language else f"SQuAD {version}'s rules"
        print_metrics(f"{labels.name}, {rules}", scored.metrics)
    for remark in scored.remarks:
        click.echo(f"note: {remark}", err=True)
