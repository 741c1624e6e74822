"""Resamples test examples, and computes the metrics on each sample.

A sample of clusters is a vector that says how often each was drawn. So the sums for all samples and
models are one product of matrices. Draws depend only on the number of clusters, the name of a
language and SEED. So no figure depends on the other models or on their order.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from adapterxlt.metrics.statistics import Columns, Doubles, Statistic

RESAMPLES = 10_000
SEED = 20_260
_BLOCK = 1 << 22  # how many weights are held at a time
_EXACT = 1 << 24  # sums of whole numbers below this are exact in 32 bits, in any order

Pairs = Sequence[tuple[int, int]]


class Language(Protocol):
    """The outcomes of some systems in one language."""

    @property
    def name(self) -> str:
        """The code of the language."""

    @property
    def clusters(self) -> int:
        """The number of clusters to draw from: examples, or groups of them."""

    def values(self, weights: npt.NDArray[Any]) -> Doubles:
        """Return the metric of each system, [samples, systems], for weights [samples, clusters]."""


@dataclass(frozen=True)
class Summed:
    """A metric that is a function of sums.

    Args:
        sums: what each cluster adds to the sums, [clusters, systems, sums].
        value: computes the metric from the sums.
    """

    name: str
    sums: Doubles
    value: Callable[[Doubles], Doubles]

    @property
    def clusters(self) -> int:
        return len(self.sums)

    @cached_property
    def _columns(self) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
        return _distinct(self.sums.reshape(len(self.sums), -1))

    def values(self, weights: npt.NDArray[Any]) -> Doubles:
        columns, places = self._columns
        drawn = (weights.astype(columns.dtype, copy=False) @ columns).astype(np.float64)[:, places]
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.value(drawn.reshape(len(weights), *self.sums.shape[1:]))

    def swapped(self, pairs: Pairs) -> Callable[[npt.NDArray[Any]], Doubles]:
        """Return a function that computes differences of pairs when some clusters change sides.

        Returns:
            a function from 0 or 1 for each cluster, [samples, clusters], to the differences,
            [samples, pairs].
        """
        first, second = (self.sums[:, list(side)] for side in zip(*pairs, strict=True))
        columns, places = _distinct((first - second).reshape(len(self.sums), -1))
        totals = first.sum(axis=0), second.sum(axis=0)

        def differences(chosen: npt.NDArray[Any]) -> Doubles:
            drawn = chosen.astype(columns.dtype, copy=False) @ columns
            moved = drawn.astype(np.float64)[:, places].reshape(len(chosen), *totals[0].shape)
            with np.errstate(invalid="ignore", divide="ignore"):
                return self.value(totals[0] - moved) - self.value(totals[1] + moved)

        return differences


@dataclass(frozen=True)
class Weighted:
    """Any other metric, which is computed from weighted examples.

    Args:
        systems: the columns of outcomes of each system.
        cluster_of: the cluster of each example.
    """

    name: str
    clusters: int
    systems: Sequence[Columns]
    cluster_of: Sequence[npt.NDArray[np.int64]]
    statistic: Statistic

    def values(self, weights: npt.NDArray[Any]) -> Doubles:
        assert self.statistic.weighted is not None
        listed = [
            self.statistic.weighted(columns, weights[:, places].astype(np.float64))
            for columns, places in zip(self.systems, self.cluster_of, strict=True)
        ]
        return np.stack(listed, axis=1)


def bootstrap(
    languages: Sequence[Language], *, together: bool, resamples: int = RESAMPLES
) -> Iterator[tuple[Language, Doubles]]:
    """Yield each language with the metric of every system in every sample, [samples, systems].

    Args:
        together: whether to draw the clusters of all languages together, as clusters with the
            same number are translations of one another. Otherwise, each language is drawn by
            itself.
    """
    return _drawn(languages, multinomial, lambda one: one.values, together, resamples)


def permuted(
    languages: Sequence[Summed], pairs: Pairs, *, together: bool, resamples: int = RESAMPLES
) -> Iterator[tuple[Summed, Doubles]]:
    """Yield each language with the differences of pairs when clusters change sides at random."""
    return _drawn(languages, signs, lambda one: one.swapped(pairs), together, resamples)


def multinomial(draw: np.random.Generator, samples: int, count: int) -> npt.NDArray[np.int64]:
    """Draw as many clusters as there are; return how often each was drawn, [samples, clusters]."""
    drawn = draw.integers(0, count, size=(samples, count))
    drawn += np.arange(samples)[:, None] * count
    return np.bincount(drawn.ravel(), minlength=samples * count).reshape(samples, count)


def signs(draw: np.random.Generator, samples: int, count: int) -> npt.NDArray[np.uint8]:
    """Draw 0 or 1 for each cluster, [samples, clusters]."""
    width = -(-count // 8)
    noise = np.frombuffer(draw.bytes(samples * width), dtype=np.uint8).reshape(samples, width)
    return np.unpackbits(noise, axis=1)[:, :count]


def _drawn(
    languages: Sequence[Any],
    weights: Callable[[np.random.Generator, int, int], npt.NDArray[Any]],
    values: Callable[[Any], Callable[[npt.NDArray[Any]], Doubles]],
    together: bool,
    resamples: int,
) -> Iterator[tuple[Any, Doubles]]:
    for count in sorted({one.clusters for one in languages}):
        chosen = [one for one in languages if one.clusters == count]
        functions = [values(one) for one in chosen]
        found: list[list[Doubles]] = [[] for _ in chosen]
        draw = np.random.default_rng([SEED, count])
        step = max(1, _BLOCK // count)
        for start in range(0, resamples, step):
            block = weights(draw, min(step, resamples - start), count).astype(np.float32)
            for listed, function in zip(found, functions, strict=True):
                listed.append(function(block))
        for one, listed in zip(chosen, found, strict=True):
            joined = np.concatenate(listed)
            if not together:  # in an order of its own, each language has other samples
                order = np.random.default_rng([SEED, zlib.crc32(one.name.encode())])
                joined = joined[order.permutation(resamples)]
            yield one, joined


def _distinct(columns: Doubles) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """Return the distinct columns, and the index of each; in 32 bits if that is exact."""
    places: list[int] = []
    known: dict[bytes, int] = {}
    for column in np.ascontiguousarray(columns.T):
        places.append(known.setdefault(column.tobytes(), len(known)))
    firsts = [places.index(place) for place in range(len(known))]
    kept = np.ascontiguousarray(columns[:, firsts])
    whole = bool((kept == np.rint(kept)).all())
    if whole and np.abs(kept).max(initial=0) * len(kept) < _EXACT:
        kept = kept.astype(np.float32)
    return kept, np.array(places, dtype=np.int64)
