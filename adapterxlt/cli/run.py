"""`adapterxlt run RECIPE`: run the missing stages and print the results."""

from __future__ import annotations

from pathlib import Path

import click

from adapterxlt.cli.board import watching
from adapterxlt.cli.executors import chosen_executor, executor_options
from adapterxlt.cli.options import (
    data_option,
    device_option,
    json_option,
    print_json,
    recipe_argument,
    set_option,
    tasks_option,
    trial_option,
    workdir_option,
)
from adapterxlt.cli.progress import open_progress
from adapterxlt.cli.run_costs import print_run_costs
from adapterxlt.errors import AdapterXLTError
from adapterxlt.execution.opening import find_sources, in_trial, open_recipe
from adapterxlt.execution.run import run_recipe
from adapterxlt.report.comparisons import compared
from adapterxlt.report.console import make_console, print_table
from adapterxlt.report.read import Run
from adapterxlt.report.score_tables import seed_tables
from adapterxlt.report.soups import soups
from adapterxlt.report.study import Study
from adapterxlt.report.systems import contests
from adapterxlt.report.tables import print_results
from adapterxlt.sharing.cache import all_remotes
from adapterxlt.show import printable
from adapterxlt.trackers import TRACKERS


@click.command()
@recipe_argument
@set_option
@data_option
@tasks_option
@trial_option
@workdir_option
@device_option("the recipe's, else auto, which takes a GPU if there is one")
@click.option(
    "--log-to",
    type=click.Choice(TRACKERS),
    help="Also log losses and dev scores to this tracker; it must be installed as an extra.",
)
@executor_options
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    recipe: str,
    overrides: tuple[str, ...],
    data: tuple[str, ...],
    entries: tuple[Path, ...],
    trial: int | None,
    workdir: Path,
    device: str | None,
    log_to: str | None,
    jobs: int | None,
    on: str | None,
    slurm: tuple[str, ...],
    detach: bool,
    as_json: bool,
) -> None:
    """Run the missing stages of a recipe and print its results.

    RECIPE is a file or the name of a bundled recipe. Stages whose results are already in the work
    folder are not run again. An interrupted run continues where it stopped.
    """
    executor = chosen_executor(jobs, on, slurm, detach)
    loaded = open_recipe(recipe, overrides, data, entries)
    sources = find_sources(loaded)
    progress = open_progress()
    made = in_trial(loaded.recipe, trial, sources, progress)
    with loaded.located():
        result = run_recipe(
            made,
            workdir=workdir,
            sources=sources,
            progress=progress,
            device=device,
            log_to=log_to or "",
            remotes=all_remotes(loaded.recipe.store, loaded.base),
            executor=executor,
            watch=watching(progress),
        )
    if as_json:
        print_json(
            {
                "recipe": made.name,
                "workdir": str(workdir),
                "steps": {
                    "done": list(result.done),
                    "reused": list(result.reused),
                    "failed": dict(result.failed),
                    "skipped": list(result.skipped),
                },
                "results": [row.as_dict() for row in result.rows],
                "costs": [cost.as_dict() for cost in result.costs],
                "trained": {step: str(folder) for step, folder in result.outputs.items()},
                "predictions": [str(folder) for folder in result.predictions],
            }
        )
    elif result.outputs and not result.rows:
        print_table([{"stage": step, "trained": out} for step, out in result.outputs.items()])
    elif result.rows or not result.predictions:
        console = make_console()
        done = [Run(workdir, made.name, tuple(result.rows))]
        found = compared(done)
        question = Study(contests(done), found).question
        print_results(
            *(result.rows, found, console),
            question=question,
            remarks=soups(done),
            tables=seed_tables(done),
        )
        print_run_costs(result.costs, workdir, console)
    counts = [f"{len(result.done)} run", f"{len(result.reused)} reused"]
    counts += [f"{len(result.failed)} failed"] if result.failed else []
    counts += [f"{len(result.skipped)} skipped"] if result.skipped else []
    progress.log(f"{made.name}: {', '.join(counts)}; results in {result.results}")
    for folder in result.predictions:
        progress.log(f"predictions in {folder}")
    for step, message in result.failed.items():
        click.echo(printable(f"failed: {step}: {message}", lines=True), err=True)
    if result.failed:
        ctx.exit(AdapterXLTError.exit_code)
