"""Judges all contests of models together, with the same clusters and samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

from adapterxlt.metrics.facts import facts_of
from adapterxlt.metrics.statistics import Doubles, Statistic, fitting
from adapterxlt.report.designs import Design, design_of
from adapterxlt.report.estimates import Estimate, Side, estimate, permutation_p
from adapterxlt.report.resampling import (
    RESAMPLES,
    Language,
    Summed,
    Weighted,
    bootstrap,
    permuted,
)
from adapterxlt.report.systems import Contest, System
from adapterxlt.results.outcomes import GROUP, SEEN, Outcomes

Keys = npt.NDArray[Any]


@dataclass(frozen=True)
class Verdict:
    """The verdict of the outcomes on one contest.

    Args:
        found: the difference, with its interval.
        p: by permutation, or by t where there are several seeds.
        examples: how many the difference rests on, all languages together.
        languages: variance that would come from other languages of their kind.
        better: in how many of the languages the model has the higher value.
        design: how seeds were taken; `together`: whether languages were drawn together.
        swapped: whether p is from a permutation.
    """

    found: Estimate
    p: float
    examples: int
    languages: float
    better: int
    design: Design
    together: bool
    swapped: bool


def judge(
    contests: Sequence[Contest], *, unseen: bool = False, resamples: int = RESAMPLES
) -> list[Verdict | None]:
    """What the outcomes say of each contest; None where a metric is not computed from them.

    Contests on the same examples are drawn together: that takes less time, and changes nothing.

    Args:
        contests: whose systems all have outcomes in all their languages.
        unseen: leave out the examples with a text that one of the models has seen.
    """
    found: dict[int, Verdict] = {}
    bundles: dict[object, list[tuple[int, Contest, dict[str, Keys]]]] = {}
    for place, contest in enumerate(contests):
        keys = _keys(contest, unseen)
        statistic = _statistic(contest)
        if statistic is None or not all(map(len, keys.values())):
            continue
        # Objects that hold the statistic are alive as long as the metrics are.
        at = (id(statistic), *((code, own.tobytes()) for code, own in keys.items()))
        bundles.setdefault(at, []).append((place, contest, keys))
    for bundle in bundles.values():
        [keys, *_] = (keys for _, _, keys in bundle)
        statistic = _statistic(bundle[0][1])
        assert statistic is not None
        problem = _Problem([contest for _, contest, _ in bundle], keys, statistic)
        for (place, _, _), verdict in zip(bundle, problem.verdicts(resamples), strict=True):
            found[place] = verdict
    return [found.get(place) for place in range(len(contests))]


class _Problem:
    """Contests on the same examples."""

    def __init__(
        self, contests: Sequence[Contest], keys: Mapping[str, Keys], statistic: Statistic
    ) -> None:
        self.contests = contests
        listed = [one for each in contests for one in (*each.models, *each.baselines)]
        self.systems = list({id(one): one for one in listed}.values())
        self.place = {id(one): place for place, one in enumerate(self.systems)}
        first = self.systems[0].outcomes
        self.together = len(keys) > 1 and all(
            first[code].parallel and GROUP not in first[code].columns for code in keys
        )
        every = np.unique(np.concatenate(list(keys.values()))) if self.together else None
        self.languages: list[Language] = [
            _language(code, own, every, [one.outcomes[code] for one in self.systems], statistic)
            for code, own in keys.items()
        ]
        self.clusters = len(every) if every is not None else sum(map(len, keys.values()))
        self.examples = [
            sum(int(np.isin(_key(outcomes), own).sum()) for code, own in keys.items()
                for outcomes in [each.models[0].outcomes[code]])
            for each in contests
        ]  # fmt: skip

    def verdicts(self, resamples: int) -> Iterator[Verdict]:
        """In the order of the contests."""
        count = len(self.languages)
        points = np.stack([_whole(one) for one in self.languages])  # [languages, systems]
        draws = np.zeros((resamples, len(self.systems)))
        noise: list[list[float]] = [[] for _ in self.contests]
        for _, values in bootstrap(self.languages, together=self.together, resamples=resamples):
            draws += values / count
            for own, contest in zip(noise, self.contests, strict=True):
                own.append(float(np.nanvar(self._difference(values, contest))))
        by_chance = self._permuted(resamples)
        for number, contest in enumerate(self.contests):
            each = self._difference(points, contest)  # by language
            design = design_of(
                [one.seeds for one in contest.models], [one.seeds for one in contest.baselines]
            )
            sides = self._sides(contest, design, points.mean(axis=0), draws)
            found = estimate(sides, self.clusters)
            swapped = number in by_chance
            if swapped:
                p = permutation_p(found.points, by_chance[number])
            elif found.p is not None:
                p = found.p
            else:
                size = abs(found.points) / max(found.examples, 1e-300) ** 0.5
                p = 2 * float(stdtr(max(1, self.clusters - 1), -size))
            between = float(each.var(ddof=1)) - float(np.mean(noise[number])) if count > 1 else 0.0
            sign = -1 if facts_of(contest.models[0].row.metric).less_is_better else 1
            yield Verdict(
                found=found,
                p=p,
                examples=self.examples[number],
                languages=max(0.0, between) / count,
                better=int((sign * each > 1e-9).sum()),
                design=design,
                together=self.together,
                swapped=swapped,
            )

    def _sides(
        self, contest: Contest, design: Design, points: Doubles, draws: Doubles
    ) -> list[Side]:
        own, base = self._places(contest.models), self._places(contest.baselines)
        if design.match is not None:
            if design.turned:
                own = [own[place] for place in design.match]
            else:
                base = [base[place] for place in design.match]
            return [
                Side(points[own] - points[base], draws[:, own] - draws[:, base], design.factors)
            ]
        return [
            Side(points[places], draws[:, places], factors)
            for places, factors in ((own, design.factors), (base, design.others))
        ]

    def _permuted(self, resamples: int) -> dict[int, Doubles]:
        """Differences by chance of those contests that have one seed a side."""
        alone = [
            number
            for number, contest in enumerate(self.contests)
            if len(contest.models) == len(contest.baselines) == 1
        ]
        summed = [one for one in self.languages if isinstance(one, Summed)]
        if not alone or len(summed) < len(self.languages):
            return {}
        pairs = [
            (*self._places(self.contests[number].models),
             *self._places(self.contests[number].baselines))
            for number in alone
        ]  # fmt: skip
        total = np.zeros((resamples, len(pairs)))
        for _, differences in permuted(
            summed, [(one, other) for one, other in pairs], together=self.together,
            resamples=resamples,
        ):  # fmt: skip
            total += differences / len(summed)
        return {number: total[:, place] for place, number in enumerate(alone)}

    def _difference(self, values: Doubles, contest: Contest) -> Doubles:
        """Mean over the seeds of each side, of values [..., systems]."""
        own, base = self._places(contest.models), self._places(contest.baselines)
        return np.asarray(values[..., own].mean(axis=-1) - values[..., base].mean(axis=-1))

    def _places(self, systems: Sequence[System]) -> list[int]:
        return [self.place[id(one)] for one in systems]


def _whole(language: Language) -> Doubles:
    """The metric of every system on all of the examples."""
    values: Doubles = language.values(np.ones((1, language.clusters), dtype=np.int64))[0]
    return values


def _statistic(contest: Contest) -> Statistic | None:
    metric = facts_of(contest.models[0].row.metric)
    code = contest.languages[0]
    columns = [one.outcomes[code].columns for one in (*contest.models, *contest.baselines)]
    found = {id(one): one for own in columns for one in [fitting(metric.statistics, own)]}
    return next(iter(found.values())) if len(found) == 1 else None


def _key(outcomes: Outcomes) -> Keys:
    """What examples are drawn by."""
    return outcomes.columns.get(GROUP, outcomes.ids)


def _keys(contest: Contest, unseen: bool) -> dict[str, Keys]:
    """By language what both sides were measured on, and what can be drawn."""
    found = {}
    for code in contest.languages:
        listed = [one.outcomes[code] for one in (*contest.models, *contest.baselines)]
        first = _key(listed[0])
        if any(GROUP in one.columns for one in listed):  # one may have found what others did not
            own = np.unique(np.concatenate([_key(one) for one in listed]))
        elif all(np.array_equal(first, _key(one)) for one in listed[1:]):
            own = first
        else:
            own = first[np.all([np.isin(first, _key(one)) for one in listed[1:]], axis=0)]
        if unseen:
            flagged = [_key(one)[one.columns[SEEN]] for one in listed if SEEN in one.columns]
            own = own[~np.isin(own, np.concatenate([own[:0], *flagged]))]
        found[code] = own
    return found


def _language(
    code: str,
    keys: Keys,
    every: Keys | None,
    listed: Sequence[Outcomes],
    statistic: Statistic,
) -> Language:
    """The outcomes of all systems by cluster.

    Args:
        keys: the clusters of this language.
        every: those of all languages, where these are drawn together.
    """
    clusters = keys if every is None else every
    kept, places = [], []
    for outcomes in listed:
        own = _key(outcomes)
        chosen = np.isin(own, keys) if not np.array_equal(own, keys) else np.full(len(own), True)
        kept.append({name: column[chosen] for name, column in outcomes.columns.items()})
        places.append(_rows(own[chosen], clusters))
    if statistic.weighted is not None:
        return Weighted(code, len(clusters), kept, places, statistic)
    assert statistic.parts is not None
    assert statistic.value is not None
    parts = [statistic.parts(columns) for columns in kept]
    sums = np.zeros((len(clusters), len(parts), max(part.shape[1] for part in parts)))
    for system, (part, rows) in enumerate(zip(parts, places, strict=True)):
        if len(rows) == len(clusters) and np.array_equal(rows, np.arange(len(rows))):
            sums[:, system, : part.shape[1]] = part
        else:
            np.add.at(sums[:, system, : part.shape[1]], rows, part)
    return Summed(code, sums, statistic.value)


def _rows(keys: Keys, clusters: Keys) -> npt.NDArray[np.int64]:
    """Where each key stands among the clusters."""
    if np.array_equal(keys, clusters):
        return np.arange(len(keys))
    order = np.argsort(clusters, kind="stable")
    return np.asarray(order[np.searchsorted(clusters, keys, sorter=order)])
