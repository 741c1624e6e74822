"""Settings of a merge: what is kept of each model's changes, and how changes are summed.

The computation on tensors is in `models/consensus.py`. No torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

Consensus = Literal["sum", "ties"]
Sparsify = Literal["none", "magnitude", "random", "breadcrumbs"]

_KEPT: dict[Sparsify, str] = {
    "none": "all",
    "magnitude": "largest",
    "random": "random",
    "breadcrumbs": "all but the smallest and largest,",
}


@dataclass(frozen=True)
class Arithmetic:
    """The operations on the updates of the members of a merge, tensor by tensor.

    Args:
        consensus: how updates are summed. `sum` is their weighted sum. With `ties`, only members
            that agree with the sign of that sum count for an element, and they also take the
            weights of the others.
        sparsify: how the elements of an update to keep are chosen.
        density: the share of elements that is kept.
        outliers: with breadcrumbs, the share of elements, the largest ones, that is cut.
        rescale: whether kept elements are divided by the density.
        seed: the seed of the random choice.
    """

    consensus: Consensus = "sum"
    sparsify: Sparsify = "none"
    density: float = 1.0
    outliers: float = 0.0
    rescale: bool = False
    seed: int = 0

    @property
    def linear(self) -> bool:
        """Whether it is a plain weighted sum; only this keeps a low rank."""
        return self.consensus == "sum" and self.sparsify == "none"

    def params(self) -> dict[str, object]:
        """Return the settings that change a result, as a step has them; {} for a plain sum."""
        found: dict[str, object] = {}
        if self.consensus != "sum":
            found["consensus"] = self.consensus
        if self.sparsify != "none":
            found |= {"sparsify": self.sparsify, "density": self.density, "rescale": self.rescale}
        if self.sparsify == "breadcrumbs":
            found["outliers"] = self.outliers
        if self.sparsify == "random":
            found["seed"] = self.seed
        return found

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Arithmetic:
        """Make the arithmetic from what `params` returned."""
        return cls(**{key: params[key] for key in cls.__dataclass_fields__ if key in params})

    def words(self) -> str:
        """Describe it in words, such as `ties, largest 0.2`; "" for a plain sum."""
        said: list[str] = [self.consensus] if self.consensus != "sum" else []
        if self.sparsify != "none":
            cut = f" without the largest {self.outliers:g}" if self.outliers else ""
            scaled = ", rescaled" if self.rescale else ""
            said.append(f"{_KEPT[self.sparsify]} {self.density:g}{cut}{scaled}")
        return ", ".join(said)

    def as_keys(self) -> str:
        """Name it by the keys of a recipe, such as `density: 0.2`; "" for a plain sum."""
        said = [f"`how: {self.consensus}`"] if self.consensus != "sum" else []
        said += [f"`density: {self.density:g}`"] if self.sparsify != "none" else []
        return " and ".join(said)


PLAIN = Arithmetic()


@dataclass(frozen=True)
class LayerRange:
    """The weights of the members in the layers `first` to `last`."""

    first: int
    last: int
    weights: tuple[float, ...]

    @property
    def called(self) -> str:
        """The range as recipes write it: `0-3`, `5`."""
        return f"{self.first}-{self.last}" if self.last > self.first else str(self.first)


@dataclass(frozen=True)
class Shares:
    """The weights of the members of a merge.

    Args:
        everywhere: the weights outside the ranges of `layers`.
        layers: ranges of layers with their own weights; they do not overlap.
    """

    everywhere: tuple[float, ...]
    layers: tuple[LayerRange, ...] = ()

    def at(self, layer: int | None) -> tuple[float, ...]:
        """Return the weights in a layer; None stands for everything outside the layers.

        Example:
            >>> shares = Shares((0.5, 0.5), (LayerRange(0, 3, (1.0, 0.0)),))
            >>> shares.at(3), shares.at(4), shares.at(None)
            ((1.0, 0.0), (0.5, 0.5), (0.5, 0.5))
        """
        for part in self.layers:
            if layer is not None and part.first <= layer <= part.last:
                return part.weights
        return self.everywhere

    def ordered(self, order: Sequence[int]) -> Shares:
        """Return the same weights for the members in another order."""
        return self._each(lambda weights: tuple(weights[index] for index in order))

    def relative(self) -> Shares:
        """Return weights relative to their sums, where these are not zero."""
        return self._each(lambda weights: tuple(weight / (sum(weights) or 1) for weight in weights))

    def _each(self, change: Callable[[tuple[float, ...]], tuple[float, ...]]) -> Shares:
        ranges = (replace(part, weights=change(part.weights)) for part in self.layers)
        return Shares(change(self.everywhere), tuple(ranges))

    @classmethod
    def equal(cls, count: int) -> Shares:
        """Return equal shares."""
        return cls((1 / count,) * count)

    @classmethod
    def of(cls, weights: Sequence[float], layers: Sequence[Sequence[Any]] = ()) -> Shares:
        """Make shares from plain data, with `[first, last, weights]` for each range."""
        ranges = (LayerRange(first, last, tuple(own)) for first, last, own in layers)
        return cls(tuple(weights), tuple(ranges))

    def plain_layers(self) -> list[list[object]]:
        """Return the ranges as plain data."""
        return [[part.first, part.last, list(part.weights)] for part in self.layers]
