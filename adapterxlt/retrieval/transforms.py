"""What is done to vectors before they are compared; fitted on the given text alone."""

from __future__ import annotations

import numpy as np

from adapterxlt.retrieval.index import Floats, normalise
from adapterxlt.retrieval.protocols import Transform

# Directions with less than this share of the largest variance are noise: not blown up.
LEAST_VARIANCE = 1e-6


def ready(vectors: Floats, transform: Transform, scale: bool) -> Floats:
    """Vectors [n, dim] as they are compared: transformed, then of length 1 if `scale`."""
    if transform == "centre":
        vectors = centre(vectors)
    elif transform == "whiten":
        vectors = whiten(vectors)
    return normalise(vectors) if scale else np.ascontiguousarray(vectors, dtype=np.float32)


def centre(vectors: Floats) -> Floats:
    """Take away the mean of all."""
    mean = vectors.mean(axis=0, dtype=np.float64)
    return np.asarray(vectors - mean, dtype=np.float32)


def whiten(vectors: Floats) -> Floats:
    """Centre, then give all principal directions the same variance (ZCA: no rotation).

    No rotation, so that two sides whitened each by itself stay comparable. With fewer vectors
    than dimensions the empty directions stay empty.
    """
    centred = centre(vectors).astype(np.float64)
    covariance = centred.T @ centred / len(centred)
    values, directions = np.linalg.eigh(covariance)
    kept = values > LEAST_VARIANCE * max(values[-1], np.finfo(np.float64).tiny)
    inverse = np.divide(1.0, np.sqrt(np.abs(values)), out=np.zeros_like(values), where=kept)
    return np.asarray(centred @ (directions * inverse) @ directions.T, dtype=np.float32)
