"""Costs and scores of models, and the course of their training, from the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from adapterxlt.report.read import Run
from adapterxlt.report.sections import sections
from adapterxlt.report.sizes import mean_over
from adapterxlt.results.training import Training, trained_behind


@dataclass(frozen=True)
class Cost:
    """A model on a task.

    Args:
        on: the task, with its split and metric.
        score: mean over the languages that it is judged in; `size`: how many these are, in words.
        minutes: all training behind it.
    """

    on: str
    model: str
    score: float
    minutes: float
    trained: tuple[Training, ...]
    size: str


@dataclass(frozen=True)
class Spent:
    """Costs and trainings of a report.

    Args:
        costs: of models whose whole training was timed.
        trainings: each trained step once.
    """

    costs: tuple[Cost, ...]
    trainings: tuple[Training, ...]


def spent(runs: Iterable[Run]) -> Spent:
    """What the stores of some work folders tell."""
    costs: dict[tuple[str, ...], Cost] = {}
    trainings: dict[str, Training] = {}
    for run in runs:
        for section in sections(run.rows):
            grid = section.grid
            for model in grid.models:
                score = grid.mean(model, grid.judged)
                row = next((one for one in grid.rows if one.model == model), None)
                if row is None or score is None:
                    continue
                behind = trained_behind(run.workdir, row.cell)
                trainings |= {one.fingerprint: one for one in behind}
                seconds = [one.seconds for one in behind if one.seconds is not None]
                if behind and len(seconds) == len(behind):
                    on = f"{row.task} {row.split}, {row.metric}"
                    key = (on, row.fingerprint)
                    judged = [
                        grid.cells[model, code]
                        for code in grid.judged
                        if (model, code) in grid.cells
                    ]
                    minutes, size = sum(seconds) / 60, mean_over(judged)
                    cost = Cost(on, model, score, minutes, tuple(behind), size)
                    costs.setdefault(key, cost)
    return Spent(tuple(costs.values()), tuple(trainings.values()))
