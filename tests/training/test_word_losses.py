from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from adapterxlt.training.word_losses import infonce, triplet


def made() -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(0)
    known = torch.eye(5, dtype=torch.bool)
    known[0, 3] = known[4, 1] = True
    return torch.randn(5, 7), torch.randn(5, 7), known


def cosines(source: Tensor, target: Tensor) -> list[list[float]]:
    return [[float(cosine_similarity(a, b, dim=0)) for b in target] for a in source]


def test_infonce_by_hand() -> None:
    source, target, known = made()
    scores, total = cosines(source, target), 0.0
    for i in range(5):
        forward = [scores[i][j] for j in range(5) if j == i or not known[i, j]]
        backward = [scores[j][i] for j in range(5) if j == i or not known[j, i]]
        for listed in (forward, backward):
            total -= scores[i][i] / 0.1 - math.log(sum(math.exp(s / 0.1) for s in listed))
    assert float(infonce(source, target, known, 0.1)) == pytest.approx(total / 2, rel=1e-5)


def test_triplet_by_hand() -> None:
    source, target, known = made()
    scores, total = cosines(source, target), 0.0
    for i in range(5):
        for listed in (
            [scores[i][j] for j in range(5) if not known[i, j]],
            [scores[j][i] for j in range(5) if not known[j, i]],
        ):
            total += max(0.0, 0.4 + max(listed) - scores[i][i])
    assert float(triplet(source, target, known, 0.4)) == pytest.approx(total / 2, rel=1e-5)


@pytest.mark.parametrize("loss", [lambda *a: infonce(*a, 0.05), lambda *a: triplet(*a, 0.4)])
def test_without_negatives_there_is_nothing_to_learn(loss) -> None:  # type: ignore[no-untyped-def]
    source, target, _ = made()
    source.requires_grad = True
    value = loss(source, target, torch.ones(5, 5, dtype=torch.bool))
    value.backward()
    assert float(value) == pytest.approx(0.0, abs=1e-5)
    assert torch.isfinite(source.grad).all()  # type: ignore[arg-type]
