from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import AdapterXLTError
from adapterxlt.models import tensors
from adapterxlt.models.build import Built, build_fusion, build_train, load, save
from adapterxlt.models.spec import FuseSetup, StackSetup
from adapterxlt.models.trainable import expected_trainable
from tests.models.conftest import CHOICES, PAIRS, SPANS, TAGS, disturb, logits

Artifacts = Callable[..., Path]


def adapter_of(built: Built, name: str) -> dict[str, Tensor]:
    found = tensors.select(built.model, tensors.of_adapter(name))
    return {key: value.clone() for key, value in found.items()}


def trainable(built: Built) -> set[str]:
    return {name for name, p in built.model.named_parameters() if p.requires_grad}


def test_new_weights_come_from_the_seed_alone(backbone: Backbone) -> None:
    def build(seed: int) -> dict[str, Tensor]:
        built = build_train(backbone, method="seq_bn", name="a", head=PAIRS, seed=seed)
        return {n: p for n, p in built.model.named_parameters() if p.requires_grad}

    first = build(1)
    torch.rand(7)  # whatever happened before in the process must not matter
    again, other = build(1), build(2)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_only_the_adapter_and_its_head_are_trained(backbone: Backbone) -> None:
    built = build_train(backbone, method="seq_bn", name="a", head=PAIRS, seed=1)
    assert {name.split(".")[0] for name in trainable(built)} == {"roberta", "heads"}
    assert all(".adapters.a." in n or n.startswith("heads.a.") for n in trainable(built))


def test_full_trains_the_encoder_without_pooler(backbone: Backbone) -> None:
    built = build_train(backbone, method="full", name="f", head=PAIRS, seed=1)
    names = trainable(built)
    assert "roberta.embeddings.word_embeddings.weight" in names
    assert "roberta.encoder.layer.1.output.dense.weight" in names
    assert not [name for name in names if "pooler" in name or "lm_head" in name]


def test_weights_are_float32_even_from_a_half_precision_checkpoint(tmp_path: Path) -> None:
    from adapterxlt.backbones.check import inspect_backbone
    from tests import tiny

    half = inspect_backbone("half", tiny.build(tmp_path / "half", dtype=torch.float16))
    built = build_train(half, method="seq_bn", name="a", head=PAIRS, seed=1)
    assert {p.dtype for p in built.model.parameters()} == {torch.float32}


def test_after_an_adapter_goes_on_from_its_weights_under_a_new_head(
    backbone: Backbone, artifacts: Artifacts
) -> None:
    built = build_train(
        backbone, method="seq_bn", name="b", head=TAGS, seed=9, after=artifacts("nli")
    )
    saved = tensors.renamed(tensors.read(artifacts("nli") / "adapter.safetensors"), "nli", "b")
    now = adapter_of(built, "b")
    assert now.keys() == saved.keys()
    assert all(torch.equal(now[key], saved[key]) for key in now)
    assert built.spec is not None
    assert built.spec.setup == "b"
    assert list(built.model.heads) == ["b"]
    assert built.model.active_head == "b"


def test_after_a_stack_only_its_top_goes_on(backbone: Backbone, artifacts: Artifacts) -> None:
    built = build_train(
        backbone, method="lora[r=4]", name="b", head=PAIRS, seed=9, after=artifacts("over")
    )
    assert built.spec is not None
    assert built.spec.setup == StackSetup(stack=("nli", "b"))
    below = tensors.read(artifacts("over") / "adapters" / "nli" / "adapter.safetensors")
    assert all(torch.equal(value, below[k]) for k, value in adapter_of(built, "nli").items())
    assert all(".loras.b." in n or n.startswith("heads.b.") for n in trainable(built))


def test_after_a_full_fine_tune_stands_on_its_weights(
    backbone: Backbone, artifacts: Artifacts
) -> None:
    weights = tensors.read(artifacts("whole") / "model.safetensors")
    for method in ("seq_bn", "full"):
        built = build_train(
            backbone, method=method, name="b", head=TAGS, seed=1, after=artifacts("whole")
        )
        state = built.model.state_dict()
        assert all(torch.equal(state[name], tensor) for name, tensor in weights.items())
        assert built.spec is not None
        assert built.spec.full


