"""Models with outcomes that were made up, for tests of statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from adapterxlt.report.systems import Contest, System
from adapterxlt.results.outcomes import Outcomes
from tests.report.rows import row


def system(
    outcomes: Mapping[str, Outcomes],
    *,
    name: str = "model",
    metric: str = "accuracy",
    seeds: tuple[int, ...] = (1,),
) -> System:
    """A model as it was measured once."""
    rows = {
        code: replace(row(name, code, 0.0, metric=metric), setup=name, seed=seeds[-1])
        for code in outcomes
    }
    made = System(Path(), rows)
    made.__dict__.update(outcomes=dict(outcomes), seeds=seeds)
    return made


def right(
    by_language: Mapping[str, Any], *, parallel: bool = False, ids: Sequence[int] | None = None
) -> dict[str, Outcomes]:
    """Outcomes of accuracy: for each language which examples are right."""
    return {
        code: Outcomes(
            code,
            "dev",
            np.arange(len(given)) if ids is None else np.asarray(ids),
            {"gold": np.ones(len(given), int), "predicted": np.asarray(given).astype(int)},
            parallel=parallel,
        )
        for code, given in by_language.items()
    }


def contest(models: Sequence[System], baselines: Sequence[System]) -> Contest:
    """A contest in all their languages."""
    return Contest(tuple(models[0].rows), "zero-shot", list(models), list(baselines))
