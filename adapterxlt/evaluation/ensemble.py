"""Predictions of several models together, decided by the mean of their outputs."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from adapterxlt.evaluation.predict import Outputs
from adapterxlt.kinds.facts import TaskFacts
from adapterxlt.kinds.features import Feature
from adapterxlt.kinds.registry import get_kind
from adapterxlt.kinds.workings import softmax

_TINY = np.finfo(np.float64).tiny  # added because a probability may be 0

Sums = dict[str, npt.NDArray[np.float64]]


def averaged(members: Iterable[tuple[float, Outputs]], task: TaskFacts) -> Outputs:
    """Return each model input once, with the weighted mean of the members' outputs.

    Where a prediction chooses one output (classes, tags, choices), the probabilities are averaged;
    the logarithm of their mean is returned, so that it can be used like logits. Otherwise the
    outputs themselves are averaged: numbers, labels that are decided one by one, and answers (the
    probabilities in one window of a context cannot be compared with those in another).

    Args:
        members: each member's weight and outputs, for the same inputs in the same order.
        task: what is to be predicted.
    """
    chosen = get_kind(task.kind).chooses and not task.multi_label
    inputs: list[Feature] = []
    sums: list[Sums] = []
    for number, (share, outputs) in enumerate(members):
        for position, (feature, output) in enumerate(outputs):
            values = {
                name: share * (softmax(value) if chosen else value.astype(np.float64))
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
        if chosen:
            values = {name: np.log(value + _TINY) for name, value in values.items()}
        yield feature, {name: value.astype(np.float32) for name, value in values.items()}
