"""Computes the smallest difference that a comparison can detect, before it is run."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, stdtrit

from adapterxlt.metrics.statistics import Doubles
from adapterxlt.report.limits import unseen_share
from adapterxlt.report.paired import Verdict
from adapterxlt.report.pooled import at_least, usual_of
from adapterxlt.report.spreads import Spread, errors_of

LEVEL, POWER = 0.05, 0.80
STUDIES = 2000  # simulated
MOST_TOGETHER = 50  # more comparisons hardly change what is usual among them
SEEDS = (1, 2, 3, 5, 10)
# Guessed correlations: of two models' outcomes, and of the differences in two languages.
MODELS_TOGETHER, LANGUAGES_TOGETHER = 0.5, 0.2
SEEDS_TOGETHER = 0.5  # the guessed share of the variance from examples that seeds share
STAGES = (0.5, 0.5)  # the guessed share of each stage of a grid in the variance of seeds


@dataclass(frozen=True)
class Noise:
    """The variance of a difference by source, in squared points.

    Args:
        examples: the variance from the test examples that all seeds share.
        seed: the variance from a single seed, if both models get new seeds in every stage.
        shares: the share of each stage in `seed`, in the order of the stages. The rest is the
            share of single combinations.
        single: the variance from the test examples that a single seed has for itself. It makes
            seeds differ too, so that their own variance is known less well.
        clusters: the number of examples, or of groups of them, that are drawn independently.
        source: where these figures come from, in words.
    """

    examples: float
    seed: float
    clusters: int
    source: str
    shares: tuple[float, ...] = STAGES
    single: float = 0.0

    def detectable(
        self, *seeds: int, alone: bool = False, level: float = LEVEL, together: int = 1
    ) -> float:
        """Return the difference in points that 80 of 100 studies find.

        With one seed, the variance of seeds is left out, as one seed cannot show it. With several,
        studies are simulated: their seeds differ by chance, and p is that of `pooled`.

        Args:
            seeds: the number of seeds. For a grid, the number for each stage: each seed of a
                stage is trained with each seed of the others.
            alone: whether one of the two models has a single seed, however many the other has.
            level: the level of significance of the two-sided test.
            together: how many comparisons of this design the report has on these examples.
        """
        count = math.prod(seeds)
        examples = self.examples + self.single / count
        if count == 1:
            least = max(1, self.clusters - 1)
            wide = stdtrit(least, 1 - level / 2) + stdtrit(least, POWER)
            return float(wide * np.sqrt(examples))
        expected, between = self._expected(seeds, alone)
        if not examples + between:
            return 0.0
        spread = _simulated(expected, together)
        squared, freedom, _ = errors_of(examples, self.clusters, [spread], alone)
        critical = stdtrit(freedom, 1 - level / 2) * np.sqrt(squared)
        return _found_by_most(critical, math.sqrt(examples + between))

    def _expected(self, seeds: tuple[int, ...], alone: bool) -> tuple[Spread, float]:
        """Return the expected mean squares of a study, and the true variance of its seeds."""
        count, stages = math.prod(seeds), len(seeds)
        shares = self.shares if len(self.shares) == stages else (1 / stages,) * stages
        parts = [self.seed * share for share in shares] if stages > 1 else [self.seed]
        rest = max(0.0, self.seed - sum(parts)) if stages > 1 else 0.0
        half = 0.5 if alone else 1.0  # of the two models, only one has several seeds
        noise = (half * rest + self.single) / count
        squares = [half * part / own + noise for part, own in zip(parts, seeds, strict=True)]
        freedom = [own - 1 for own in seeds]
        left = count - 1 - sum(freedom)
        spread = Spread(
            seeds,
            (*squares, noise if left else 0.0),
            (self.single / count,) * stages + (self.single / count if left else 0.0,),
            (*freedom, left),
        )
        more = [(1 + own) / 2 if alone else 1.0 for own in (*seeds, count)]
        between = [
            factor * part / own
            for factor, part, own in zip(more, (*parts, rest), (*seeds, count), strict=True)
        ]
        return spread, sum(between)


def _simulated(expected: Spread, together: int) -> Spread:
    """Return the mean squares of many studies, as `pooled` takes them."""
    draw = np.random.default_rng(0)  # the same figures whenever a plan is made
    alike = [
        replace(
            expected,
            squares=tuple(
                one * draw.chisquare(own, STUDIES) / own if own else one
                for one, own in zip(expected.squares, expected.freedom, strict=True)
            ),
        )
        for _ in range(min(together, MOST_TOGETHER))
    ]
    return at_least(alike[0], usual_of(alike)) if together > 1 else alike[0]


def _found_by_most(critical: Doubles, error: float) -> float:
    """Return the difference that the share `POWER` of studies finds.

    Args:
        critical: the smallest difference that each study would show.
        error: the true standard error.
    """

    def missing(points: float) -> float:
        shown = ndtr((points - critical) / error) + ndtr((-points - critical) / error)
        return float(np.mean(shown)) - POWER

    return float(brentq(missing, 0.0, float(critical.max()) + 10 * error, rtol=1e-4))


def measured(verdict: Verdict, guess: Noise) -> Noise:
    """Return the noise that outcomes show; with one seed, the noise of seeds stays a guess.

    Outcomes without a difference do not show that examples have no variance, so that of the largest
    share is taken that may differ elsewhere.
    """
    shape, parts = verdict.design.shape, verdict.found.parts
    examples, least = verdict.found.examples, ""
    if not examples:
        share = unseen_share(verdict.clusters)
        examples = 100 * share / verdict.clusters
        least = f" without a difference, so that up to {share:.3g} % of the examples may differ"
    source = f"outcomes of 1 seed{least}, and a guess: {_seeds(guess.seed)}"
    if not parts:
        common = SEEDS_TOGETHER * examples
        return replace(guess, examples=common, single=examples - common, source=source)
    stages = [part * count for part, count in zip(parts, shape, strict=False)]
    whole = sum(stages) + (parts[-1] * math.prod(shape) if len(shape) > 1 else 0.0)
    shares = tuple(one / whole for one in stages) if len(shape) > 1 and whole else guess.shares
    single = sum(
        float(one.shared[0 if len(one.sizes) == 1 else -1]) * math.prod(one.sizes)
        for one in verdict.found.spreads
    )
    source = f"outcomes of {' x '.join(map(str, shape))} seeds{least}"
    count = math.prod(shape)
    common = max(0.0, examples - single / count)
    return replace(guess, examples=common, seed=whole, shares=shares, single=single, source=source)


def guessed(
    sizes: list[int],
    *,
    parallel: bool,
    accuracy: float,
    disagreement: float | None,
    seed_sd: float,
) -> Noise:
    """Return the noise of a metric that is a share of examples, from what the user expects.

    Args:
        sizes: the number of examples of each language.
        parallel: whether the examples of all languages are translations of each other.
        accuracy: the expected accuracy, in percent.
        disagreement: the percentage of examples that one model has right and the other wrong;
            None: that of two models whose outcomes correlate by one half.
        seed_sd: the standard deviation of the difference over seeds, in points.
    """
    share = accuracy / 100
    differ = 2 * share * (1 - share) * (1 - MODELS_TOGETHER)
    if disagreement is not None:
        differ = disagreement / 100
    count = len(sizes)
    alone = sum(differ / size for size in sizes) / count**2
    together = 1 + (count - 1) * LANGUAGES_TOGETHER if parallel else 1.0
    variance = 1e4 * alone * together
    return Noise(
        examples=SEEDS_TOGETHER * variance,
        single=(1 - SEEDS_TOGETHER) * variance,
        seed=seed_sd**2,
        clusters=max(sizes) if parallel else sum(sizes),
        source=f"a guess: {accuracy:g} % of the examples are right, {100 * differ:.3g} % are "
        f"right by only one of the two models, and {_seeds(seed_sd**2)}",
    )


def _seeds(variance: float) -> str:
    sd = math.sqrt(variance)
    return f"differences vary by {sd:g} point{'s' * (sd != 1)} between seeds (standard deviation)"
