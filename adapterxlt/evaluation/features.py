"""Frozen features of labelled examples, as a head on the encoder would receive them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from adapterxlt.batching.batches import budget_batches
from adapterxlt.batching.collate import collate
from adapterxlt.devices import moved
from adapterxlt.kinds.features import IGNORED, Feature
from adapterxlt.metrics.transferability import Classes, Matrix
from adapterxlt.models.parts import Built
from adapterxlt.progress import Progress
from adapterxlt.token_budget import Budget, quickest
from adapterxlt.vectors.encode import pool_tokens, token_states

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
    """Return vectors [n, dim] and classes [n] of examples, or of words if the task tags words.

    The features are from the last layer: the mean over the tokens of an example, or for a word the
    token that carries its tag. If there are more than `MOST` points, a seeded sample is taken.

    Args:
        features: inputs labelled with one class each, or with one class per token.
    """
    pad_id, device = int(built.tokenizer.pad_token_id), built.model.device
    tokens = quickest(token_budget, device)
    budget = Budget(tokens, progress.log)

    def widest(rows: Sequence[int]) -> int:
        return max(features[row].width for row in rows)

    def run(rows: Sequence[int]) -> tuple[list[int], Tensor, Tensor]:
        """Return the example of each vector, the vectors, and their classes."""
        batch = collate([features[row] for row in rows], pad_id, kind)
        ids, mask, labels = (
            moved(batch[key], device) for key in ("input_ids", "attention_mask", "labels")
        )
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
