"""Collects the costs and scores of models, and the course of their training, from the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from adapterxlt.report.labels import without_caps
from adapterxlt.report.origins import origin_of
from adapterxlt.report.read import Run
from adapterxlt.report.sections import sections
from adapterxlt.report.sizes import mean_over
from adapterxlt.results.training import Training, trained_behind


@dataclass(frozen=True)
class Cost:
    """The cost and the score of a model on a task.

    Args:
        on: the task, with its split and metric.
        score: the mean over the languages that count for it.
        languages: these languages.
        size: their number, in words.
        before: what it was trained on before the task, in words.
        minutes: the time of all trainings that the model comes from.
    """

    on: str
    model: str
    score: float
    minutes: float
    trained: tuple[Training, ...]
    languages: tuple[str, ...]
    size: str
    before: str


@dataclass(frozen=True)
class Spent:
    """The costs and trainings of a report.

    Args:
        costs: the costs of models whose trainings were all timed.
        trainings: the trained steps, each of them once.
    """

    costs: tuple[Cost, ...]
    trainings: tuple[Training, ...]


def spent(runs: Iterable[Run]) -> Spent:
    """Collect costs and trainings from the stores of the runs' work folders."""
    costs: dict[tuple[str, str, tuple[str, ...]], Cost] = {}
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
                    judged = [
                        grid.cells[model, code]
                        for code in grid.judged
                        if (model, code) in grid.cells
                    ]
                    minutes, size = sum(seconds) / 60, mean_over(judged)
                    languages = tuple(one.language for one in judged)
                    key = (on, row.fingerprint, languages)
                    before = without_caps([origin_of(row).tasks])[0]
                    cost = Cost(on, model, score, minutes, tuple(behind), languages, size, before)
                    costs.setdefault(key, cost)
    return Spent(tuple(costs.values()), tuple(trainings.values()))
