"""What several models predict together: the decision on the mean of their outputs."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from adapterxlt.batching.encode import Feature
from adapterxlt.evaluation.decode import Logits
from adapterxlt.evaluation.predict import Outputs
from adapterxlt.tasks.types import Kind

_TINY = np.finfo(np.float64).tiny  # a probability may be none at all

Sums = dict[str, npt.NDArray[np.float64]]


def averaged(members: Iterable[tuple[float, Outputs]], kind: Kind) -> Outputs:
    """Each model input once, with the weighted mean of what the members say of it.

    Of classes, tags and choices it is that of their probabilities, as logarithms, so that they are
    decided on as logits are. Of answers it is that of the logits: probabilities of one window of a
    context could not be compared with those of another.

    Args:
        members: the share of each and its outputs, of the same inputs in the same order.
        kind: of the task.
    """
    inputs: list[Feature] = []
    sums: list[Sums] = []
    for number, (share, outputs) in enumerate(members):
        for position, (feature, output) in enumerate(outputs):
            values = {
                name: share * (value.astype(np.float64) if kind == "span_qa" else _softmax(value))
                for name, value in output.items()
            }
            if number == 0:
                inputs.append(feature)
                sums.append(values)
            else:
                assert feature.example == inputs[position].example
                for name, value in values.items():
                    sums[position][name] += value
    for feature, values in zip(inputs, sums, strict=True):
        if kind != "span_qa":
            values = {
                name: np.log(value + np.finfo(np.float64).tiny) for name, value in values.items()
            }
        yield feature, {name: value.astype(np.float32) for name, value in values.items()}


def _softmax(logits: Logits) -> npt.NDArray[np.float64]:
    """Probabilities over the last axis."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    powers = np.exp(shifted)
    found: npt.NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return found
