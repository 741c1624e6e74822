"""How the changes of several models are merged: what is kept of each, and how they are summed.

The tensors' side is `models/consensus.py`. Needs no torch.
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
        consensus: `sum`: their weighted sum. `ties`: of each element only the members that agree
            with the sign of that sum count, and they count for the others too.
        sparsify: which elements of an update are kept.
        density: the share that is kept.
        outliers: with breadcrumbs, the share of the largest elements that is cut.
        rescale: whether what is kept is divided by the density.
        seed: of the random choice.
    """

    consensus: Consensus = "sum"
    sparsify: Sparsify = "none"
    density: float = 1.0
    outliers: float = 0.0
    rescale: bool = False
    seed: int = 0

    @property
    def linear(self) -> bool:
        """Whether it is a plain weighted sum, which low ranks survive."""
        return self.consensus == "sum" and self.sparsify == "none"

    def params(self) -> dict[str, object]:
        """Those of its settings that change a result, as a step has them; {} for a plain sum."""
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
        """What `params` tells again."""
        return cls(**{key: params[key] for key in cls.__dataclass_fields__ if key in params})

    def words(self) -> str:
        """`ties, largest 0.2`; "" for a plain sum."""
        said: list[str] = [self.consensus] if self.consensus != "sum" else []
        if self.sparsify != "none":
            cut = f" without the largest {self.outliers:g}" if self.outliers else ""
            scaled = ", rescaled" if self.rescale else ""
            said.append(f"{_KEPT[self.sparsify]} {self.density:g}{cut}{scaled}")
        return ", ".join(said)


PLAIN = Arithmetic()


@dataclass(frozen=True)
class LayerRange:
    """The weights of the members in the layers `first` to `last`."""

    first: int
    last: int
    weights: tuple[float, ...]

    @property
    def called(self) -> str:
        """As recipes write it: `0-3`, `5`."""
        return f"{self.first}-{self.last}" if self.last > self.first else str(self.first)


@dataclass(frozen=True)
class Shares:
    """The weights of the members of a merge.

    Args:
        everywhere: outside of `layers`.
        layers: weights of their own, of ranges that do not overlap.
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
        """The same for the members in another order."""
        return self._each(lambda weights: tuple(weights[index] for index in order))

    def relative(self) -> Shares:
        """Weights relative to their sums, where these are not zero."""
        return self._each(lambda weights: tuple(weight / (sum(weights) or 1) for weight in weights))

    def _each(self, change: Callable[[tuple[float, ...]], tuple[float, ...]]) -> Shares:
        ranges = (replace(part, weights=change(part.weights)) for part in self.layers)
        return Shares(change(self.everywhere), tuple(ranges))

    @classmethod
    def equal(cls, count: int) -> Shares:
        """Equal shares."""
        return cls((1 / count,) * count)

    @classmethod
    def of(cls, weights: Sequence[float], layers: Sequence[Sequence[Any]] = ()) -> Shares:
        """From plain data: `[first, last, weights]` of each range."""
        ranges = (LayerRange(first, last, tuple(own)) for first, last, own in layers)
        return cls(tuple(weights), tuple(ranges))

    def plain_layers(self) -> list[list[object]]:
        """The ranges as plain data."""
        return [[part.first, part.last, list(part.weights)] for part in self.layers]
