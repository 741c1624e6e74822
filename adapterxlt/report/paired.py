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
from adapterxlt.report.pooled import pooled_p
from adapterxlt.report.resampling import (
    RESAMPLES,
    Language,
    Summed,
    Weighted,
    bootstrap,
    permuted,
)
from adapterxlt.report.spreads import least_p
from adapterxlt.report.systems import Contest, System
from adapterxlt.results.outcomes import GROUP, SEEN, Outcomes

Keys = npt.NDArray[Any]


@dataclass(frozen=True)
class Verdict:
    """What the outcomes say about one contest.

    Args:
        found: the difference, with its interval.
        p: from a permutation test, or from a t test if there are several seeds.
        examples: the number of examples that the difference rests on, in all languages.
        clusters: how many of them are drawn independently; translations count once.
        languages: the variance that a different choice of such languages would bring.
        better: the number of languages in which the model has the higher value.
        design: how seeds were taken.
        together: whether the examples of all languages were drawn together.
        swapped: whether p is from a permutation test.
    """

    found: Estimate
    p: float
    examples: int
    clusters: int
    languages: float
    better: int
    design: Design
    together: bool
    swapped: bool


def judge(
    contests: Sequence[Contest], *, unseen: bool = False, resamples: int = RESAMPLES
) -> list[Verdict | None]:
    """Return what the outcomes say about each contest.

    Contests on the same examples use the same samples, which saves time and changes nothing.

    Args:
        contests: the contests; their systems must all have outcomes in all languages.
        unseen: whether to leave out examples with a text that one of the models has seen.
        resamples: the number of samples.

    Returns:
        a verdict for each contest; None if the metric is not computed from outcomes.
    """
    found: dict[int, Verdict] = {}
    bundles: dict[object, list[tuple[int, Contest, dict[str, Keys]]]] = {}
    for place, contest in enumerate(contests):
        keys = _keys(contest, unseen)
        statistic = _statistic(contest)
        if statistic is None or not all(map(len, keys.values())):
            continue
        # `id` is safe here, as the metrics keep the object of the statistic alive.
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
    """The contests on the same examples."""

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
        """Yield the verdicts in the order of the contests."""
        count = len(self.languages)
        points = np.stack([_whole(one) for one in self.languages])  # [languages, systems]
        draws = np.zeros((resamples, len(self.systems)))
        noise: list[list[float]] = [[] for _ in self.contests]
        for _, values in bootstrap(self.languages, together=self.together, resamples=resamples):
            draws += values / count
            for own, contest in zip(noise, self.contests, strict=True):
                own.append(float(np.nanvar(self._difference(values, contest))))
        by_chance = self._permuted(resamples)
        designs = [
            design_of([one.seeds for one in each.models], [one.seeds for one in each.baselines])
            for each in self.contests
        ]
        estimates = [
            estimate(self._sides(contest, design, points.mean(axis=0), draws), self.clusters)
            for contest, design in zip(self.contests, designs, strict=True)
        ]
        by_seeds = pooled_p(estimates, self.clusters)
        for number, (contest, found) in enumerate(zip(self.contests, estimates, strict=True)):
            each = self._difference(points, contest)  # by language
            swapped, over_seeds = number in by_chance, by_seeds[number]
            if swapped:
                p = permutation_p(found.points, by_chance[number])
            elif over_seeds is not None:
                p = over_seeds
            else:
                size = abs(found.points) / max(found.examples, 1e-300) ** 0.5
                p = 2 * float(stdtr(max(1, self.clusters - 1), -size))
                p = p if found.examples else least_p(self.clusters)
            between = float(each.var(ddof=1)) - float(np.mean(noise[number])) if count > 1 else 0.0
            sign = -1 if facts_of(contest.models[0].row.metric).less_is_better else 1
            yield Verdict(
                found=found,
                p=p,
                examples=self.examples[number],
                clusters=self.clusters,
                languages=max(0.0, between) / count,
                better=int((sign * each > 1e-9).sum()),
                design=designs[number],
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
            Side(
                points[self._places(systems)],
                draws[:, self._places(systems)],
                factors,
                fixed=not any(one.seeds for one in systems),
            )
            for systems, factors in (
                (contest.models, design.factors),
                (contest.baselines, design.others),
            )
        ]

    def _permuted(self, resamples: int) -> dict[int, Doubles]:
        """Return random differences for the contests that have one seed on each side."""
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
        """Return the difference of the sides' means over seeds, for values [..., systems]."""
        own, base = self._places(contest.models), self._places(contest.baselines)
        return np.asarray(values[..., own].mean(axis=-1) - values[..., base].mean(axis=-1))

    def _places(self, systems: Sequence[System]) -> list[int]:
        return [self.place[id(one)] for one in systems]


def _whole(language: Language) -> Doubles:
    """Return the metric of every system on all examples."""
    values: Doubles = language.values(np.ones((1, language.clusters), dtype=np.int64))[0]
    return values


def _statistic(contest: Contest) -> Statistic | None:
    metric = facts_of(contest.models[0].row.metric)
    code = contest.languages[0]
    columns = [one.outcomes[code].columns for one in (*contest.models, *contest.baselines)]
    found = {id(one): one for own in columns for one in [fitting(metric.statistics, own)]}
    return next(iter(found.values())) if len(found) == 1 else None


def _key(outcomes: Outcomes) -> Keys:
    """Return the keys by which examples are drawn."""
    return outcomes.columns.get(GROUP, outcomes.ids)


def _keys(contest: Contest, unseen: bool) -> dict[str, Keys]:
    """Return the keys to draw from, by language.

    These belong to examples that all systems were measured on. Groups that only some systems have
    count too.
    """
    found = {}
    for code in contest.languages:
        listed = [one.outcomes[code] for one in (*contest.models, *contest.baselines)]
        first = _key(listed[0])
        if any(GROUP in one.columns for one in listed):  # found by some, not by others
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
    """Return the outcomes of all systems by cluster.

    Args:
        keys: the clusters of this language.
        every: the clusters of all languages, if languages are drawn together; else None.
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
    """Return the position of each key among the clusters."""
    if np.array_equal(keys, clusters):
        return np.arange(len(keys))
    order = np.argsort(clusters, kind="stable")
    return np.asarray(order[np.searchsorted(clusters, keys, sorter=order)])
