from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.methods.table import METHODS
from adapterxlt.models import tensors
from adapterxlt.models.build import build_train, load, save
from adapterxlt.models.sizes import sizes_of, trained_parameters
from tests.models.conftest import PAIRS, TAGS, disturb

METHODS_HERE = ("full", "full[freeze=1]", "bitfit", "head", "seq_bn_inv", "vera", "mam")


@pytest.mark.parametrize("method", METHODS_HERE)
def test_the_count_is_that_of_what_is_trained(backbone: Backbone, method: str) -> None:
    counts, total = trained_parameters(backbone, [method])
    built = build_train(backbone, method=method, name="a", head=PAIRS, seed=1)
    assert counts[method] == sum(
        parameter.numel()
        for name, parameter in built.model.named_parameters()
        if parameter.requires_grad and not name.startswith("heads.")
    )
    sizes = sizes_of(built)
    assert (sizes["parameters"], sizes["backbone_parameters"]) == (counts[method], total)
    own = tensors.select(load(backbone, None).model, tensors.of_backbone(backbone.architecture))
    assert total == sum(tensor.numel() for tensor in own.values())


def test_one_count_does_not_depend_on_the_others(backbone: Backbone) -> None:
    possible = [name for name in METHODS if not backbone.problems_of(name)]
    together, _ = trained_parameters(backbone, possible)
    alone = {name: trained_parameters(backbone, [name])[0][name] for name in possible}
    assert together == alone


@pytest.mark.parametrize(
    ("method", "idle"),
    [
        ("loreft", "1"),
        ("direft[r=2]", "1"),
        ("noreft[prefix_positions=0,suffix_positions=2]", "0"),
        ("loreft[suffix_positions=2]", "-"),
        ("loreft[tied_weights=true]", "-"),
        ("lora|direft", "1"),
    ],
)
def test_units_of_reft_that_see_no_position_do_not_count(
    backbone: Backbone, ids: Tensor, method: str, idle: str
) -> None:
    built = build_train(backbone, method=method, name="a", head=TAGS, seed=1)
    output = built.model(input_ids=ids, attention_mask=torch.ones_like(ids))
    output.logits.square().sum().backward()
    moving = still = 0
    for name, parameter in built.model.named_parameters():
        if parameter.requires_grad and not name.startswith("heads."):
            assert parameter.grad is not None
            unmoved = ".refts." in name and not parameter.grad.any()
            assert unmoved == (f".units.{idle}." in name), name
            moving, still = moving + parameter.numel() * (not unmoved), still + unmoved
    assert bool(still) == (idle != "-")
    counts, _ = trained_parameters(backbone, [method])
    assert (counts[method], sizes_of(built)["parameters"]) == (moving, moving)


def test_a_sparse_fine_tune_counts_its_share(backbone: Backbone, tmp_path: Path) -> None:
    dense = build_train(backbone, method="full[norms=false]", name="d", head=PAIRS, seed=1)
    save(disturb(dense), tmp_path / "dense")
    method = "sft[density=0.1]"
    built = build_train(
        backbone, method=method, name="a", head=PAIRS, seed=1, dense=tmp_path / "dense"
    )
    counts, total = trained_parameters(backbone, [method, "full"])
    assert counts[method] == sizes_of(built)["parameters"]
    assert 0.09 * total < counts[method] < 0.1 * total
