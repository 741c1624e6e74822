"""A LoRA in the backbone's weights computes the same, and leaves the model as it was."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import adapters
import pytest
import torch
from packaging.version import Version
from torch import Tensor

from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.evaluation.merged_time import merged_share
from adapterxlt.kinds.features import Feature
from adapterxlt.methods.table import METHODS
from adapterxlt.models import into_weights
from adapterxlt.models.build import build_train
from adapterxlt.models.into_weights import in_weights, why_not
from tests.models.conftest import PAIRS, disturb, logits

INPUT = Feature(0, [[0, 5, 6, 2]])


@pytest.mark.parametrize(
    "method", ["lora", "lora[attn_matrices=[q,k,v],intermediate_lora=true]", "dora", "ia3", "vera"]
)
def test_it_computes_the_same_and_is_as_before(
    method: str, tiny_backbone: Path, ids: Tensor
) -> None:
    since = METHODS[method.partition("[")[0]].since
    if since and Version(adapters.__version__) < Version(since):
        pytest.skip(f"needs adapters {since}")
    backbone = inspect_backbone("tiny", tiny_backbone)
    built = disturb(build_train(backbone, method=method, name="it", head=PAIRS, seed=1))
    before = {name: tensor.clone() for name, tensor in built.model.state_dict().items()}
    setup, usual = str(built.model.active_adapters), logits(built, ids)
    with in_weights(built):
        assert built.model.active_adapters is None
        assert torch.allclose(logits(built, ids), usual, atol=1e-5)
        moved = built.model.state_dict()
        assert any(not torch.equal(moved[name], tensor) for name, tensor in before.items())
    assert str(built.model.active_adapters) == setup
    assert built.model.active_head == "it"
    after = built.model.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    assert torch.equal(logits(built, ids), usual)


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        ("seq_bn", "`seq_bn` adds layers or vectors"),
        ("lora[use_gating=true]", "the gates of `lora` depend on the input"),
    ],
)
def test_what_cannot_be_merged_has_no_time(method: str, reason: str, tiny_backbone: Path) -> None:
    backbone = inspect_backbone("tiny", tiny_backbone)
    built = disturb(build_train(backbone, method=method, name="it", head=PAIRS, seed=1))
    assert built.spec is not None
    assert why_not(built.spec) == reason
    assert merged_share(built, [INPUT], PAIRS.kind, 100) is None


@pytest.mark.parametrize("single", [False, True], ids=["weights", "a single input"])
def test_what_does_not_fit_into_memory_has_no_time(
    single: bool, tiny_backbone: Path, ids: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    backbone = inspect_backbone("tiny", tiny_backbone)
    built = disturb(build_train(backbone, method="lora", name="it", head=PAIRS, seed=1))
    usual = logits(built, ids)
    with monkeypatch.context() as patch:
        if single:
            patch.setattr(built.model, "forward", Mock(side_effect=torch.OutOfMemoryError))
        else:
            patch.setattr(into_weights, "merged", Mock(side_effect=torch.OutOfMemoryError))
        assert merged_share(built, [INPUT], PAIRS.kind, 100) is None
    assert torch.equal(logits(built, ids), usual)
    assert merged_share(built, [INPUT], PAIRS.kind, 100) is not None
