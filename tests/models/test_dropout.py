from __future__ import annotations

import pytest
import torch
from torch import nn

from adapterxlt.models.dropout import QuickDropout, quicken_dropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_keeps_the_asked_share_and_scales_it(p: float) -> None:
    torch.manual_seed(0)
    out = QuickDropout(p)(torch.ones(1000, 333))
    assert (out == 0).float().mean().item() == pytest.approx(p, abs=0.003)
    assert out[out != 0].unique().tolist() == pytest.approx([1 / (1 - p)])
    assert out.mean().item() == pytest.approx(1, abs=0.01)


def test_the_four_elements_that_share_a_number_are_independent() -> None:
    torch.manual_seed(0)
    kept = (QuickDropout(0.5)(torch.ones(100_000, 4)) != 0).float()
    assert torch.corrcoef(kept.T).fill_diagonal_(0).abs().max() < 0.02


def test_gradients_pass_where_values_do() -> None:
    torch.manual_seed(0)
    inputs = torch.randn(7, 11, requires_grad=True)
    out = QuickDropout(0.3)(inputs)
    out.sum().backward()
    assert inputs.grad is not None
    expected = torch.where(out == 0, torch.tensor(0.0), torch.tensor(1 / 0.7))
    torch.testing.assert_close(inputs.grad, expected)


def test_a_seed_fixes_it() -> None:
    inputs = torch.randn(5, 9, 3)
    torch.manual_seed(3)
    first = QuickDropout(0.4)(inputs)
    again = QuickDropout(0.4)(inputs)
    torch.manual_seed(3)
    assert torch.equal(QuickDropout(0.4)(inputs), first)
    assert not torch.equal(first, again)


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_nothing_or_everything(p: float) -> None:
    inputs = torch.randn(6, 6)
    assert torch.equal(QuickDropout(p)(inputs), inputs * (1 - p))


def test_evaluation_shapes_and_types() -> None:
    inputs = torch.randn(3, 5)
    assert torch.equal(QuickDropout(0.5).eval()(inputs), inputs)
    assert QuickDropout(0.5)(inputs.bfloat16()).dtype == torch.bfloat16
    assert QuickDropout(0.5)(torch.zeros(0, 4)).shape == (0, 4)


def test_every_dropout_of_a_model_is_replaced() -> None:
    model = nn.Sequential(nn.Dropout(0.2), nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.3)))
    quicken_dropout(model)
    found = [module for module in model.modules() if isinstance(module, nn.Dropout)]
    assert [type(module) for module in found] == [QuickDropout] * 2
    assert [module.p for module in found] == [0.2, 0.3]
