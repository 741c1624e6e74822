"""Frozen features of labelled examples, as a head on the encoder would receive them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from adapterxlt.batching.batches import budget_batches
from adapterxlt.devices import moved
from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.features import IGNORED, Feature
from adapterxlt.kinds.registry import get_kind
from adapterxlt.metrics.transferability import Classes, Matrix
from adapterxlt.models.parts import Built
from adapterxlt.progress import Progress
from adapterxlt.token_budget import Budget, quickest
from adapterxlt.vectors.encode import pad_tokens, pool_tokens, token_states

MOST = 2000  # points at most, as sentences have many words


def frozen_features(
    built: Built,
    features: Sequence[Feature],
    kind: str,
    *,
    token_budget: int,
    seed: int,
    progress: Progress,
    description: str,
) -> tuple[Matrix, Classes]:
    """Return vectors [n, dim] and classes [n] of examples, or of parts of them (`Kind.classes`).

    The features are from the last layer: the mean over the tokens of an input, or for a word the
    token that carries its class. If there are more than `MOST` points, a seeded sample is taken.

    Args:
        features: labelled inputs.

    Raises:
        MissingDataError: no part of them has a class.
    """
    features = get_kind(kind).workings.points(features, np.random.default_rng(seed))
    if not features:
        raise MissingDataError(
            f"`{description}`: the sample has no example with a class",
            hint="take a larger `sample`, or a larger `max_length` if texts are long",
        )
    pad_id, device = int(built.tokenizer.pad_token_id), built.model.device
    tokens = quickest(token_budget, device)
    budget = Budget(tokens, progress.log)

    def widest(rows: Sequence[int]) -> int:
        return max(features[row].width for row in rows)

    def run(rows: Sequence[int]) -> tuple[list[int], Tensor, Tensor]:
        """Return the example of each vector, the vectors, and their classes."""
        chosen = [features[row] for row in rows]
        padded = pad_tokens([np.array(feature.input_ids[0]) for feature in chosen], pad_id)
        tensors = (*padded, _labels(chosen, padded[0].shape[1]))
        ids, mask, labels = (moved(tensor, device) for tensor in tensors)
        with torch.inference_mode():
            states = token_states(built, ids, mask, built.backbone.layers)
            if labels.dim() == 1:
                return list(rows), pool_tokens(built, states, ids, mask, "mean"), labels
            counted = labels != IGNORED
            words = counted.sum(dim=1).tolist()
            owners = [row for row, own in zip(rows, words, strict=True) for _ in range(own)]
            return owners, states[counted], labels[counted]

    order: list[int] = []
    vectors, classes = [], []
    batches = budget_batches([feature.width for feature in features], tokens)
    with progress.bar(description, len(features), unit="examples") as bar:
        for rows in batches:
            for part, (owners, found, labels) in budget.passes(rows, widest, run, device):
                vectors.append(found.double().cpu().numpy())
                classes.append(labels.cpu().numpy())
                order += owners
                bar.advance(len(part))
    place = np.argsort(np.array(order), kind="stable")  # in the order of the examples
    points, numbers = np.concatenate(vectors)[place], np.concatenate(classes)[place]
    if len(points) > MOST:
        chosen = np.sort(np.random.default_rng(seed).permutation(len(points))[:MOST])
        points, numbers = points[chosen], numbers[chosen]
    return points, numbers.astype(np.int64)


def _labels(features: Sequence[Feature], width: int) -> Tensor:
    """The class of each input [batch], or of each token [batch, width]."""
    rows = [
        [*label, *[IGNORED] * (width - len(label))] if isinstance(label, list) else label
        for label in (feature.label for feature in features)
    ]
    return torch.tensor(rows)
