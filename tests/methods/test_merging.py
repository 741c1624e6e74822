"""What may be merged, and what the merge is."""

from __future__ import annotations

import pytest

from adapterxlt.methods.arithmetic import Arithmetic
from adapterxlt.methods.merging import can_merge, merge_note, merged_method
from tests.methods.library import methods


def test_merging_takes_one_configuration() -> None:
    assert can_merge(methods("lora", "lora[r=8]")) is None
    assert can_merge(methods("lora", "lora[r=4,alpha=16]")) is None
    assert can_merge(methods("lora[attn_matrices=[q,v]]", "lora[attn_matrices=[v,q]]")) is None
    assert can_merge(methods("ia3", "ia3[alpha=2]")) is None
    assert can_merge(methods("full", "full")) is None
    assert can_merge(methods("mam", "prefix_tuning[bottleneck_size=800]|par_bn")) is None
    assert "differ" in str(can_merge(methods("lora", "lora[attn_matrices=[q]]")))
    assert "differ" in str(can_merge(methods("lora", "lora[leave_out=[1]]")))
    assert "differ" in str(can_merge(methods("lora", "lora[composition_mode=scale,r=1]")))
    assert "differ" in str(can_merge(methods("noreft", "direft")))  # differ outside the table
    assert "differ" in str(can_merge(methods("lora", "mtl_lora")))
    assert "differ" in str(can_merge(methods("vera", "vera[r=4]")))
    assert "full" in str(can_merge(methods("full", "lora")))


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        ("seq_bn_inv", "invertible"),
        ("compacter", "products of small factors"),
        ("dora", "learnt magnitudes"),
        ("dvora", "learnt magnitudes"),
        ("lora[use_dora=true]", "learnt magnitudes"),
        ("unipelt", "a gate that depends on the input"),
        ("ia3[use_gating=true]", "a gate that depends on the input"),
        ("noreft[non_linearity=relu]", "non-linear edits"),
        ("lora[leave_out=[0]]|ia3[leave_out=[1]]", "combines several LoRAs"),
    ],
)
def test_what_has_no_sum_is_not_merged(method: str, reason: str) -> None:
    assert reason in str(can_merge(methods(method, method)))


@pytest.mark.parametrize(
    ("members", "merged"),
    [
        (["seq_bn", "seq_bn"], "seq_bn"),
        (["lora", "lora[r=4,alpha=16]"], "lora[r=12,alpha=12]"),
        (["lora[r=4]|seq_bn", "lora[r=4]|seq_bn"], "lora|seq_bn"),
        (["ia3[alpha=2]", "ia3"], "ia3"),
        (["vera", "vera"], "vera"),
        (["loreft", "loreft[r=2]"], "noreft[r=3]"),
        (["mtl_lora", "mtl_lora"], "mtl_lora[r=16,alpha=16]"),
        (["full", "full"], "full"),
    ],
)
def test_the_method_of_a_merge(members: list[str], merged: str) -> None:
    assert str(merged_method(methods(*members))) == merged


def test_a_rank_cuts_what_has_one() -> None:
    two = methods("lora", "lora[r=4]")
    assert can_merge(two, 12) is None
    assert str(merged_method(two, 4)) == "lora[r=4,alpha=4]"
    assert "is above 12" in str(can_merge(two, 13))
    assert "no LoRA" in str(can_merge(methods("seq_bn", "seq_bn"), 4))


def test_what_a_merge_weighs_is_said() -> None:
    (lora,), (bottleneck,) = methods("lora"), methods("seq_bn")
    assert (
        merge_note(lora, [0.5, 0]) == "is the weighted sum of the update B A alpha / r of each LoRA"
    )
    said = "is the weighted sum of the adapters' weights, not of what they do"
    assert merge_note(bottleneck, [0.5, 0.5]) == said
    assert "the weights sum to 0.5 and not to 1" in merge_note(bottleneck, [0.5, 0])
    by_layer = merge_note(lora, [0.5, 0.5], over="with weights by layer")
    assert by_layer.startswith("is the weighted sum, with weights by layer, of the update B A")
    nothing = Arithmetic(sparsify="magnitude", density=0)
    dropped = (
        "; `density: 0` keeps no element of the updates, so the merge does no more than what all "
        "its members started from"
    )
    assert merge_note(lora, [0.5, 0.5], nothing).endswith(dropped)
    assert merge_note(bottleneck, [0.5, 0.5], nothing).endswith(dropped)
    everything = merge_note(lora, [0.5, 0.5], Arithmetic(sparsify="magnitude", density=1))
    assert everything.endswith(
        "; `density: 1` keeps all elements of the updates, as without a `density`"
    )
    some = Arithmetic(sparsify="magnitude", density=0.5)
    assert "`density" not in merge_note(lora, [0.5, 0.5], some)
