"""`adapterxlt report WORKDIR...`: the results, as tables or as a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import click
from rich.text import Text

from adapterxlt.cli.options import json_option, print_json
from adapterxlt.cli.places import FilePath
from adapterxlt.cli.progress import open_progress
from adapterxlt.errors import UsageError
from adapterxlt.execution.namesakes import describe_versions
from adapterxlt.execution.rebuild import rebuild
from adapterxlt.report.across import across
from adapterxlt.report.answers import over_several
from adapterxlt.report.comparisons import compared
from adapterxlt.report.console import make_console
from adapterxlt.report.cost_table import print_costs
from adapterxlt.report.forms import Form, written
from adapterxlt.report.read import chosen, named_runs, read_runs
from adapterxlt.report.score_tables import seed_tables
from adapterxlt.report.seeds import OverSeeds, over_seeds
from adapterxlt.report.soups import soups
from adapterxlt.report.study import Study
from adapterxlt.report.systems import contests
from adapterxlt.report.tables import print_asked, print_over_seeds, print_results
from adapterxlt.results.rows import RESULTS_NAME
from adapterxlt.store.output import Output, check_output
from adapterxlt.store.store import STORE_FOLDER

_FILE = FilePath(dir_okay=False, path_type=Path)
_FORMS: dict[str, Form] = {
    "--html": "html",
    "--markdown": "markdown",
    "--csv": "csv",
    "--latex": "latex",
}


@click.command()
@click.argument(
    "places", metavar="WORKDIR[:RECIPE]...", nargs=-1, required=True, type=FilePath(path_type=Path)
)
@click.option("--html", type=_FILE, help="Write the results as an HTML page to this file.")
@click.option(
    "--markdown",
    type=_FILE,
    help="Write the scores, the answer and the differences to this Markdown file.",
)
@click.option(
    "--csv", "rows", type=_FILE, help="Write every result, with its comparison, to this CSV file."
)
@click.option(
    "--latex", type=_FILE, help="Write the tables of scores and of differences to this LaTeX file."
)
@click.option(
    "--rebuild",
    "anew",
    is_flag=True,
    help="First rebuild results.json from the stored results; a damaged file is renamed.",
)
@click.option(
    "--compare",
    "pairs",
    nargs=2,
    multiple=True,
    metavar="MODEL BASELINE",
    help="Also compare these two models, whichever recipes and work folders they are from; "
    "repeatable. A name that several models have takes its folder or recipe before it: "
    "`WORKDIR:MODEL`.",
)
@json_option
def command(
    places: tuple[Path, ...],
    html: Path | None,
    markdown: Path | None,
    rows: Path | None,
    latex: Path | None,
    anew: bool,
    pairs: tuple[tuple[str, str], ...],
    as_json: bool,
) -> None:
    """Show the results of work folders, with each model compared with its baseline.

    Models are compared on their outcomes for the same examples. The work folders hold these
    outcomes, so the command needs neither the models nor the data. Runs of one recipe with
    different seeds are combined, even across work folders. --compare compares any other two
    models, on the examples of the tasks on which both were measured. If the name of a recipe
    follows a work folder, the report shows and counts only this recipe. Of several versions of
    it, `WORKDIR:RECIPE [ID]` names one.
    """
    wanted = named_runs(places)
    workdirs = tuple(wanted)
    files = {"--html": html, "--markdown": markdown, "--csv": rows, "--latex": latex}
    read = [workdir / name for workdir in workdirs for name in (RESULTS_NAME, STORE_FOLDER)]
    outputs = {
        option: check_output(path, inputs=read, option=option)
        for option, path in files.items()
        if path is not None
    }
    _apart(outputs)
    if anew:
        progress = open_progress()
        for workdir in workdirs:
            rebuild(workdir, progress)
    log = open_progress().log
    runs = read_runs(workdirs, log)
    if not runs:
        raise UsageError(
            f"{', '.join(map(str, workdirs))}: there are no results", hint="run a recipe first"
        )
    runs = chosen(runs, wanted)
    for workdir, recipe in dict.fromkeys((run.workdir, run.recipe) for run in runs):
        alike = [run for run in runs if (run.workdir, run.recipe) == (workdir, recipe)]
        versions = list(dict.fromkeys(run.version for run in alike))
        if len(versions) > 1:
            log(f"note: {describe_versions(workdir, recipe, versions)}")
    asked = across(runs, pairs, log)
    found = compared(runs, asked)
    seeds = over_seeds(runs)
    others = [one for one in seeds if one.key not in found]
    for option, output in outputs.items():
        with output.open_text() as file:
            file.write(written(_FORMS[option], runs, found, others, asked))
        count = len({(run.recipe, run.version) for run in runs})  # its seeds are one recipe
        click.echo(f"{output.shown}: {count} recipe{'s' * (count > 1)}", err=True)
    if as_json:
        print_json(
            {
                "results": [
                    {"workdir": str(run.workdir), **row.as_dict()}
                    for run in runs
                    for row in run.rows
                ],
                "costs": [
                    {"workdir": str(run.workdir), **cost.as_dict()}
                    for run in runs
                    for cost in run.costs
                ],
                "comparisons": [one.as_dict() for one in found.values()],
                "over_seeds": [_document(one) for one in seeds],
            }
        )
    elif not outputs:
        console, tables = make_console(), seed_tables(runs)
        over = [one for one in over_several(found) if not one.asked]
        question = Study(contests(runs, asked), found).question
        alone = len(runs) == 1  # then all that is about several seeds stands with its tables
        for run in runs:
            if not alone:
                console.print(Text(f"{run.workdir}: {run.heading}\n", style="bold underline"))
            print_results(
                *(run.rows, found, console),
                question=question,
                remarks=soups([run]),
                tables=tables,
                several=alone,
            )
            print_costs(run.costs, console)
            console.print()
        print_asked([one for one in found.values() if one.asked], console)
        if alone:
            tables, over = [], []
        print_over_seeds(tables, over, others, console)


def _apart(outputs: Mapping[str, Output]) -> None:
    """Check that no two options name the same file."""
    places: dict[Path, str] = {}
    for option, output in outputs.items():
        if output.regular and places.setdefault(output.path, option) != option:
            raise UsageError(
                f"{option}: {output.shown} is also the file of {places[output.path]}",
                hint="choose another file",
            )


def _document(one: OverSeeds) -> dict[str, object]:
    plain = asdict(one) | {"points": one.points, "margin": one.margin}
    del plain["key"]
    return plain
