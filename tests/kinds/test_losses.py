from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch.nn.functional import cross_entropy

from adapterxlt.kinds.features import Feature
from adapterxlt.kinds.registry import get_kind


def test_classification_sums_over_examples() -> None:
    outputs = SimpleNamespace(logits=torch.zeros(4, 3))
    loss = get_kind("pair_classification").workings.loss(
        outputs, {"labels": torch.tensor([0, 1, 2, 0])}
    )
    assert loss.item() == pytest.approx(4 * torch.log(torch.tensor(3.0)).item())
    assert get_kind("pair_classification").workings.count([Feature(0, [[1]], 2)] * 4) == 4


def test_tagging_sums_over_labelled_tokens() -> None:
    logits = torch.randn(2, 3, 5)
    labels = torch.tensor([[1, -100, 2], [-100, 4, -100]])
    loss = get_kind("tagging").workings.loss(SimpleNamespace(logits=logits), {"labels": labels})
    kept = torch.stack([logits[0, 0], logits[0, 2], logits[1, 1]])
    expected = cross_entropy(kept, torch.tensor([1, 2, 4]), reduction="sum")
    torch.testing.assert_close(loss, expected)
    features = [Feature(0, [[1, 1, 1]], [1, -100, 2]), Feature(1, [[1, 1, 1]], [-100, 4, -100])]
    assert get_kind("tagging").workings.count(features) == 3


def test_tagging_without_any_label_divides_by_one() -> None:
    assert get_kind("tagging").workings.count([Feature(0, [[1, 1]], [-100, -100])]) == 1


def test_spans_average_start_and_end_over_real_tokens() -> None:
    outputs = SimpleNamespace(start_logits=torch.zeros(2, 8), end_logits=torch.eye(2, 8))
    batch = {
        "start_positions": torch.tensor([0, 1]),
        "end_positions": torch.tensor([0, 3]),
        "attention_mask": torch.tensor([[1] * 8, [1] * 4 + [0] * 4]),
    }
    ends = cross_entropy(torch.eye(2, 8)[:1], torch.tensor([0])) + cross_entropy(
        torch.eye(2, 8)[1:, :4], torch.tensor([3])
    )
    starts = torch.log(torch.tensor(8.0)) + torch.log(torch.tensor(4.0))
    torch.testing.assert_close(
        get_kind("span_qa").workings.loss(outputs, batch), (starts + ends) / 2
    )


def test_half_precision_logits_are_summed_in_float32() -> None:
    outputs = SimpleNamespace(logits=torch.randn(3, 4, dtype=torch.bfloat16))
    loss = get_kind("multiple_choice").workings.loss(outputs, {"labels": torch.tensor([0, 1, 2])})
    assert loss.dtype == torch.float32
