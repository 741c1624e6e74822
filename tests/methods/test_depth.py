from __future__ import annotations

import pytest

from adapterxlt.methods.depth import only_below
from adapterxlt.methods.parser import parse_method


@pytest.mark.parametrize(
    ("method", "layer", "kept"),
    [
        ("lora[r=4]", 2, "lora[r=4,leave_out=[2,3]]"),
        ("lora[r=4]", 4, "lora[r=4]"),
        ("lora[leave_out=[0]]", 3, "lora[leave_out=[0,3]]"),
        ("loreft", 2, "loreft[layers=[0,1]]"),
        ("direft[layers=[1,3]]", 2, "direft[layers=[1]]"),
        ("prompt_tuning", 1, "prompt_tuning"),
        ("prefix_tuning|par_bn", 3, "prefix_tuning[leave_out=[3]]|par_bn[leave_out=[3]]"),
        ("mam", 3, "prefix_tuning[bottleneck_size=800,leave_out=[3]]|par_bn[leave_out=[3]]"),
    ],
)
def test_a_method_is_kept_below_a_layer(method: str, layer: int, kept: str) -> None:
    assert str(only_below(parse_method(method), layer, 4)) == kept


@pytest.mark.parametrize("method", ["full", "full[freeze=1]", "bitfit", "sft", "head"])
def test_what_trains_the_backbone_cannot_be(method: str) -> None:
    with pytest.raises(ValueError, match="also trains backbone weights above layer"):
        only_below(parse_method(method), 2, 4)


def test_what_would_train_nothing() -> None:
    with pytest.raises(ValueError, match="has no layer below layer 2"):
        only_below(parse_method("loreft[layers=[2,3]]"), 2, 4)
