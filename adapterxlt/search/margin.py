"""Margin scores: a cosine set against those of both sentences' neighbourhoods (LASER)."""

from __future__ import annotations

import numpy as np

from adapterxlt.search.arrays import Floats, Ids
from adapterxlt.search.names import Margin
from adapterxlt.search.steady import Doubles

# A mean of cosines below this may be only rounding.
LEAST_MEAN = 1e-6


def margin_scores(
    cosines: Floats, ids: Ids, own_mean: Doubles, other_mean: Doubles, margin: Margin
) -> Doubles:
    """Score every candidate of every sentence.

    With a = cosine and b = mean of the two sentences' mean cosine with their k neighbours:
    ratio a / b, distance a - b, absolute a. A ratio says how much closer two sentences are than
    their neighbourhoods, so it has no meaning where b is not above 0 (by more than rounding): it is
    0 there, and `bucc.match` never takes the pair.

    Args:
        cosines: [n, k] of each sentence with its candidates.
        ids: [n, k] row numbers of the candidates on the other side.
        own_mean: [n] mean cosine of each sentence with its neighbours.
        other_mean: [m] the same for the other side.
        margin: which score.
    """
    a = cosines.astype(np.float64)
    if margin == "absolute":
        return a
    b = (own_mean[:, None] + other_mean[ids]) / 2
    if margin == "distance":
        return np.asarray(a - b)
    return np.divide(a, b, out=np.zeros_like(a), where=b > LEAST_MEAN)
