"""Margin scores: a cosine compared with those of both sentences' neighbourhoods (LASER)."""

from __future__ import annotations

import numpy as np

from adapterxlt.search.arrays import Floats, Ids
from adapterxlt.search.names import Margin
from adapterxlt.search.steady import Doubles

# A mean of cosines below this may be only a rounding error.
LEAST_MEAN = 1e-6


def margin_scores(
    cosines: Floats, ids: Ids, own_mean: Doubles, other_mean: Doubles, margin: Margin
) -> Doubles:
    """Score every candidate of every sentence.

    Let a be the cosine, and b the mean of the two sentences' mean cosines with their k neighbours.
    The scores are: ratio a / b, distance a - b, absolute a. A ratio says how much closer two
    sentences are than their neighbourhoods. If b is not above 0 by more than rounding, it has no
    meaning: it is set to 0, and `bucc.match` never takes the pair.

    Args:
        cosines: [n, k] cosine of each sentence with its candidates.
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
