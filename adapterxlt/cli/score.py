"""`adapterxlt score xtreme|xglue|squad`: score prediction files as the official scripts do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from adapterxlt.cli.options import Finite, json_option, print_json
from adapterxlt.errors import MissingDataError

F = TypeVar("F", bound=Callable[..., Any])


@click.group()
def command() -> None:
    """Score prediction files as the official scripts score them.

    Nothing is averaged over fewer languages than a benchmark has: what is missing is named, its
    task gets no average, and the exit code is 5.
    """


def _folders(function: F) -> F:
    """The options that both benchmarks share."""
    for option in (
        json_option,
        click.option(
            "--split",
            type=click.Choice(["test", "dev"]),
            default="test",
            show_default=True,
            help="Which split the files are of.",
        ),
        click.option(
            "--task",
            "tasks",
            multiple=True,
            metavar="TASK",
            help="Score this task only. Repeatable; default: all.",
        ),
        click.option(
            "--labels",
            required=True,
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="Folder with the labels.",
        ),
        click.option(
            "--predictions",
            required=True,
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="Folder with the predictions.",
        ),
    ):
        function = option(function)
    return function


@command.command()
@_folders
@click.pass_context
def xtreme(ctx: click.Context, /, **options: Any) -> None:
    """Score the nine tasks of XTREME, in percent.

    Reads TASK/SPLIT-XX.tsv (.json for answers) in both folders; as labels also XTREME's
    downloads, where they have any.
    """
    from adapterxlt.scoring.xtreme import XTREME

    _score(ctx, XTREME, **options)


@command.command()
@_folders
@click.pass_context
def xglue(ctx: click.Context, /, **options: Any) -> None:
    """Score the nine understanding tasks of XGLUE, 0 to 1.

    Reads TASK/XX.prediction, and labels as they are in XGLUE's download.
    """
    from adapterxlt.scoring.xglue import XGLUE

    _score(ctx, XGLUE, **options)


def _score(
    ctx: click.Context,
    benchmark: Any,
    *,
    predictions: Path,
    labels: Path,
    tasks: tuple[str, ...],
    split: str,
    as_json: bool,
) -> None:
    from adapterxlt.cli.score_tables import print_result
    from adapterxlt.scoring.benchmark import score_benchmark, summarise

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
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="JSON: answer text by question id.",
)
@click.option(
    "--labels",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="JSON in SQuAD's schema.",
)
@click.option(
    "--version",
    type=click.Choice(["1.1", "2.0"]),
    help="1.1 serves for MLQA, XQuAD and TyDiQA-GoldP too. Default: as the labels are.",
)
@click.option("--language", metavar="XX", help="Normalise answers as MLQA's script does for it.")
@click.option(
    "--no-answer-scores",
    "no_answer",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="JSON: number by question id, the higher the surer that there is no answer (2.0).",
)
@click.option(
    "--no-answer-threshold",
    "threshold",
    type=Finite(),
    default=1.0,
    show_default=True,
    help="Above it a prediction counts as `no answer`.",
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
    """Score one file of answers: SQuAD 1.1, SQuAD 2.0, MLQA, XQuAD, TyDiQA-GoldP; in percent."""
    from adapterxlt.cli.score_tables import print_metrics
    from adapterxlt.scoring.squad import score_squad

    version, scored = score_squad(
        predictions,
        labels,
        version=version,
        language=language,
        no_answer=no_answer,
        threshold=threshold,
    )
    if as_json:
        name = "mlqa" if language else f"squad-{version}"
        print_json(
            {
                "benchmark": "squad",
                "unit": "percent",
                "version": version,
                "tasks": {name: {language or "all": scored.metrics}},
                "averages": {name: scored.metrics},
                "remarks": scored.remarks,
            }
        )
    else:
        rules = f"MLQA's rules for `{language}`" if language else f"SQuAD {version}'s rules"
        print_metrics(f"{labels.name}, {rules}", scored.metrics)
    for remark in scored.remarks:
        click.echo(f"note: {remark}", err=True)
