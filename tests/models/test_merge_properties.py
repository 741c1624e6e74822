"""What merging promises, for every method: of what the model does, not of its tensors."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from adapterxlt.backbones.architectures.xlm_roberta import XLM_ROBERTA
from adapterxlt.backbones.backbone import Backbone
from adapterxlt.methods.merging import can_merge
from adapterxlt.methods.parser import parse_method
from adapterxlt.methods.table import METHODS
from adapterxlt.models import tensors
from adapterxlt.models.build import Built, build_train, load, merge, save
from tests.models.conftest import TAGS, Trained, disturb, logits, updates

VARIANTS = (
    "lora[r=4]|seq_bn",
    "lora[r=2,alpha=16,attn_matrices=[k],leave_out=[1],intermediate_lora=true,output_lora=true]",
    "ia3[alpha=2]",
    "mtl_lora[n_up_projection=3]",
    "direft[non_linearity=tanh,r=2]",
    "noreft[tied_weights=true,suffix_positions=2]",
)
MERGEABLE = [
    text
    for text in (*METHODS, *VARIANTS)
    if can_merge([parse_method(text), parse_method(text)]) is None
]
CLOSE = {"rtol": 2e-4, "atol": 2e-5}


def test_every_method_is_merged_or_refused_in_a_sentence() -> None:
    for name in METHODS:
        method = parse_method(name)
        reason = can_merge([method, method])
        assert (reason is None) == (name in MERGEABLE)
        assert reason is None or len(reason) > 30
    assert {"full", "seq_bn", "lora", "vera", "mtl_lora", "ia3", "loreft", "mam"} < set(MERGEABLE)


@pytest.mark.parametrize("method", MERGEABLE)
def test_algebra(method: str, backbone: Backbone, trained: Trained, ids: Tensor) -> None:
    one, two = trained(method, 1), trained(method, 2)
    first, second = (logits(load(backbone, member), ids) for member in (one, two))
    assert not torch.allclose(first, second)
    for members, shares, wanted in (
        ([one, two], [1.0, 0.0], first),
        ([one, two], [0.0, 1.0], second),
        ([one, two, two], [1.0, 1.0, -1.0], first),
        ([one, one], None, first),
    ):
        built = merge(backbone, members, shares, "x")
        torch.testing.assert_close(logits(built, ids), wanted, **CLOSE)
    mixed = [
        logits(merge(backbone, members, weights, "x"), ids)
        for members, weights in (([one, two], [0.7, -0.2]), ([two, one], [-0.2, 0.7]))
    ]
    torch.testing.assert_close(*mixed, **CLOSE)


weights = st.floats(-2, 2, allow_nan=False, width=32)


@settings(max_examples=12)
@given(st.lists(weights, min_size=2, max_size=3))
def test_updates_of_loras_of_any_rank_are_weighed(
    backbone: Backbone,
    trained: Trained,
    tmp_path_factory: pytest.TempPathFactory,
    shares: list[float],
) -> None:
    methods = ["lora[r=4]", "lora[r=2,alpha=16]", "lora[r=3,alpha=1]"][: len(shares)]
    members = [trained(method, number) for number, method in enumerate(methods)]
    folder = tmp_path_factory.mktemp("merged") / "out"
    save(merge(backbone, members, shares, "x"), folder)
    own = [updates(member, backbone) for member in members]
    for key, update in updates(folder, backbone).items():
        wanted = sum(share * one[key] for share, one in zip(shares, own, strict=True))
        torch.testing.assert_close(update, wanted, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("factor", [0.5, -1.0, 0.0, 3.0])
def test_a_weight_scales_the_update(
    backbone: Backbone, trained: Trained, tmp_path: Path, factor: float
) -> None:
    one, two = trained("lora", 1), trained("lora", 2)
    save(merge(backbone, [one, two], [factor, 0.0], "x"), tmp_path / "out")
    own = updates(one, backbone)
    for key, update in updates(tmp_path / "out", backbone).items():
        torch.testing.assert_close(update, factor * own[key], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    "method", ["lora[r=4]|seq_bn", "vera", "mtl_lora", "ia3", "noreft", "direft"]
)
def test_a_weight_scales_what_it_does_where_it_begins(
    method: str, backbone: Backbone, trained: Trained, ids: Tensor
) -> None:
    """The first place that an adapter acts on has the same input, whatever its weight."""
    one, two = trained(method, 1), trained(method, 2)

    def first(built: Built) -> Tensor:
        seen: list[Tensor] = []
        attention = built.model.roberta.encoder.layer[0].attention.self
        hook = attention.value.register_forward_hook(lambda _, __, output: seen.append(output))
        with torch.no_grad():
            output = built.model.roberta(input_ids=ids, output_hidden_states=True)
        hook.remove()
        found: Tensor = output.hidden_states[1] if "reft" in method else seen[0]
        return found

    bare = first(load(backbone, None))
    whole = first(load(backbone, one)) - bare
    assert float(whole.abs().max()) > 1e-3
    for factor in (0.5, -1.0):
        part = first(merge(backbone, [one, two], [factor, 0.0], "x")) - bare
        torch.testing.assert_close(part, factor * whole, rtol=1e-3, atol=1e-5)


def test_the_differences_of_full_fine_tunes_are_weighed(
    backbone: Backbone, trained: Trained
) -> None:
    from adapterxlt.models.base import load_base

    def of(folder: Path | None) -> dict[str, Tensor]:
        return tensors.select(load_base(backbone, folder), tensors.of_backbone(XLM_ROBERTA))

    one, two = trained("full", 1), trained("full", 2)
    base, first, second = of(None), of(one), of(two)
    built = merge(backbone, [one, two], [0.5, -1.0], "x")
    assert built.spec is not None
    assert built.spec.full
    for key, tensor in tensors.select(built.model, tensors.of_backbone(XLM_ROBERTA)).items():
        wanted = base[key] + 0.5 * (first[key] - base[key]) - (second[key] - base[key])
        torch.testing.assert_close(tensor, wanted, rtol=1e-4, atol=1e-5)


def test_scales_that_cancel_out_change_nothing(backbone: Backbone, trained: Trained) -> None:
    built = merge(backbone, [trained("ia3", 1), trained("ia3", 2)], [1.0, -1.0], "x")
    scales = tensors.select(built.model, tensors.of_adapter("x"))
    assert all(float((scale - 1).abs().max()) < 0.5 for scale in scales.values())
    twice = merge(backbone, [trained("ia3", 1), trained("ia3", 1)], [1.0, -1.0], "x")
    for scale in tensors.select(twice.model, tensors.of_adapter("x")).values():
        torch.testing.assert_close(scale, torch.ones_like(scale))


def test_a_rank_keeps_the_largest_parts_and_tells_what_it_loses(
    backbone: Backbone, trained: Trained, tmp_path: Path
) -> None:
    members = [trained("lora[r=4]", 1), trained("lora[r=4]", 2)]
    whole = merge(backbone, members, [0.7, -0.4], "x")
    assert whole.error == 0
    save(whole, tmp_path / "whole")
    exact = updates(tmp_path / "whole", backbone)
    errors = []
    for rank in (1, 4, 8):
        built = merge(backbone, members, [0.7, -0.4], "x", rank)
        save(built, tmp_path / str(rank))
        assert built.spec is not None
        assert built.spec.method == (f"lora[r={rank},alpha={rank}]" if rank < 8 else "lora")
        cut = updates(tmp_path / str(rank), backbone)
        lost = sum(float((cut[key] - exact[key]).square().sum()) for key in exact)
        total = sum(float(tensor.square().sum()) for tensor in exact.values())
        assert built.error == pytest.approx((lost / total) ** 0.5, abs=1e-6)
        errors.append(built.error)
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 1e-6


def test_heads_are_averaged_by_the_same_weights(
    backbone: Backbone, trained: Trained, tmp_path: Path
) -> None:
    def head(folder: Path) -> Tensor:
        found = tensors.read(folder / "model_head.safetensors")
        return next(value for key, value in found.items() if key.endswith("4.weight"))

    one, two = trained("seq_bn", 1), trained("seq_bn", 2)
    for index, (first, second) in enumerate([(3.0, 1.0), (0.5, 0.0), (-1.0, 0.0), (2.0, -1.0)]):
        save(merge(backbone, [one, two], [first, second], "x"), tmp_path / str(index))
        wanted = (first * head(one) + second * head(two)) / (first + second)
        torch.testing.assert_close(head(tmp_path / str(index)), wanted)
    assert merge(backbone, [one, two], [1.0, -1.0], "x").head is None
    assert merge(backbone, [one, two, one], [0.1, 0.2, -0.3], "x").head is None


def test_the_order_of_members_does_not_count(
    backbone: Backbone, trained: Trained, ids: Tensor
) -> None:
    members = [
        (trained(f"lora[r={rank}]", rank), share) for rank, share in ((2, 0.5), (4, -1.0), (3, 2))
    ]
    found = [
        logits(merge(backbone, [m for m, _ in some], [w for _, w in some], "x"), ids)
        for some in permutations(members)
    ]
    for other in found[1:]:
        torch.testing.assert_close(other, found[0], **CLOSE)


def test_what_comes_after_a_merge(
    backbone: Backbone, trained: Trained, ids: Tensor, tmp_path: Path
) -> None:
    save(merge(backbone, [trained("lora", 1), trained("lora", 2)], [0.5, 0.5], "x"), tmp_path / "m")
    again = build_train(
        backbone, method="lora[r=16,alpha=16]", name="y", head=TAGS, seed=1, after=tmp_path / "m"
    )
    save(disturb(again), tmp_path / "y")
    over = build_train(
        backbone, method="seq_bn", name="z", head=TAGS, seed=1, stack_on=tmp_path / "m"
    )
    save(disturb(over), tmp_path / "z")
    for name in ("y", "z"):
        assert load(backbone, tmp_path / name).spec is not None
