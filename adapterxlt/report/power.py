"""Computes the smallest difference that a comparison can detect, before it is run."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import stdtrit

from adapterxlt.report.limits import unseen_share
from adapterxlt.report.paired import Verdict

LEVEL, POWER = 0.05, 0.80
SEEDS = (1, 2, 3, 5, 10)
# Guessed correlations: of two models' outcomes, and of the differences in two languages.
MODELS_TOGETHER, LANGUAGES_TOGETHER = 0.5, 0.2
STAGES = (0.5, 0.5)  # the guessed share of each stage of a grid in the variance of seeds


@dataclass(frozen=True)
class Noise:
    """The variance of a difference by source, in squared points.

    Args:
        examples: the variance from the test examples, for any number of seeds.
        seed: the variance from a single seed, if both models get new seeds in every stage.
        shares: the share of each stage in `seed`, in the order of the stages. The rest is the
            share of single combinations.
        clusters: the number of examples, or of groups of them, that are drawn independently.
        source: where these figures come from, in words.
    """

    examples: float
    seed: float
    clusters: int
    source: str
    shares: tuple[float, ...] = STAGES

    def detectable(self, *seeds: int, alone: bool = False, level: float = LEVEL) -> float:
        """Return the difference in points that 80 of 100 studies find.

        With one seed, the variance of seeds is left out, as one seed cannot show it.

        Args:
            seeds: the number of seeds. For a grid, the number for each stage: each seed of a
                stage is trained with each seed of the others.
            alone: whether one of the two models has a single seed, however many the other has.
            level: the level of significance of the two-sided test.
        """
        count = math.prod(seeds)

        def mean(variance: float, own: int) -> float:
            return variance * (1 + 1 / own) / 2 if alone else variance / own

        rest = 0.0
        parts = [self.seed] if count > 1 else [0.0]
        if len(seeds) > 1:
            shares = (
                self.shares if len(self.shares) == len(seeds) else [1 / len(seeds)] * len(seeds)
            )
            parts = [self.seed * share for share in shares]
            rest = mean(max(0.0, self.seed - sum(parts)), count)
        between = [mean(part, own) for part, own in zip(parts, seeds, strict=True)]
        total = self.examples + sum(between) + rest
        if not total:
            return 0.0
        # As in `estimates`, the mean square of a stage includes that of combinations.
        spread = self.examples**2 / max(1, self.clusters - 1)
        spread += sum(
            (part + rest) ** 2 / (own - 1)
            for part, own in zip(between, seeds, strict=True)
            if own > 1
        )
        if rest:
            spread += (len(seeds) - 1) ** 2 * rest**2 / (count - 1 - sum(own - 1 for own in seeds))
        freedom = total**2 / spread
        return float((stdtrit(freedom, 1 - level / 2) + stdtrit(freedom, POWER)) * np.sqrt(total))


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
    found = replace(guess, examples=examples, source=source)
    if not parts:
        return found
    stages = [part * count for part, count in zip(parts, shape, strict=False)]
    whole = sum(stages) + (parts[-1] * math.prod(shape) if len(shape) > 1 else 0.0)
    shares = tuple(one / whole for one in stages) if len(shape) > 1 and whole else guess.shares
    source = f"outcomes of {' x '.join(map(str, shape))} seeds{least}"
    return replace(found, seed=whole, shares=shares, source=source)


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
    return Noise(
        examples=1e4 * alone * together,
        seed=seed_sd**2,
        clusters=max(sizes) if parallel else sum(sizes),
        source=f"a guess: {accuracy:g} % of the examples are right, {100 * differ:.3g} % are "
        f"right by only one of the two models, and {_seeds(seed_sd**2)}",
    )


def _seeds(variance: float) -> str:
    sd = math.sqrt(variance)
    return f"differences vary by {sd:g} point{'s' * (sd != 1)} between seeds (standard deviation)"
