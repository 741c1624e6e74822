"""Selects the entries of a lexicon that a step trains on or measures. No torch."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from adapterxlt.errors import MissingDataError
from adapterxlt.plan.plan import Sources
from adapterxlt.recipe.steps import Step
from adapterxlt.tasks.lexicon import Division, Lexicon, all_new, divide, read_lexicon


def lexicon_of(step: Step, sources: Sources) -> Lexicon:
    """The whole lexicon of a step.

    Raises:
        MissingDataError: it is not there, or malformed.
    """
    task = sources.tasks[step.text("task")]
    languages = step.params.get("languages") or [step.text("language")]
    return read_lexicon(task, sources.roots, str(languages[0]))


def trained_entries(step: Step, sources: Sources) -> tuple[Lexicon, Division]:
    """The entries that an `align` step trains on, and how the lexicon was divided.

    Raises:
        MissingDataError: as `lexicon_of`; nothing can be held out.
    """
    lexicon = lexicon_of(step, sources)
    division = divide(lexicon, *_division(step.params))
    rows = _capped(division.trained, step.params["cap"], step.number("seed"))
    return lexicon.part(rows), division


def measured_entries(step: Step, sources: Sources) -> tuple[Lexicon, Lexicon, list[bool] | None]:
    """The whole lexicon of a `probe` step, and the entries that it measures.

    These are the ones that every model of its stage was trained without. The list says of each
    whether the models were trained without each of its words too; None if no entry was held out.

    Raises:
        MissingDataError: as `lexicon_of`; nothing is left to measure.
    """
    lexicon = lexicon_of(step, sources)
    rows = range(len(lexicon))
    held = [set(divide(lexicon, *_division(each)).held_out) for each in step.params["held_out"]]
    left = [row for row in rows if all(row in each for each in held)]
    if not left:
        raise MissingDataError(
            f"`{step.stage}`: the models were aligned on different parts of "
            f"`{step.text('task')}`, so no entry is new to all of them",
            hint="measure them in separate stages, or align them with the same `split_seed`",
        )
    measured = lexicon.part(_capped(left, step.params["cap"], 0))
    if not held:
        return lexicon, measured, None
    return lexicon, measured, all_new(measured, lexicon.part(sorted({*rows} - {*left})))


def _division(params: Mapping[str, Any]) -> tuple[float, int]:
    return float(params["held_out"]), int(params["split_seed"])


def _capped(rows: Sequence[int], cap: object, seed: int) -> Sequence[int]:
    if not isinstance(cap, int) or cap >= len(rows):
        return rows
    return sorted(random.Random(seed).sample(rows, cap))
