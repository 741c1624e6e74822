"""The smallest difference that a comparison can detect, before it is run."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import stdtrit

from adapterxlt.report.paired import Verdict

LEVEL, POWER = 0.05, 0.80
SEEDS = (1, 2, 3, 5, 10)
# Of guesses: how much two models' outcomes, and differences in two languages, go together.
MODELS_TOGETHER, LANGUAGES_TOGETHER = 0.5, 0.2
STAGES = (0.5, 0.5)  # of what seeds bring, that of each stage of a grid


@dataclass(frozen=True)
class Noise:
    """What a difference varies by, in squared points.

    Args:
        examples: variance from the test examples, whatever the number of seeds.
        seed: that of one seed of both models, other ones in every stage.
        shares: of it, what the seeds of each stage bring, the first stage's first. The rest is
            that of single combinations.
        clusters: number of examples that are drawn by themselves.
        source: where these are from, in words.
    """

    examples: float
    seed: float
    clusters: int
    source: str
    shares: tuple[float, ...] = STAGES

    def detectable(self, *seeds: int) -> float:
        """The difference in points that is found in 80 of 100 studies, at 5 %.

        With one seed that of other seeds is not counted, as it cannot be told apart then.

        Args:
            seeds: how many there are; of a grid how many each stage has: each of one stage is
                trained with each of the others.
        """
        count = math.prod(seeds)
        rest = 0.0
        parts = [self.seed] if count > 1 else [0.0]
        if len(seeds) > 1:
            shares = (
                self.shares if len(self.shares) == len(seeds) else [1 / len(seeds)] * len(seeds)
            )
            parts = [self.seed * share for share in shares]
            rest = max(0.0, self.seed - sum(parts)) / count
        between = [part / own for part, own in zip(parts, seeds, strict=True)]
        total = self.examples + sum(between) + rest
        if not total:
            return 0.0
        # As `estimates` has it: the mean square of a stage has that of combinations in it.
        spread = self.examples**2 / max(1, self.clusters - 1)
        spread += sum(
            (part + rest) ** 2 / (own - 1)
            for part, own in zip(between, seeds, strict=True)
            if own > 1
        )
        if rest:
            spread += (len(seeds) - 1) ** 2 * rest**2 / (count - 1 - sum(own - 1 for own in seeds))
        freedom = total**2 / spread
        return float((stdtrit(freedom, 1 - LEVEL / 2) + stdtrit(freedom, POWER)) * np.sqrt(total))


def measured(verdict: Verdict, guess: Noise) -> Noise:
    """The noise that outcomes tell; that of seeds as it was guessed, if there is one."""
    shape, parts = verdict.design.shape, verdict.found.parts
    found = replace(guess, examples=verdict.found.examples, source="outcomes of 1 seed")
    if not parts:
        return found
    stages = [part * count for part, count in zip(parts, shape, strict=False)]
    whole = sum(stages) + (parts[-1] * math.prod(shape) if len(shape) > 1 else 0.0)
    shares = tuple(one / whole for one in stages) if len(shape) > 1 and whole else guess.shares
    source = f"outcomes of {' x '.join(map(str, shape))} seeds"
    return replace(found, seed=whole, shares=shares, source=source)


def guessed(
    sizes: list[int],
    *,
    parallel: bool,
    accuracy: float,
    disagreement: float | None,
    seed_sd: float,
) -> Noise:
    """The noise of a metric that is a share of examples, from what somebody expects.

    Args:
        sizes: examples of each language.
        accuracy: in percent.
        disagreement: percent of the examples that one model has right and the other wrong; None:
            what models have whose outcomes correlate by one half.
        seed_sd: standard deviation over seeds of the difference, in points.
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
        source=f"a guess: {accuracy:g} % of the examples are right, and {100 * differ:.3g} % are "
        "right by only one of the two models",
    )
