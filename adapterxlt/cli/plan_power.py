"""`adapterxlt plan RECIPE --power`: what a recipe can detect, and what it costs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import click

from adapterxlt.cli.plan_questions import Guess, Question, count_of, questions
from adapterxlt.plan.durations import Cost, cost_of
from adapterxlt.plan.plan import Sources
from adapterxlt.plan.steps import Plan
from adapterxlt.progress import Progress
from adapterxlt.recipe.schema import Recipe
from adapterxlt.report.console import print_table
from adapterxlt.report.labels import in_languages
from adapterxlt.report.power import LEVEL, SEEDS
from adapterxlt.stages.running.context import Context
from adapterxlt.store.store import Store

MORE = max(SEEDS)
_NOTE = (
    "finds: the smallest difference, in points, that 80 of 100 such studies detect with the "
    "recipe's seeds at the level of {level:.0%}; after Holm: at this level divided by the number "
    "of comparisons ({count}), as Holm's correction asks of the first of them; with {more}: as "
    "`finds`, with {more} other seeds in every stage. 3 x 2 seeds are a grid: each seed of one "
    "stage with each of another. With one seed per model, variation between seeds is not "
    "included. Metrics that are not percentages, such as perplexity, are left out of the table. "
    "If {workdir} has outcomes of the same measurements, with any seeds, figures are based on "
    "them, else on a guess."
)


@dataclass(frozen=True)
class Power:
    """The differences that a recipe can detect, and the cost of its remaining steps.

    Args:
        comparisons: how many a report corrects for, with those by other metrics than percentages.
    """

    questions: tuple[Question, ...]
    cost: Cost
    comparisons: int
    workdir: Path

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
        return cls(asked, cost_of(plan.steps, store), count_of(context, plan), workdir)

    @property
    def corrected(self) -> float:
        """The level that the first of all comparisons must reach."""
        return LEVEL / self.comparisons

    def as_dict(self) -> dict[str, object]:
        """Return the document for `--json`."""
        return {
            "power": [
                asdict(one)
                | {"finds": one.detectable(), "finds_corrected": one.detectable(self.corrected)}
                | {"detectable": {str(count): one.with_seeds(count) for count in SEEDS}}
                for one in self.questions
            ],
            "comparisons": self.comparisons,
            "cost": asdict(self.cost),
        }

    def show(self) -> None:
        """Print the tables."""
        click.echo("\nSmallest detectable difference of each comparison")
        if not self.questions:
            click.echo(
                "no differences: no stage measures a model together with its baseline by a metric "
                "in percent"
            )
            return
        sources = list(dict.fromkeys(one.noise.source for one in self.questions))
        print_table([_record(one, sources, self.corrected) for one in self.questions])
        click.echo(
            _NOTE.format(level=LEVEL, count=self.comparisons, more=MORE, workdir=self.workdir)
        )
        for number, source in enumerate(sources, 1):
            click.echo(f"({number}) {source}" if len(sources) > 1 else f"Based on {source}.")
        cost = self.cost
        told = f"{cost.steps} steps to run"
        if cost.steps > cost.unknown:
            told += f": about {cost.seconds / 3600:.1f} hours and {cost.size / 1000000.0:,.0f} MB"
            told += ", judging by similar steps in this work folder"
        if cost.unknown:
            told += f"; the time of {cost.unknown} of them is unknown"
        click.echo(told)


def _record(one: Question, sources: list[str], corrected: float) -> dict[str, object]:
    found = {
        "model": one.model,
        "baseline": one.baseline,
        "on": f"{one.task} {one.split}"
        + (f" {in_languages(one.trained_in)}" if one.trained_in else ""),
        "languages": one.languages,
        "examples": one.examples,
        "seeds": one.seeds_told,
        "finds": _points(one.detectable()),
        "after Holm": _points(one.detectable(corrected)),
        f"with {MORE}": _points(one.with_seeds(MORE)),
    }
    told = {"from": f"({1 + sources.index(one.noise.source)})"} if len(sources) > 1 else {}
    return found | told


def _points(found: float) -> str:
    """Write a difference; beyond 100 points, so few examples or seeds cannot detect anything."""
    return f"{found:.1f}" if found <= 100 else "> 100"