@pytest.mark.parametrize(
    ("below", "setup"),
    [
        ("nli", StackSetup(stack=("nli", "top"))),
        ("over", StackSetup(stack=("nli", "over", "top"))),
        ("both", StackSetup(stack=(FuseSetup(fuse=("nli", "para")), "top"))),
        ("on_whole", StackSetup(stack=("on_whole", "top"))),
        ("whole", "top"),
    ],
)
def test_stack_on_anything(
    backbone: Backbone,
    artifacts: Artifacts,
    tmp_path: Path,
    ids: Tensor,
    below: str,
    setup: object,
) -> None:
    built = build_train(
        backbone, method="seq_bn", name="top", head=SPANS, seed=1, stack_on=artifacts(below)
    )
    assert built.spec is not None
    assert built.spec.setup == setup
    assert all(".adapters.top." in n or n.startswith("heads.top.") for n in trainable(built))
    before = logits(built, ids)
    disturb(built)
    assert not torch.equal(logits(built, ids), before)
    save(built, tmp_path / "out")
    torch.testing.assert_close(logits(load(backbone, tmp_path / "out"), ids), logits(built, ids))


def test_fusion_trains_its_layers_only(backbone: Backbone, artifacts: Artifacts) -> None:
    members = [artifacts("nli"), artifacts("para")]
    for fusion, matrices in (("dynamic", 3), ("static", 2)):
        built = build_fusion(backbone, members=members, fusion=fusion, name="f", head=PAIRS, seed=1)
        layers = {n.split(".")[-2] for n in trainable(built) if ".adapter_fusion_layer." in n}
        assert len(layers) == matrices
        assert trainable(built) == expected_trainable(built.model, built.spec)  # type: ignore[arg-type]


def test_every_member_of_a_fusion_changes_the_output(
    backbone: Backbone, artifacts: Artifacts, ids: Tensor
) -> None:
    built = load(backbone, artifacts("both"))
    whole = logits(built, ids)
    for name in ("nli", "para"):
        kept = adapter_of(built, name)
        for tensor in tensors.select(built.model, tensors.of_adapter(name)).values():
            tensor.zero_()
        assert not torch.allclose(logits(built, ids), whole)
        tensors.assign(tensors.select(built.model, tensors.of_adapter(name)), kept, name)
    assert torch.equal(logits(built, ids), whole)


def test_stacks_are_fused_above_what_they_all_stand_on(
    backbone: Backbone, artifacts: Artifacts, tmp_path: Path, ids: Tensor
) -> None:
    members = []
    for seed, name in enumerate(("one", "two")):
        built = build_train(
            backbone, method="seq_bn", name=name, head=TAGS, seed=seed, stack_on=artifacts("over")
        )
        members.append(tmp_path / name)
        save(disturb(built, seed=seed), members[-1])
    built = build_fusion(backbone, members=members, fusion="dynamic", name="f", head=PAIRS, seed=1)
    assert built.spec is not None
    assert built.spec.setup == StackSetup(stack=("nli", "over", FuseSetup(fuse=("one", "two"))))
    assert built.spec.adapters[0].method == "seq_bn"
    assert all(".adapter_fusion_layer." in n or n.startswith("heads.f.") for n in trainable(built))
    for name in ("nli", "over", "one", "two"):
        folder = artifacts(name) if name in ("nli", "over") else tmp_path / name
        saved = tensors.read(folder / "adapter.safetensors")
        assert all(torch.equal(saved[key], kept) for key, kept in adapter_of(built, name).items())
    save(disturb(built), tmp_path / "out")
    again = load(backbone, tmp_path / "out")
    whole = logits(again, ids)
    assert torch.equal(whole, logits(built, ids))
    for name in ("nli", "over", "one", "two"):
        kept = adapter_of(again, name)
        for tensor in tensors.select(again.model, tensors.of_adapter(name)).values():
            tensor.zero_()
        assert not torch.allclose(logits(again, ids), whole)
        tensors.assign(tensors.select(again.model, tensors.of_adapter(name)), kept, name)


def test_stacks_on_adapters_of_one_name_and_other_weights_are_refused(
    backbone: Backbone, artifacts: Artifacts, tmp_path: Path
) -> None:
    base = tmp_path / "nli"
    built = build_train(backbone, method="seq_bn", name="nli", head=PAIRS, seed=7)
    save(disturb(built, seed=7), base)
    for name, below in (("one", artifacts("nli")), ("two", base)):
        built = build_train(backbone, method="seq_bn", name=name, head=TAGS, seed=1, stack_on=below)
        save(built, tmp_path / name)
    with pytest.raises(AdapterXLTError, match=r"cannot fuse `two` .*not those of the other"):
        build_fusion(
            backbone,
            members=[tmp_path / "one", tmp_path / "two"],
            fusion="static",
            name="f",
            head=PAIRS,
            seed=1,
        )


