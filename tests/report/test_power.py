from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from adapterxlt.report.designs import design_of
from adapterxlt.report.estimates import Estimate, Side, estimate
from adapterxlt.report.paired import Verdict, judge
from adapterxlt.report.pooled import pooled_p
from adapterxlt.report.power import Noise, guessed, measured
from tests.report.systems import contest, right, system

RUNS = 100


def test_the_stated_power_is_that_of_simulations() -> None:
    """500 examples, 70 % right, 20 % otherwise by the other model: the test finds 80 %."""
    noise = guessed([500], parallel=False, accuracy=70, disagreement=20, seed_sd=0)
    gain = noise.detectable(1) / 100
    assert 100 * gain == pytest.approx((1.96 + 0.8416) * 100 * math.sqrt(0.2 / 500), rel=0.01)
    draw = np.random.default_rng(0)
    family = []
    for _ in range(RUNS):
        kind = draw.choice(4, 500, p=[0.6, 0.2, 0.1 + gain / 2, 0.1 - gain / 2])
        a, b = np.isin(kind, (0, 2)), np.isin(kind, (0, 3))
        family.append(contest([system(right({"de": a}))], [system(right({"de": b}), name="b")]))
    found = [one.p <= 0.05 for one in judge(family, resamples=400) if one]
    assert np.mean(found) == pytest.approx(0.8, abs=3 * (0.8 * 0.2 / RUNS) ** 0.5)


def test_a_corrected_level_asks_for_a_larger_difference() -> None:
    noise = Noise(examples=0.25, seed=4.0, clusters=1_000_000, source="")
    assert noise.detectable(1, level=0.05 / 10) == pytest.approx((2.807 + 0.8416) * 0.5, rel=1e-3)
    assert noise.detectable(1) == noise.detectable(1, level=0.05) < noise.detectable(1, level=0.02)
    assert noise.detectable(3, level=0.005) > noise.detectable(3)


def test_the_stated_power_of_several_seeds() -> None:
    noise = Noise(examples=0.25, seed=4.0, clusters=10_000, source="")
    gain = noise.detectable(4)
    draw = np.random.default_rng(1)
    hits = 0
    for _ in range(400):
        points = gain + 2 * draw.normal(size=4) + 0.5 * draw.normal()
        shared = 0.5 * draw.normal(size=(200, 1))  # the same examples for every seed
        found = estimate([Side(points, points + shared, (tuple(range(4)),))], 10_000)
        assert found.p is not None
        hits += found.p <= 0.05
    assert hits / 400 == pytest.approx(0.8, abs=0.08)


def test_the_stated_power_against_a_single_seed() -> None:
    noise = Noise(examples=0.25, seed=8.0, clusters=10_000, source="")  # 4 of either model
    gain = noise.detectable(4, alone=True)
    assert gain > noise.detectable(4)
    draw = np.random.default_rng(1)
    hits = 0
    for _ in range(400):
        shared = 0.5 * draw.normal(size=(200, 1))
        sides = []
        for lift, count in ((gain + 0.5 * draw.normal(), 4), (0.0, 1)):
            points = lift + 2 * draw.normal(size=count)
            noisy = points + (shared if count > 1 else 0.0 * shared)
            sides.append(Side(points, noisy, (tuple(range(count)),)))
        found = estimate(sides, 10_000)
        assert found.p is not None
        hits += found.p <= 0.05
    assert hits / 400 == pytest.approx(0.8, abs=0.08)


def test_more_of_anything_shows_smaller_differences() -> None:
    def least(sizes: list[int], seeds: int = 3, *, parallel: bool = False) -> float:
        noise = guessed(sizes, parallel=parallel, accuracy=60, disagreement=None, seed_sd=1)
        return noise.detectable(seeds)

    assert least([400]) > least([1600])
    assert least([400]) > least([400] * 4, parallel=True) > least([400] * 4)
    assert least([400], 2) > least([400], 3) > least([400], 10)
    assert Noise(0.0, 0.0, 10, "").detectable(3) == 0.0


def test_cells_of_a_grid_are_no_independent_seeds() -> None:
    noise = Noise(examples=0.0, seed=4.0, clusters=1000, source="", shares=(0.75, 0.25))
    assert noise.detectable(9) < noise.detectable(3, 3) < noise.detectable(2, 2)
    # Nine models tell less than five of which each has other seeds in every stage.
    assert noise.detectable(5) < noise.detectable(3, 3) < noise.detectable(3)
    # Of what is not known it is half for each stage.
    even = Noise(0.0, 4.0, 1000, "")
    assert even.detectable(3) > even.detectable(3, 3) > even.detectable(5)
    assert even.detectable(2, 2, 2) < even.detectable(2)


