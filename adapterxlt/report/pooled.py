"""p over several seeds, by what is usual for seeds on the same examples.

Two or three seeds may agree by chance, so that they seem not to matter; among many comparisons,
some always do. So p does not take the seeds of one comparison to differ less than is usual.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.special import chdtri

from adapterxlt.report.estimates import Estimate
from adapterxlt.report.spreads import Spread, error_of


def pooled_p(estimates: Sequence[Estimate], clusters: int) -> list[float | None]:
    """Return p of each difference, by what is usual for seeds on the same examples.

    A mean square below the usual one is taken to be the usual one. This is the median over all
    differences of the same design, relative to that of a chi-squared variable, so that a few
    models that diverged do not count. As differences share models, it is given half of their
    degrees of freedom together. Simulated in `benchmarks/false_positives.py`.

    Args:
        estimates: differences on the same examples.
        clusters: the number of clusters from which the examples were drawn.

    Returns:
        None for differences without several seeds.
    """
    families: dict[object, list[Estimate]] = {}
    for one in estimates:
        families.setdefault(_design(one), []).append(one)
    usual = {
        design: [usual_of(listed) for listed in zip(*(own.spreads for own in alike), strict=True)]
        for design, alike in families.items()
        if len(alike) > 1
    }
    found: list[float | None] = []
    for one in estimates:
        p, floors = one.p, usual.get(_design(one))
        if floors:
            spreads = [at_least(*pair) for pair in zip(one.spreads, floors, strict=True)]
            p = error_of(one.examples, clusters, spreads, one.alone).p(one.points, clusters)
        found.append(p)
    return found


def _design(one: Estimate) -> object:
    return one.alone, tuple((spread.sizes, spread.freedom) for spread in one.spreads)


def usual_of(alike: Sequence[Spread]) -> Spread:
    """Return the usual mean squares of spreads of one design."""
    freedom = alike[0].freedom
    squares = [
        np.median(np.array(listed), axis=0) * own / float(chdtri(own, 0.5)) if own else 0.0
        for listed, own in zip(
            zip(*(one.squares for one in alike), strict=True), freedom, strict=True
        )
    ]
    more = max(1.0, len(alike) / 2)
    return replace(alike[0], squares=tuple(squares), freedom=tuple(more * own for own in freedom))


def at_least(spread: Spread, usual: Spread) -> Spread:
    """Return a spread whose mean squares are not below the usual ones."""
    pairs = zip(spread.squares, usual.squares, strict=True)
    low = [np.asarray(one) <= least for one, least in pairs]
    squares, freedom = (
        tuple(np.where(*one) for one in zip(low, theirs, own, strict=True))
        for theirs, own in ((usual.squares, spread.squares), (usual.freedom, spread.freedom))
    )
    return replace(spread, squares=squares, freedom=freedom)
