from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import XLMRobertaForMaskedLM

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.errors import MissingBackboneError
from adapterxlt.models.build import Built, HeadSpec, build_fusion, build_train, load, merge, save
from tests.models.conftest import PAIRS, SPANS, TAGS, disturb, logits

TEXTS = HeadSpec(kind="mlm", task="texts")


def mixed(backbone: Backbone, method: str = "seq_bn", name: str = "mix", seed: int = 1) -> Built:
    return build_train(
        backbone, method=method, name=name, head=PAIRS, other_heads=(SPANS, TAGS), seed=seed
    )


def all_logits(built: Built, ids: Tensor) -> dict[str, Tensor]:
    found = {}
    for head in built.spec.heads if built.spec else ():
        built.use_head(head.task)
        found[head.task] = logits(built, ids)
    return found


@pytest.mark.parametrize("method", ["seq_bn", "full", "prompt_tuning", "lora"])
def test_all_heads_come_back(backbone: Backbone, tmp_path: Path, ids: Tensor, method: str) -> None:
    built = disturb(mixed(backbone, method))
    before = all_logits(built, ids)
    assert list(before) == ["pairs", "spans", "tags"]
    assert [before[name].shape[-1] for name in before] == [3, ids.shape[1], 2]
    save(built, tmp_path / "a")
    again = load(backbone, tmp_path / "a")
    assert again.model.active_head == "mix"
    after = all_logits(again, ids)
    for name, expected in before.items():
        torch.testing.assert_close(after[name], expected)


def test_heads_of_a_fusion_and_of_a_merge(backbone: Backbone, tmp_path: Path, ids: Tensor) -> None:
    members = []
    for seed, name in enumerate(("one", "two")):
        save(disturb(mixed(backbone, name=name, seed=seed), seed), tmp_path / name)
        members.append(tmp_path / name)
    fused = disturb(
        build_fusion(
            backbone, members=members, fusion="dynamic", name="f", head=TAGS,
            other_heads=[PAIRS], seed=1,
        )
    )  # fmt: skip
    save(fused, tmp_path / "f")
    before, after = all_logits(fused, ids), all_logits(load(backbone, tmp_path / "f"), ids)
    assert list(before) == ["tags", "pairs"]
    for name, expected in before.items():
        torch.testing.assert_close(after[name], expected)

    merged = merge(backbone, members, [1.0, 0.0], "m")
    first = all_logits(load(backbone, members[0]), ids)
    for name, expected in all_logits(merged, ids).items():
        torch.testing.assert_close(expected, first[name])


def test_a_mixture_hands_its_encoder_on(backbone: Backbone, tmp_path: Path) -> None:
    save(disturb(mixed(backbone)), tmp_path / "mix")
    weights = load_file(tmp_path / "mix" / "adapter.safetensors")
    after = build_train(
        backbone, method="seq_bn", name="next", head=TAGS, seed=2, after=tmp_path / "mix"
    )
    state = after.model.state_dict()
    for name, tensor in weights.items():
        assert torch.equal(state[name.replace(".mix.", ".next.")], tensor)
    assert list(after.model.heads) == ["next"]


def test_a_task_without_a_head(backbone: Backbone) -> None:
    with pytest.raises(ValueError, match="`mix` has no head of `texts`"):
        mixed(backbone).use_head("texts")


def masked_logits(built: Built, ids: Tensor, masked: Tensor) -> Tensor:
    with torch.no_grad():
        output = built.model(input_ids=ids, attention_mask=torch.ones_like(ids), masked=masked)
    return output.logits.squeeze(0)


@pytest.fixture
def masked(ids: Tensor) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    chosen = torch.rand(ids.shape, generator=generator) < 0.4
    chosen[:, 0] = False
    return chosen


def test_the_lm_head_is_the_checkpoints(biased: Backbone, ids: Tensor, masked: Tensor) -> None:
    # LoRA changes nothing before it is trained.
    built = build_train(biased, method="lora", name="a", head=TEXTS, seed=1)
    built.model.eval()
    plain = XLMRobertaForMaskedLM.from_pretrained(biased.path).eval()
    with torch.no_grad():
        expected = plain(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[masked]
    found = masked_logits(built, ids, masked)
    assert found.shape == (int(masked.sum()), built.model.config.vocab_size)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("method", ["seq_bn", "seq_bn_inv", "prompt_tuning", "full"])
def test_the_lm_head_comes_back_without_the_embeddings(
    biased: Backbone, tmp_path: Path, ids: Tensor, masked: Tensor, method: str
) -> None:
    built = disturb(build_train(biased, method=method, name="a", head=TEXTS, seed=1))
    save(built, tmp_path / "a")
    head = next((tmp_path / "a").rglob("model_head.safetensors"))
    with safe_open(head, "pt") as file:
        assert {name.rpartition("heads.a.")[2] for name in file.keys()} == {  # noqa: SIM118
            "0.weight", "0.bias", "2.weight", "2.bias", "3.bias",
        }  # fmt: skip
    again = load(biased, tmp_path / "a")
    torch.testing.assert_close(masked_logits(again, ids, masked), masked_logits(built, ids, masked))


def test_a_checkpoint_without_its_lm_head(backbone: Backbone, tmp_path: Path) -> None:
    folder = tmp_path / "headless"
    shutil.copytree(backbone.path, folder)
    tensors = load_file(folder / "model.safetensors")
    kept = {name: t for name, t in tensors.items() if not name.startswith("lm_head.")}
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    headless = inspect_backbone("headless", folder)
    with pytest.raises(MissingBackboneError, match="no head for masked language modelling"):
        build_train(headless, method="lora", name="a", head=TEXTS, seed=1)


@pytest.fixture(scope="module")
def biased(backbone: Backbone, tmp_path_factory: pytest.TempPathFactory) -> Backbone:
    """The tiny backbone with a bias in its LM head (a new one's is zero)."""
    folder = tmp_path_factory.mktemp("biased") / "backbone"
    shutil.copytree(backbone.path, folder)
    tensors = load_file(folder / "model.safetensors")
    generator = torch.Generator().manual_seed(0)
    for name in ("lm_head.bias", "lm_head.dense.bias"):
        tensors[name] = torch.randn(tensors[name].shape, generator=generator)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    return inspect_backbone("biased", folder)
