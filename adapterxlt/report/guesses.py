"""Compares predicted rankings of intermediate stages with their measured gains.

A stage that `suggest` ranks counts as tried if the results hold a model that was trained on the
target and continued from the stage's weights or stands on top of it. Only the lineage of such a
model tells the stage, so stages whose lineages differ only in seeds are one candidate, with the
means over their seeds. Pure functions of the rows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from adapterxlt.metrics.correlation import spearman
from adapterxlt.metrics.facts import facts_of
from adapterxlt.results.rows import Row

RULE = "mnli_always"
_BELOW = (", after", ", stacked")
_SHOT_SEED = re.compile(r"(?<= shots) of seed \d+")


@dataclass(frozen=True)
class Checked:
    """One predicted ranking for one target, compared with the measured one.

    Args:
        target: the target, with the settings of its training.
        measure: the measure that ranked the stages.
        candidates: the number of stages that were tried and that the measure ranks.
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
    guessed: dict[tuple[str, str], dict[str, dict[str, list[float]]]] = {}
    for row in rows:
        if facts_of(row.metric).guess:
            measures = guessed.setdefault((row.stage, row.task), {})
            scores = measures.setdefault(row.metric, {})
            scores.setdefault(_without_seeds(row.lineage), []).append(row.value)
    found: list[Checked] = []
    for (_, task), listed in guessed.items():
        means = {
            measure: {candidate: _mean(each) for candidate, each in scores.items()}
            for measure, scores in listed.items()
        }
        candidates = dict.fromkeys(candidate for scores in means.values() for candidate in scores)
        for target, values in _tried(rows, task, candidates):
            found += _checked(target, means, values)
    return found


def _without_seeds(lineage: str) -> str:
    return _SHOT_SEED.sub("", lineage)


def _mean(values: Collection[float]) -> float:
    return math.fsum(values) / len(values)


def _tried(
    rows: Iterable[Row], task: str, candidates: Iterable[str]
) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield the mean value reached with each candidate, for each way of training and measuring."""
    found: dict[tuple[str, str, str], dict[str, list[Row]]] = {}
    for row in rows:
        if not row.main or row.layer is not None or facts_of(row.metric).guess:
            continue
        lineage = _without_seeds(row.lineage)
        for below in candidates:
            rest = lineage.removeprefix(f"{below} > ")
            if rest == lineage or " > " in rest or not rest.startswith(f"{task} ("):
                continue
            for word in _BELOW:
                rest = rest.replace(word, "")
            found.setdefault((row.task, row.split, rest), {}).setdefault(below, []).append(row)
    for (name, split, rest), tried in found.items():
        if len(tried) > 1 and (means := _where_all_were_measured(tried)):
            yield f"{name} {split} [{rest}]", means


def _where_all_were_measured(tried: Mapping[str, Sequence[Row]]) -> dict[str, float]:
    """Return the mean of each candidate over the languages that all of them have in a stage.

    Candidates that have no stage in common are compared in the languages that they have under the
    same protocol and caps. Without such languages there is nothing to compare.
    """
    places: tuple[Callable[[Row], object], ...] = (
        lambda row: (row.stage, row.language),
        lambda row: (row.protocol, row.caps, row.n, row.language),
    )
    for place in places:
        values: dict[str, dict[object, list[float]]] = {}
        for candidate, rows in tried.items():
            for row in rows:
                sign = -1 if facts_of(row.metric).less_is_better else 1
                at = values.setdefault(candidate, {}).setdefault(place(row), [])
                at.append(sign * row.value)
        shared = set.intersection(*({*own} for own in values.values()))
        if shared:
            return {
                candidate: _mean([_mean(own[one]) for one in shared])
                for candidate, own in values.items()
            }
    return {}


def _checked(
    target: str, measures: Mapping[str, Mapping[str, float]], values: Mapping[str, float]
) -> Iterator[Checked]:
    """Check the measures, each on the candidates that it ranks."""
    rule = measures.get(RULE, {})
    of_rule = _reached(rule, values, 1) if any(rule.get(one) for one in values) else None
    for measure, scores in measures.items():
        ranked = [one for one in values if one in scores]
        if len(ranked) < 2 or (measure == RULE and of_rule is None):
            continue
        best, first = max(values[one] for one in ranked), _reached(scores, values, 1)
        ranks = spearman([values[one] for one in ranked], [scores[one] for one in ranked]) / 100
        yield Checked(
            target=target,
            measure=measure,
            candidates=len(ranked),
            regret_1=best - first,
            regret_3=best - _reached(scores, values, 3),
            correlation=ranks,
            beats_rule=None if of_rule is None else first > of_rule,
            ties_rule=first == of_rule,
        )


def _reached(scores: Mapping[str, float], values: Mapping[str, float], k: int) -> float:
    """Return the best value among the `k` candidates that the scores rank highest.

    Candidates with equal scores are ranked in the order in which they are listed.
    """
    ranked = sorted((one for one in values if one in scores), key=lambda one: -scores[one])
    return max(values[one] for one in ranked[:k])