def test_the_stated_power_of_a_grid() -> None:
    noise = Noise(examples=0.25, seed=4.0, clusters=10_000, source="", shares=(0.6, 0.3))
    gain = noise.detectable(4, 3)
    draw = np.random.default_rng(2)
    labels = tuple(zip(*((a, b) for a in range(4) for b in range(3)), strict=True))
    hits = 0
    for _ in range(400):
        sds = (4 * np.array([0.6, 0.3, 0.1])) ** 0.5
        effects = [
            sd * draw.normal(size=size) for sd, size in zip(sds, ((4, 1), 3, (4, 3)), strict=True)
        ]
        points = gain + sum(effects).ravel() + 0.5 * draw.normal()  # type: ignore[union-attr]
        shared = 0.5 * draw.normal(size=(200, 1))
        found = estimate([Side(points, points + shared, labels)], 10_000)
        assert found.p is not None
        hits += found.p <= 0.05
    assert hits / 400 == pytest.approx(0.8, abs=0.08)


@pytest.mark.parametrize("together", [1, 6])
@pytest.mark.parametrize("seeds", [2, 3])
def test_the_stated_power_where_seeds_have_errors_of_their_own(seeds: int, together: int) -> None:
    """The bootstrap sees them, so that the variance of seeds is known less well."""
    noise = Noise(examples=0.2, seed=0.5, clusters=10_000, source="", single=1.5)
    gain = noise.detectable(seeds, together=together)
    draw = np.random.default_rng(3)
    found = []
    for _ in range(600 // together):
        listed = []
        for _ in range(together):
            shared, own = draw.normal(size=2), draw.normal(size=(2, seeds))
            points = gain + 0.2**0.5 * shared[0] + 0.5**0.5 * own[0] + 1.5**0.5 * own[1]
            samples = 0.2**0.5 * draw.normal(size=(200, 1))
            samples = samples + 1.5**0.5 * draw.normal(size=(200, seeds))
            side = Side(points, points + samples, (tuple(range(seeds)),))
            listed.append(estimate([side], 10_000))
        found += [p <= 0.05 for p in pooled_p(listed, 10_000) if p is not None]
    assert len(found) == 600
    assert np.mean(found) == pytest.approx(0.8, abs=0.06)
    # Without them in the account, it would be told to be much smaller.
    alike = replace(noise, examples=0.2 + 1.5 / seeds, single=0.0)
    assert gain > 1.1 * alike.detectable(seeds, together=together)


def made(parts: tuple[float, ...], models: list[tuple[int, ...]], own: list[int]) -> Verdict:
    design = design_of(models, [(seed,) for seed in own])
    found = Estimate(1.0, 0.0, 2.0, 0.0, 2.0, 0.1, 0.5, sum(parts), parts)
    return Verdict(found, 0.1, 900, 300, 0.0, 3, design, together=True, swapped=False)


def test_outcomes_tell_the_noise_of_each_stage() -> None:
    guess = guessed([300] * 3, parallel=True, accuracy=70, disagreement=None, seed_sd=1)
    one = measured(made((), [(1,)], [1]), guess)
    assert (one.examples + one.single, one.seed) == (0.5, 1.0)
    assert one.source == (
        "outcomes of 1 seed, and a guess: differences vary by 1 point between seeds "
        "(standard deviation)"
    )
    line = measured(made((0.4,), [(1,), (2,), (3,)], [1, 2, 3]), guess)
    assert (line.seed, line.source) == (pytest.approx(1.2), "outcomes of 3 seeds")
    grid = [(first, last) for first in (1, 2, 3) for last in (1, 2)]
    found = measured(made((0.4, 0.3, 0.1), grid, [1, 2]), guess)
    assert found.seed == pytest.approx(3 * 0.4 + 2 * 0.3 + 6 * 0.1)
    assert found.shares == pytest.approx((0.5, 0.25))
    assert found.source == "outcomes of 3 x 2 seeds"
    # The same study again has the same error.
    error = 0.5 + 0.4 + 0.3 + 0.1
    assert 2.8 * error**0.5 < found.detectable(3, 2) < 5 * error**0.5
    nothing = measured(made((0.0, 0.0, 0.0), grid, [1, 2]), guess)
    assert (nothing.seed, nothing.shares) == (0.0, guess.shares)


def test_outcomes_without_a_difference_do_not_find_every_difference() -> None:
    guess = guessed([20], parallel=False, accuracy=70, disagreement=None, seed_sd=1)
    one = made((), [(1,)], [1])
    none = replace(one, clusters=20, examples=20, found=replace(one.found, examples=0.0))
    noise = measured(none, guess)
    # 3 of 20 may differ elsewhere: a variance of 15 % of 100 points squared, over 20 examples.
    assert noise.examples + noise.single == pytest.approx(0.15 * 1e4 / 20)
    assert 20 < noise.detectable(1) < 30
    assert noise.source.startswith(
        "outcomes of 1 seed without a difference, so that up to 15 % of the examples may differ, "
    )
    many = measured(replace(none, clusters=2000), guess)
    assert many.detectable(1) == pytest.approx(noise.detectable(1) / 100, rel=0.1)
