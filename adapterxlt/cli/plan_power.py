"""`adapterxlt plan RECIPE --power`: what a recipe can detect, and what it costs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import click

from adapterxlt.cli.plan_questions import Guess, Question, questions
from adapterxlt.plan.durations import Cost, cost_of
from adapterxlt.plan.plan import Sources
from adapterxlt.plan.steps import Plan
from adapterxlt.progress import Progress
from adapterxlt.recipe.schema import Recipe
from adapterxlt.report.console import print_table
from adapterxlt.report.power import SEEDS
from adapterxlt.stages.running.context import Context
from adapterxlt.store.store import Store

_NOTE = (
    "The smallest difference, in points, that 80 of 100 such studies detect (5 %, before Holm's "
    "correction). With one seed per model, variation between seeds is not included."
)


@dataclass(frozen=True)
class Power:
    """The differences that a recipe can detect, and the cost of its remaining steps."""

    questions: tuple[Question, ...]
    cost: Cost

    @classmethod
    def of(
        cls,
        recipe: Recipe,
        plan: Plan,
        store: Store,
        sources: Sources,
        progress: Progress,
        workdir: Path,
        guess: tuple[float, float | None, float],
    ) -> Power:
        """Return the power of a planned recipe."""
        context = Context(recipe, plan, store, sources, progress)
        asked = tuple(questions(context, plan, workdir, Guess(*guess)))
        return cls(asked, cost_of(plan.steps, store))

    def as_dict(self) -> dict[str, object]:
        """Return the document for `--json`."""
        return {
            "power": [
                asdict(one)
                | {"detectable": {str(count): one.noise.detectable(count) for count in SEEDS}}
                for one in self.questions
            ],
            "cost": asdict(self.cost),
        }

    def show(self) -> None:
        """Print the tables."""
        click.echo("\nSmallest detectable difference, by number of seeds")
        if not self.questions:
            click.echo("no differences: no stage measures a model together with its baseline")
            return
        print_table([_record(one) for one in self.questions])
        click.echo(_NOTE)
        cost = self.cost
        told = f"{cost.steps} steps to run"
        if cost.steps > cost.unknown:
            told += f": about {cost.seconds / 3600:.1f} hours and {cost.size / 1000000.0:,.0f} MB"
            told += ", judging by similar steps in this work folder"
        if cost.unknown:
            told += f"; the time of {cost.unknown} of them is unknown"
        click.echo(told)


def _record(one: Question) -> dict[str, object]:
    found = {
        "comparison": f"{one.model} vs {one.baseline}",
        "on": f"{one.task} {one.split}",
        "languages": one.languages,
        "examples": one.examples,
    }
    seeds = {str(count): f"{one.noise.detectable(count):.1f}" for count in SEEDS}
    return found | seeds | {"from": one.noise.source}