def test_what_cannot_be_built_is_refused_with_a_reason(
    backbone: Backbone, artifacts: Artifacts
) -> None:
    def refused(message: str, method: str = "seq_bn", name: str = "b", **base: Path) -> None:
        with pytest.raises(AdapterXLTError, match=message):
            build_train(backbone, method=method, name=name, head=PAIRS, seed=1, **base)

    refused("cannot continue from the fusion", after=artifacts("both"))
    refused("because `nli` is `seq_bn`", method="lora", after=artifacts("nli"))
    refused("cannot continue from adapters", method="full", after=artifacts("nli"))
    refused("already the name", name="nli", stack_on=artifacts("nli"))
    refused("both `after` and `stack_on`", after=artifacts("nli"), stack_on=artifacts("nli"))
    refused("only works (in|as) the lowest", method="seq_bn_inv", stack_on=artifacts("nli"))
    refused("only works (in|as) the lowest", method="prompt_tuning", stack_on=artifacts("nli"))
    refused("is not an adapter name", name="a.b")
    refused("torch uses this name", name="to")
    refused("cannot be built on this backbone", method="compacter")


def test_what_cannot_be_fused_is_refused_with_a_reason(
    backbone: Backbone, artifacts: Artifacts
) -> None:
    def refused(message: str, *names: str) -> None:
        members = [artifacts(name) for name in names]
        with pytest.raises(AdapterXLTError, match=message):
            build_fusion(backbone, members=members, fusion="dynamic", name="f", head=PAIRS, seed=1)

    refused("below its topmost one are not those of the other members", "nli", "over")
    refused("has no adapter", "nli", "whole")
    refused("has a fusion", "nli", "both")
    refused("`nli` and `on_whole`: they stand on different weights", "nli", "on_whole")
    refused("they stand on different weights", "on_whole", "nli")
    refused("with itself", "nli", "nli")
    refused("only bottleneck adapters can be fused", "nli", "low_rank")


def test_dropout_of_the_frozen_backbone_is_off_unless_asked_for(
    backbone: Backbone, ids: Tensor
) -> None:
    def noise(frozen_dropout: bool, method: str = "seq_bn") -> float:
        built = build_train(
            backbone, method=method, name="a", head=TAGS, seed=1, frozen_dropout=frozen_dropout
        )
        built.model.train()
        for module in built.model.heads.modules():
            if isinstance(module, torch.nn.Dropout):
                assert module.p == 0.1  # the head's own dropout stays
                module.p = 0.0
        return float((logits(built, ids) - logits(built, ids)).abs().max())

    assert noise(frozen_dropout=False) == 0
    assert noise(frozen_dropout=True) > 0
    assert noise(frozen_dropout=False, method="full") > 0
    # Adapters keep the dropout they were asked to have.
    assert noise(frozen_dropout=False, method="lora[dropout=0.5,init_weights=bert]") > 0


def test_any_number_of_choices(backbone: Backbone) -> None:
    built = build_train(backbone, method="seq_bn", name="a", head=CHOICES, seed=1)
    built.model.eval()
    for choices in (2, 5):
        ids = torch.randint(4, 300, (3, choices, 7))
        scores = logits(built, ids)
        assert scores.shape == (3, choices)
        alone = logits(built, ids[:, 1:2])
        torch.testing.assert_close(scores[:, 1:2], alone)


@pytest.mark.parametrize("combine", ["prefix", "prefix_after_bos"])
def test_prompt_tokens_do_not_shift_positions(
    backbone: Backbone, combine: str, ids: Tensor
) -> None:
    method = f"prompt_tuning[prompt_length=5,combine={combine}]"
    for head in (TAGS, SPANS):
        built = build_train(backbone, method=method, name="p", head=head, seed=1)
        built.model.eval()
        assert logits(built, ids).shape[1] == ids.shape[1]
    hidden = built.model.base_model(ids, output_hidden_states=True).hidden_states
    assert {states.shape[1] for states in hidden} == {ids.shape[1]}
