from __future__ import annotations

import pytest

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.methods.table import METHODS
from adapterxlt.models import tensors
from adapterxlt.models.build import build_train, load
from adapterxlt.models.sizes import sizes_of, trained_parameters
from tests.models.conftest import PAIRS

METHODS_HERE = ("full", "full[freeze=1]", "bitfit", "head", "seq_bn_inv", "vera", "loreft", "mam")


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
