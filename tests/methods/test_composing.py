"""What may be fused and stacked."""

from __future__ import annotations

import adapters
import pytest
import torch
from adapters.composition import Stack
from transformers import XLMRobertaConfig

from adapterxlt.methods.composing import can_fuse, can_stack
from adapterxlt.methods.parser import parse_method
from adapterxlt.methods.traits import to_adapters_string
from tests.methods.library import methods


def test_fusion_takes_bottlenecks_of_one_configuration() -> None:
    assert can_fuse(methods("seq_bn", "seq_bn[reduction_factor=16]")) is None
    assert can_fuse(methods("compacter", "compacter")) is None
    assert "only bottleneck" in str(can_fuse(methods("lora", "lora")))
    assert "differ" in str(can_fuse(methods("seq_bn", "double_seq_bn")))
    assert "differ" in str(can_fuse(methods("seq_bn", "seq_bn[reduction_factor=8]")))
    assert "invertible" in str(can_fuse(methods("seq_bn_inv", "seq_bn_inv")))
    assert "several methods" in str(can_fuse(methods("mam", "mam")))
    assert "full" in str(can_fuse(methods("full", "seq_bn")))


PAIRS = [
    ("seq_bn", "seq_bn"),
    ("seq_bn", "double_seq_bn"),
    ("seq_bn", "lora"),
    ("lora", "seq_bn"),
    ("lora", "lora"),
    ("lora", "mtl_lora"),
    ("lora", "ia3"),
    ("lora[attn_matrices=[k]]", "lora[attn_matrices=[q]]"),
    ("lora[selfattn_lora=false,output_lora=true]", "lora"),
    ("ia3", "ia3"),
    ("par_bn", "seq_bn"),
    ("seq_bn", "par_bn"),
    ("seq_bn[mh_adapter=true,output_adapter=false]", "par_bn"),
    ("seq_bn", "mam"),
    ("prefix_tuning", "prefix_tuning"),
    ("prompt_tuning", "seq_bn"),
    ("seq_bn", "prompt_tuning"),
    ("loreft", "seq_bn"),
    ("seq_bn", "loreft"),
]


@pytest.mark.parametrize(("lower", "upper"), PAIRS)
def test_a_stack_is_refused_exactly_when_adapters_would_ignore_a_part(
    lower: str, upper: str
) -> None:
    below, top = methods(lower, upper)
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    torch.manual_seed(0)
    model = adapters.XLMRobertaAdapterModel(
        XLMRobertaConfig(vocab_size=30, intermediate_size=32, max_position_embeddings=40, **sizes)
    )
    model.add_adapter("low", config=to_adapters_string(below, 12))
    model.add_adapter("high", config=to_adapters_string(top, 12))
    model.active_adapters = Stack("low", "high")
    model.eval()
    ids = torch.randint(5, 30, (2, 7))

    def counts(name: str) -> bool:
        """Whether other weights of this adapter change what the model computes."""
        before = model.base_model(ids)[0]
        for key, tensor in model.named_parameters():
            if f".{name}." in f"{key}.":
                tensor.data += torch.randn(tensor.shape)
        return not torch.equal(before, model.base_model(ids)[0])

    both_count = [counts("low"), counts("high")] == [True, True]
    assert both_count == (can_stack([below], top) is None)


def test_invertible_and_full_cannot_be_stacked() -> None:
    (below,) = methods("seq_bn")
    assert "lowest" in str(can_stack([below], parse_method("seq_bn_inv")))
    assert "full" in str(can_stack([below], parse_method("full")))
    assert can_stack(methods("seq_bn_inv"), below) is None
