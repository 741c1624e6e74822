"""`adapterxlt report WORKDIR...`: what was measured, as tables or as a page."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click
from rich.text import Text

from adapterxlt.cli.options import json_option, print_json
from adapterxlt.cli.progress import open_progress
from adapterxlt.errors import UsageError
from adapterxlt.execution.rebuild import rebuild
from adapterxlt.report.console import make_console
from adapterxlt.report.read import read_runs
from adapterxlt.report.seeds import over_seeds
from adapterxlt.report.tables import print_over_seeds, print_results
from adapterxlt.results.rows import RESULTS_NAME
from adapterxlt.store.output import check_output
from adapterxlt.store.store import STORE_FOLDER


@click.command()
@click.argument(
    "workdirs", metavar="WORKDIR...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page to this file."
)
@click.option(
    "--rebuild",
    "anew",
    is_flag=True,
    help="First make results.json anew from the store; a damaged one is put aside.",
)
@json_option
def command(workdirs: tuple[Path, ...], html: Path | None, anew: bool, as_json: bool) -> None:
    """Show results of work folders: what each recipe measured, against its baseline.

    Runs of one recipe under several seeds, of one folder or of several, are compared seed by seed,
    with the mean gain and its interval.
    """
    if html is not None:
        read = [workdir / name for workdir in workdirs for name in (RESULTS_NAME, STORE_FOLDER)]
        output = check_output(html, inputs=read, option="--html")
    if anew:
        progress = open_progress()
        for workdir in dict.fromkeys(workdirs):
            rebuild(workdir, progress)
    runs = read_runs(workdirs)
    if not runs:
        raise UsageError(f"{', '.join(map(str, workdirs))}: no results", hint="run a recipe first")
    compared = over_seeds(runs)
    if html is not None:
        from adapterxlt.report.page import render

        with output.open_text() as page:
            page.write(render(runs, compared))
        click.echo(f"{html}: {len(runs)} recipe{'s' * (len(runs) > 1)}", err=True)
    if as_json:
        print_json(
            {
                "results": [
                    {"workdir": str(run.workdir), **row.as_dict()}
                    for run in runs
                    for row in run.rows
                ],
                "over_seeds": [
                    {**asdict(one), "points": one.points, "margin": one.margin} for one in compared
                ],
            }
        )
    elif html is None:
        console = make_console()
        for run in runs:
            if len(runs) > 1:
                console.print(Text(f"{run.workdir}: {run.heading}\n", style="bold underline"))
            print_results(run.rows, console)
            console.print()
        print_over_seeds(compared, console)
