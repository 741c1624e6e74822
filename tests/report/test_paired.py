"""Differences of outcomes in pairs: against other programs, and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
import scipy
from packaging.version import Version
from scipy import stats

from adapterxlt.report.estimates import Side, estimate, holm, permutation_p
from adapterxlt.report.paired import Verdict, judge
from adapterxlt.report.systems import Contest
from adapterxlt.results.outcomes import GROUP, SEEN, Outcomes
from tests.report.systems import contest, right, system


def verdict(one: Contest, resamples: int = 10_000, *, unseen: bool = False) -> Verdict:
    [found] = judge([one], resamples=resamples, unseen=unseen)
    assert found is not None
    return found


def chance(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


def two(a: np.ndarray, b: np.ndarray, **how: bool) -> Contest:
    return contest([system(right({"de": a}, **how))], [system(right({"de": b}, **how), name="b")])


def seeded(draw: np.random.Generator) -> dict[str, np.random.Generator]:
    """How scipy is given random numbers; before 1.15 it was by another name."""
    return {"rng" if Version(scipy.__version__) >= Version("1.15") else "random_state": draw}


def test_intervals_and_p_are_those_of_scipy() -> None:
    draw = np.random.default_rng(0)
    ability = draw.normal(size=400)
    a, b = (draw.random(400) < chance(ability + shift) for shift in (0.5, 0.0))
    ours = verdict(two(a, b))
    difference = 100.0 * (a.astype(float) - b)
    theirs = stats.bootstrap(
        (difference,), np.mean, n_resamples=10_000, method="percentile", **seeded(draw)
    ).confidence_interval
    assert ours.found.points == pytest.approx(difference.mean())
    assert (ours.found.low, ours.found.high) == pytest.approx(tuple(theirs), abs=0.35)
    test = stats.permutation_test(
        (a.astype(float), b.astype(float)),
        lambda x, y: np.mean(x) - np.mean(y),
        permutation_type="samples",
        n_resamples=10_000,
        **seeded(draw),
    )
    assert ours.p == pytest.approx(test.pvalue, abs=0.01)


def test_holm_is_that_of_statsmodels() -> None:
    multiple = pytest.importorskip("statsmodels.stats.multitest")
    draw = np.random.default_rng(0)
    for count in (1, 2, 7):
        values = (draw.random(count) ** 3).tolist()
        assert holm(values) == pytest.approx(multiple.multipletests(values, method="holm")[1])
    assert holm([]) == []
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_pairs_show_what_values_alone_do_not() -> None:
    """As in a published case: p .080 of unpaired values, .008 of the same in pairs."""
    both, neither, only_a, only_b = 560, 314, 81, 45  # 64.1 against 60.5 of 1,000
    a = np.repeat([True, False, True, False], [both, neither, only_a, only_b])
    b = np.repeat([True, False, False, True], [both, neither, only_a, only_b])
    pooled = (a.mean() + b.mean()) / 2
    z = (a.mean() - b.mean()) / np.sqrt(2 * pooled * (1 - pooled) / len(a))
    assert 2 * stats.norm.sf(z) > 0.08
    paired = verdict(two(a, b))
    assert paired.p == pytest.approx(stats.binomtest(only_b, only_a + only_b).pvalue, abs=0.003)
    assert paired.p < 0.008
    assert paired.found.low > 0


def covered(results: list[Verdict], truth: float) -> float:
    return float(np.mean([one.found.low <= truth <= one.found.high for one in results]))


RUNS, FAMILIES = 400, 200
ERROR = 3 * (0.05 * 0.95 / RUNS) ** 0.5


def test_intervals_of_pairs_cover() -> None:
    draw = np.random.default_rng(1)
    results = []
    for _ in range(RUNS):
        ability = 2 * draw.normal(size=300)
        a, b = (draw.random(300) < chance(ability) for _ in range(2))
        results.append(verdict(two(a, b), 300))
    assert covered(results, 0.0) > 0.95 - ERROR
    assert np.mean([one.p <= 0.05 for one in results]) < 0.05 + ERROR


def test_translations_are_no_independent_examples() -> None:
    draw = np.random.default_rng(2)
    results: dict[bool, list[Verdict]] = {True: [], False: []}
    for _ in range(RUNS // 2):
        ability = draw.normal(size=120)
        lift = 1.5 * draw.normal(size=120)  # what a text means to the model, in any language
        a, b = (
            {str(n): draw.random(120) < chance(ability + gain) for n in range(6)}
            for gain in (lift, 0)
        )
        for parallel, listed in results.items():
            sides = (right(side, parallel=parallel) for side in (a, b))
            models, bases = (
                [system(side, name=name)] for side, name in zip(sides, "ab", strict=True)
            )
            listed.append(verdict(contest(models, bases), 300))
    assert covered(results[True], 0.0) > 0.95 - ERROR * 2**0.5
    assert covered(results[False], 0.0) < covered(results[True], 0.0) - 0.03


@pytest.mark.parametrize("seeds", [(3, 1), (3, 2)])
def test_intervals_of_nested_seeds_cover(seeds: tuple[int, int]) -> None:
    draw = np.random.default_rng(3)
    results = []
    for _ in range(RUNS):
        ability = draw.normal(size=150)

        def train(level: float, ability: np.ndarray = ability) -> dict[str, Outcomes]:
            own = ability + level + draw.normal(size=150)
            return right({"de": draw.random(150) < chance(own)})

        levels = [0.4 * draw.normal() for _ in range(seeds[0])]
        models = [
            system(train(level + 0.1 * draw.normal()), seeds=(first, second))
            for first, level in enumerate(levels)
            for second in range(seeds[1])
        ]
        bases = [system(train(0.4 * draw.normal()), name="b", seeds=(n,)) for n in range(3)]
        results.append(verdict(contest(models, bases), 300))
    assert covered(results, 0.0) > 0.95 - ERROR
    assert np.mean([one.found.seeds for one in results]) > 3 * np.mean(
        [one.found.examples for one in results]
    )


@pytest.mark.parametrize("side", ["baseline", "model"])
@pytest.mark.parametrize("count", [3, 8])
def test_a_side_with_one_seed_could_have_had_another(side: str, count: int) -> None:
    draw = np.random.default_rng(6)
    results = []
    for _ in range(RUNS):
        ability = draw.normal(size=150)

        def train(ability: np.ndarray = ability) -> dict[str, Outcomes]:
            own = ability + 0.5 * draw.normal() + draw.normal(size=150)
            return right({"de": draw.random(150) < chance(own)})

        several = [system(train(), seeds=(n,)) for n in range(count)]
        alone = [system(train(), name="b", seeds=(0,))]
        sides = (several, alone) if side == "baseline" else (alone, several)
        results.append(verdict(contest(*sides), 200))
    assert covered(results, 0.0) > 0.95 - ERROR
    assert np.mean([one.p <= 0.05 for one in results]) < 0.05 + ERROR


def test_what_has_no_seed_does_not_vary() -> None:
    points, draws = np.array([1.0, 2.0, 3.0]), np.tile([1.0, 2.0, 3.0], (50, 1))
    several = Side(points, draws, ((0, 1, 2),))
    bare = Side(np.zeros(1), np.zeros((50, 1)), ((0,),), fixed=True)
    trained = Side(np.zeros(1), np.zeros((50, 1)), ((0,),))
    # A variance of 1 between seeds: a third of it for the mean of three, all of it for one.
    assert estimate([several, bare], 1000).seeds == pytest.approx(1 / 3)
    assert estimate([several, trained], 1000).seeds == pytest.approx(1 / 3 + 1)
    assert estimate([several, trained], 1000).p == pytest.approx(
        2 * stats.t.sf(2 / (4 / 3) ** 0.5, 2)
    )
    assert estimate([trained, several], 1000).parts == pytest.approx((4 / 3,))


@pytest.mark.parametrize(("examples", "p"), [(1, 1.0), (5, 2 / 32), (20, 2 / 2**20)])
def test_few_examples_are_never_certain(examples: int, p: float) -> None:
    yes, no = (right({"de": np.full(examples, value)}) for value in (True, False))
    sides = [
        [system(own, name=name, seeds=(n,)) for n in (1, 2)]
        for own, name in ((yes, "a"), (no, "b"))
    ]
    assert verdict(contest(*sides), 100).p == pytest.approx(p)


def test_holm_keeps_false_positives_of_a_family_down() -> None:
    draw = np.random.default_rng(4)
    wrong = {"holm": 0, "plain": 0}
    for _ in range(FAMILIES):
        ability = draw.normal(size=200)
        bases = [system(right({"de": draw.random(200) < chance(ability)}), name="b")]
        family = [
            contest([system(right({"de": draw.random(200) < chance(ability)}))], bases)
            for _ in range(8)
        ]
        p_values = [one.p for one in judge(family, resamples=400) if one]
        wrong["holm"] += min(holm(p_values)) <= 0.05
        wrong["plain"] += min(p_values) <= 0.05
    assert wrong["holm"] <= FAMILIES * (0.05 + 3 * (0.05 * 0.95 / FAMILIES) ** 0.5)
    assert wrong["plain"] > wrong["holm"]


def test_large_differences_are_certain_among_many_comparisons() -> None:
    draw = np.random.default_rng(4)
    base = [system(right({"de": draw.random(400) < 0.2}), name="b")]
    model = [system(right({"de": draw.random(400) < 0.8}))]
    [verdict] = [one for one in judge([contest(model, base)], resamples=500) if one]
    assert verdict.swapped
    assert verdict.p < 1e-20
    assert holm([verdict.p] * 2_000)[0] < 1e-10


def test_equal_seeds_go_in_pairs() -> None:
    draw = np.random.default_rng(5)
    models, bases = [], []
    for seed in (1, 2, 3):
        level = draw.normal()  # a lucky seed is one for both
        models.append(
            system(right({"de": draw.random(900) < chance(level + 0.4)}), seeds=(9, seed))
        )
        bases.append(
            system(right({"de": draw.random(900) < chance(level)}), name="b", seeds=(seed,))
        )
    other = system(bases[2].outcomes, name="b", seeds=(7,))
    pairs = verdict(contest(models, bases), 500)
    apart = verdict(contest(models, [*bases[:2], other]), 500)
    assert str(pairs.design) == "in pairs"
    assert str(apart.design) == "nested"
    assert pairs.found.seeds < apart.found.seeds / 4
    assert pairs.found.points == pytest.approx(apart.found.points)


def test_neither_other_models_nor_their_order_change_a_figure() -> None:
    draw = np.random.default_rng(6)
    made = [system(right({"de": draw.random(50) < 0.6}), name=f"m{n}") for n in range(4)]
    family = [contest([one], [made[0]]) for one in made[1:]]
    forth = judge(family, resamples=200)
    back = judge(family[::-1], resamples=200)[::-1]
    assert forth == back == [verdict(one, 200) for one in family]


def test_metrics_of_a_corpus_are_computed_anew_in_every_sample() -> None:
    draw = np.random.default_rng(7)

    def tags(quality: float) -> dict[str, Outcomes]:
        true, found = draw.integers(0, 4, 300), draw.integers(0, 4, 300)
        both = np.minimum(np.minimum(true, found), draw.binomial(4, quality, 300))
        columns = {"true": true, "found": found, "both": both}
        return {"de": Outcomes("de", "dev", np.arange(300), columns)}

    a, b = (system(tags(q), metric="f1", name=str(q)) for q in (0.6, 0.4))
    ours = verdict(contest([a], [b]), 2000)

    def f1(rows: np.ndarray, one: Outcomes) -> float:
        true, found, both = (one.columns[n][rows].sum() for n in ("true", "found", "both"))
        return float(200 * both / (true + found))

    samples = [draw.integers(0, 300, 300) for _ in range(2000)]
    plain = [f1(rows, a.outcomes["de"]) - f1(rows, b.outcomes["de"]) for rows in samples]
    every = np.arange(300)
    assert ours.found.points == pytest.approx(
        f1(every, a.outcomes["de"]) - f1(every, b.outcomes["de"])
    )
    assert (ours.found.low, ours.found.high) == pytest.approx(
        tuple(np.quantile(plain, (0.025, 0.975))), abs=0.5
    )


def test_ranks_are_ranked_anew() -> None:
    draw = np.random.default_rng(8)
    gold = draw.normal(size=80).round(1)

    def values(noise: float) -> dict[str, Outcomes]:
        columns = {"gold_value": gold, "predicted_value": gold + noise * draw.normal(size=80)}
        return {"de": Outcomes("de", "dev", np.arange(80), columns)}

    a, b = (system(values(n), metric="spearman", name=str(n)) for n in (0.5, 1.5))
    ours = verdict(contest([a], [b]), 500)
    rho = [
        stats.spearmanr(gold, one.outcomes["de"].columns["predicted_value"]).statistic
        for one in (a, b)
    ]
    assert ours.found.points == pytest.approx(100 * (rho[0] - rho[1]))
    assert 0 < ours.found.low < ours.found.points < ours.found.high
    assert ours.p < 0.05
    assert not ours.swapped


def test_pairs_that_one_side_alone_found_count_against_it() -> None:
    def pairs(rows: list[tuple[int, bool, bool]]) -> dict[str, Outcomes]:
        group, true, found = (np.array(column) for column in zip(*rows, strict=True))
        columns = {"true": true, "found": found, "both": true & found, GROUP: group}
        ids = np.array([f"{n}-{m}" for m, (n, *_) in enumerate(rows)])
        return {"de": Outcomes("de", "dev", ids, columns)}

    gold = [(n, True, n < 15) for n in range(20)]
    a = system(pairs(gold), metric="f1")
    b = system(pairs([*gold, *((n, False, True) for n in range(15, 25))]), metric="f1", name="b")
    ours = verdict(contest([a], [b]), 500)
    assert ours.found.points == pytest.approx(200 * 15 / 35 - 200 * 15 / 45)
    assert ours.found.low > 0


def test_what_was_seen_is_left_out() -> None:
    def outcomes(values: list[bool], seen: list[bool]) -> dict[str, Outcomes]:
        one = right({"de": values})["de"]
        return {"de": Outcomes("de", "dev", one.ids, {**one.columns, SEEN: np.array(seen)})}

    a = system(outcomes([True] * 6 + [False] * 4, [True] * 5 + [False] * 5))
    b = system(outcomes([False] * 10, [False] * 9 + [True]), name="b")
    assert verdict(contest([a], [b]), 100).found.points == pytest.approx(60)
    without = verdict(contest([a], [b]), 100, unseen=True)
    assert without.found.points == pytest.approx(25)
    assert without.examples == 4


def test_examples_are_found_by_their_ids() -> None:
    a = system(right({"de": [True, False, True]}, ids=[5, 6, 7]))
    b = system(right({"de": [False, True, True]}, ids=[7, 9, 5]), name="b")
    found = verdict(contest([a], [b]), 100)  # 5: both right; 7: only the first
    assert found.examples == 2
    assert found.found.points == pytest.approx(50)


def test_variances_add_up_as_they_should() -> None:
    draw = np.random.default_rng(9)
    points = np.array([1.0, 2.0, 3.0])
    side = Side(points, draw.normal(size=(4000, 1)) + points, ((1, 2, 3),))
    found = estimate([side], 10**6)
    assert found.examples == pytest.approx(1.0, rel=0.1)
    assert found.seeds == pytest.approx(1 / 3, rel=0.1)
    nothing = estimate([Side(np.zeros(2), np.zeros((5, 2)), ((1, 2),))], 3)
    assert (nothing.low, nothing.high, nothing.p) == (0.0, 0.0, 1.0)
    assert permutation_p(0.0, np.zeros(9)) == 1.0
