"""Prepares the runs of a page, each with its tables, answers and models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from adapterxlt.report.answers import Answer
from adapterxlt.report.read import Run
from adapterxlt.report.sections import Section, sections
from adapterxlt.results.rows import Row


@dataclass(frozen=True)
class Part:
    """A run on the page.

    Args:
        answers: one answer about each of its models.
        models: one row for each model, and in retrieval for each of its protocols.
    """

    name: str
    sections: Sequence[Section]
    answers: Sequence[Answer]
    models: Sequence[Row]


def parts_of(runs: Sequence[Run], answers_of: Callable[[Section], list[Answer]]) -> list[Part]:
    """Return a part for each run."""
    several = len({run.workdir for run in runs}) > 1
    parts = []
    for run in runs:
        found = sections(run.rows)
        answers = [one for section in found for one in answers_of(section)]
        name = f"{run.workdir}: {run.heading}" if several else run.heading
        parts.append(Part(name, found, answers, _models(run.rows)))
    return parts


def seen_of(runs: Sequence[Run]) -> list[Row]:
    """Return one row for each model and language that has texts that were seen before."""
    found: dict[tuple[str, ...], Row] = {}
    for run in runs:
        for row in run.rows:
            if row.contamination and row.main:
                key = (str(run.workdir), row.recipe_id, row.stage, row.model, row.task,
                       row.language, row.contamination)  # fmt: skip
                found.setdefault(key, row)
    return list(found.values())


def _models(rows: Sequence[Row]) -> list[Row]:
    """Return one row for each model, as its rows all tell the same origin, see `Part`."""
    found: dict[tuple[str, ...], Row] = {}
    for row in rows:
        protocol = "" if row.layer is None else row.protocol.partition(",")[0]
        found.setdefault((row.model, row.fingerprint, protocol), row)
    return list(found.values())
