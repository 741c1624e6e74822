"""p over several seeds, by what is usual for them; and p of permutations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from adapterxlt.report.estimates import Estimate, Side, estimate, holm, permutation_p
from adapterxlt.report.pooled import pooled_p

CLUSTERS = 1_000


def line(*points: float, noise: float = 0.0) -> Estimate:
    """A difference whose seeds have these points; samples of examples move all of them alike."""
    samples = noise * np.array([[-1.0], [1.0]]) + np.array(points)
    return estimate([Side(np.array(points), samples, (tuple(range(len(points))),))], CLUSTERS)


def test_seeds_that_agree_by_chance_are_taken_to_differ_as_is_usual() -> None:
    near, usual, far = line(2.9, 3.0, 3.1), line(-1.0, 0.0, 1.0), line(-50.0, 0.0, 50.0)
    p, of_usual, of_far = pooled_p([near, usual, far], CLUSTERS)
    # The median variance of a mean is 1/3, and that of chi-squared with 2 degrees 2 log 2, not 2.
    error = (1 / 3 / np.log(2)) ** 0.5
    assert p == pytest.approx(2 * stats.t.sf(3 / error, 2 * 3 / 2))
    assert near.p is not None
    assert p > 20 * near.p
    assert of_usual == pytest.approx(1.0)
    assert of_far == far.p  # above what is usual, its own variance counts


def test_alone_and_among_other_designs_it_is_p_by_itself() -> None:
    three, two = line(1.0, 1.5, 2.0), line(1.0, 5.0)
    single = line(1.0, noise=0.5)
    assert pooled_p([three], CLUSTERS) == [three.p]
    assert pooled_p([three, two, single], CLUSTERS) == [three.p, two.p, None]
    other = replace(three, alone=True)
    assert pooled_p([three, other], CLUSTERS) == [three.p, other.p]


def test_every_part_of_a_grid_has_its_usual_size() -> None:
    labels = (tuple(np.repeat(range(3), 2).tolist()), tuple([0, 1] * 3))

    def grid(first: float, last: float) -> Estimate:
        points = np.array([first * row + last * column for row in (-1, 0, 1) for column in (0, 1)])
        return estimate([Side(points + 4, np.tile(points, (2, 1)), labels)], CLUSTERS)

    flat, steep = grid(0.01, 0.01), grid(1.0, 0.01)
    p, _ = pooled_p([flat, steep], CLUSTERS)
    assert flat.p is not None
    assert p is not None
    assert p > 100 * flat.p


def test_a_report_with_seeds_shows_differences_that_are_none_in_at_most_5_percent() -> None:
    """Six tasks with five models each; between seeds, a difference varies by 1 point."""
    draw, reports, seeds = np.random.default_rng(1), 200, 3
    wrong = {"pooled": 0, "alone": 0}
    for _ in range(reports):
        alone: list[float] = []
        pooled: list[float] = []
        for _ in range(6):
            own = draw.normal(size=(6, seeds)) + 0.35 * draw.normal(size=(6, 1))
            noise = 0.2 * draw.normal(size=(20, 6, seeds)) + 0.35 * draw.normal(size=(20, 6, 1))
            found = []
            for model in range(1, 6):
                points, more = own[model] - own[0], noise[:, model] - noise[:, 0]
                side = Side(points, points + more, (tuple(range(seeds)),))
                found.append(estimate([side], CLUSTERS))
            alone += [one.p or 0.0 for one in found]
            pooled += [p or 0.0 for p in pooled_p(found, CLUSTERS)]
        wrong["alone"] += min(holm(alone)) <= 0.05
        wrong["pooled"] += min(holm(pooled)) <= 0.05
    assert wrong["pooled"] <= reports * (0.05 + 2 * (0.05 * 0.95 / reports) ** 0.5)
    assert wrong["alone"] > reports * 0.1


def test_p_of_permutations_is_not_bounded_by_their_number() -> None:
    flips = np.random.default_rng(2).choice([-1.0, 1.0], size=(1_000, 100)).sum(axis=1)
    variance = float(np.mean(flips**2))
    assert permutation_p(0.0, flips) == 1.0
    assert permutation_p(20.0, flips) == pytest.approx(stats.norm.sf(1.95) * 2, abs=0.02)
    # 1 of 1,001 is all that so many samples can say, and Hoeffding's bound says more.
    assert permutation_p(60.0, flips) == pytest.approx(2 * np.exp(-(60**2) / variance / 2))
    assert permutation_p(60.0, flips) > 2 * stats.binom.sf(79, 100, 0.5)
    assert permutation_p(1.0, np.zeros(99)) == 0.01
