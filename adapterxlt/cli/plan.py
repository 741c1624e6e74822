"""`adapterxlt plan RECIPE`: the stages, which of them are done, and why others are to do."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from adapterxlt.cli.options import (
    data_option,
    json_option,
    print_json,
    recipe_argument,
    set_option,
    tasks_option,
    trial_option,
    workdir_option,
)
from adapterxlt.cli.progress import open_progress
from adapterxlt.execution.opening import find_sources, in_trial, open_recipe
from adapterxlt.plan.plan import make_plan
from adapterxlt.plan.steps import Plan, PlannedStep
from adapterxlt.report.console import print_table
from adapterxlt.sharing.cache import RemoteCache, all_remotes
from adapterxlt.sharing.exchange import Exchange
from adapterxlt.show import printable
from adapterxlt.store.store import STORE_FOLDER, Store

_STATUS = {"done": "done", "todo": "to do", "damaged": "damaged", "remote": "remote"}


@click.command()
@recipe_argument
@click.option("--explain", is_flag=True, help="Show what the result of each step depends on.")
@click.option(
    "--power",
    is_flag=True,
    help="Show how small a difference the recipe can detect, and what the remaining steps cost.",
)
@click.option(
    "--guess-accuracy",
    type=click.FloatRange(0, 100, min_open=True, max_open=True),
    default=70.0,
    show_default=True,
    help="For --power, where nothing was measured yet: assumed percentage of correct examples.",
)
@click.option(
    "--guess-disagreement",
    type=click.FloatRange(0, 100, min_open=True),
    help="For --power, where nothing was measured yet: assumed percentage of examples that only "
    "one of two models gets right.",
)
@click.option(
    "--guess-seed-sd",
    type=click.FloatRange(0),
    default=1.0,
    show_default=True,
    help="For --power, where at most one seed was measured: assumed standard deviation of "
    "differences between seeds, in points.",
)
@set_option
@data_option
@tasks_option
@trial_option
@workdir_option
@json_option
def command(
    recipe: str,
    explain: bool,
    power: bool,
    guess_accuracy: float,
    guess_disagreement: float | None,
    guess_seed_sd: float,
    overrides: tuple[str, ...],
    data: tuple[str, ...],
    entries: tuple[Path, ...],
    trial: int | None,
    workdir: Path,
    as_json: bool,
) -> None:
    """Show which stages of a recipe are done and which are to do, and why.

    RECIPE is a file or the name of a bundled recipe. The command runs no stage.
    """
    loaded = open_recipe(recipe, overrides, data, entries)
    progress, sources = open_progress(), find_sources(loaded)
    urls = all_remotes(loaded.recipe.store, loaded.base)
    exchange = Exchange(urls.written, progress) if urls.written else None
    remotes = RemoteCache(urls.read, progress, exchange)
    store = Store(workdir / STORE_FOLDER)
    made = in_trial(loaded.recipe, trial, sources, progress)
    with loaded.located():
        plan = make_plan(made, store, sources, remotes.find)
    found = None
    if power:
        from adapterxlt.cli.plan_power import Power

        guess = (guess_accuracy, guess_disagreement, guess_seed_sd)
        found = Power.of(made, plan, store, sources, progress, workdir, guess)
    if as_json:
        document = {"recipe": plan.recipe, "steps": [_document(step) for step in plan.steps]}
        print_json(document | (found.as_dict() if found else {}))
        return
    print_table([_record(step) for step in plan.steps])
    done = sum(step.status == "done" for step in plan.steps)
    remote = sum(step.status == "remote" for step in plan.steps)
    pulled = f", {remote} can be pulled" if remote else ""
    click.echo(f"{done} of {len(plan.steps)} steps are done in {workdir}{pulled}")
    for step in plan.steps:
        if "note" in step.step.neutral:
            click.echo(printable(f"{step.step.id}: {step.step.neutral['note']}"))
    if found:
        found.show()
    if explain:
        _print_parts(plan)


def _record(planned: PlannedStep) -> dict[str, object]:
    return {
        "step": planned.step.id,
        "kind": planned.step.kind,
        "needs": ", ".join(planned.step.inputs),
        "status": _STATUS[planned.status] + (f", {planned.begun}" if planned.begun else ""),
        "why": planned.reason,
    }


def _document(planned: PlannedStep) -> dict[str, object]:
    return {
        "id": planned.step.id,
        "kind": planned.step.kind,
        "stage": planned.step.stage,
        "inputs": list(planned.step.inputs),
        "status": planned.status,
        "reason": planned.reason,
        **({"begun": asdict(planned.begun)} if planned.begun else {}),
        "fingerprint": planned.fingerprint,
        "parts": planned.parts,
    }


def _print_parts(plan: Plan) -> None:
    for planned in plan.steps:
        click.echo(f"\n{planned.step.id}  {planned.fingerprint[:16]}")
        for name, part in planned.parts.items():
            if name == "inputs":
                part = {
                    needed: plan.by_id(needed).fingerprint[:16] for needed in planned.step.inputs
                }
            if part:
                text = part if isinstance(part, str) else json.dumps(part, ensure_ascii=False)
                click.echo(printable(f"  {name}: {text}", lines=True))
