"""Compares predicted rankings of intermediate stages with their measured gains.

A stage that `suggest` ranks counts as tried if the results hold a model that was trained on the
target and continued from the stage's weights or stands on top of it. Pure functions of the rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from adapterxlt.metrics.correlation import spearman
from adapterxlt.metrics.facts import facts_of
from adapterxlt.results.rows import Row

RULE = "mnli_always"
_BELOW = (", after", ", stacked")


@dataclass(frozen=True)
class Checked:
    """One predicted ranking for one target, compared with the measured one.

    Args:
        target: the target, with the settings of its training.
        measure: the measure that ranked the stages.
        candidates: the number of stages that were tried.
        regret_1, regret_3: how many points the best of the first stage, or of the first three
            stages, of the ranking falls short of the best of all stages.
        correlation: the rank correlation, from -1 to 1.
        beats_rule: whether its first choice was better than MNLI; None if MNLI was not tried.
        ties_rule: whether its first choice was exactly as good as MNLI.
    """

    target: str
    measure: str
    candidates: int
    regret_1: float
    regret_3: float
    correlation: float
    beats_rule: bool | None
    ties_rule: bool = False

    def __str__(self) -> str:
        doubt = {
            None: "",
            True: "; better than `MNLI always`",
            False: "; as good as `MNLI always`" if self.ties_rule else "; worse than `MNLI always`",
        }[None if self.measure == RULE else self.beats_rule]
        return (
            f"{self.measure} on {self.target} ({self.candidates} stages): regret@1 "
            f"{self.regret_1:.1f}, @3 {self.regret_3:.1f} points, rank correlation "
            f"{self.correlation:.2f}{doubt}"
        )


def checked(rows: Iterable[Row]) -> list[Checked]:
    """Check every measure for which at least two candidates were tried."""
    rows = list(rows)
    guessed: dict[tuple[str, str], dict[str, dict[str, float]]] = {}
    lineages: dict[str, str] = {}
    for row in rows:
        if facts_of(row.metric).guess:
            measures = guessed.setdefault((row.stage, row.task), {})
            measures.setdefault(row.metric, {})[row.model] = row.value
            lineages[row.model] = row.lineage
    found: list[Checked] = []
    for (_, task), measures in guessed.items():
        models = list(next(iter(measures.values())))
        for target, values in _tried(rows, task, {model: lineages[model] for model in models}):
            found += _checked(target, measures, values)
    return found


def _tried(
    rows: Iterable[Row], task: str, lineages: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield the mean value reached with each candidate, for each way of training and measuring."""
    values: dict[tuple[str, str, str], dict[str, list[float]]] = {}
    for row in rows:
        if not row.main or row.layer is not None or facts_of(row.metric).guess:
            continue
        for model, below in lineages.items():
            rest = row.lineage.removeprefix(f"{below} > ")
            if rest == row.lineage or " > " in rest or not rest.startswith(f"{task} ("):
                continue
            for word in _BELOW:
                rest = rest.replace(word, "")
            of_target = values.setdefault((row.task, row.split, rest), {})
            sign = -1 if facts_of(row.metric).less_is_better else 1
            of_target.setdefault(model, []).append(sign * row.value)
    for (name, split, rest), tried in values.items():
        if len(tried) > 1:
            yield (
                f"{name} {split} [{rest}]",
                {model: math.fsum(each) / len(each) for model, each in tried.items()},
            )


def _checked(
    target: str, measures: Mapping[str, Mapping[str, float]], values: Mapping[str, float]
) -> Iterator[Checked]:
    rule = measures.get(RULE, {})
    of_rule = _regret(rule, values, 1) if any(rule.get(model) for model in values) else None
    for measure, scores in measures.items():
        if measure == RULE and of_rule is None:
            continue
        one = _regret(scores, values, 1)
        models = list(values)
        ranks = spearman([values[m] for m in models], [scores[m] for m in models]) / 100
        yield Checked(
            target=target,
            measure=measure,
            candidates=len(values),
            regret_1=one,
            regret_3=_regret(scores, values, 3),
            correlation=ranks,
            beats_rule=None if of_rule is None else one < of_rule,
            ties_rule=one == of_rule,
        )


def _regret(scores: Mapping[str, float], values: Mapping[str, float], k: int) -> float:
    """Return how far the best of the `k` top-ranked models falls short of the best of all.

    Models with equal scores are ranked in the order in which they are listed.
    """
    tried = sorted(values, key=lambda model: -scores[model])[:k]
    return max(values.values()) - max(values[model] for model in tried)
