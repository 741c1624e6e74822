from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.models.build import build_train, load
from adapterxlt.models.spec import HeadSpec
from adapterxlt.vectors.identity import encoder_name, encoder_revision, model_hash

HEAD = HeadSpec(kind="tagging", labels=("A", "B"), task="test")


def build(tiny_backbone, method):
    backbone = inspect_backbone("tiny", tiny_backbone)
    return build_train(backbone, method=method, name="new", head=HEAD, seed=5)


def test_equal_weights_that_act_otherwise_are_another_model(tiny_backbone):
    one, other = (build(tiny_backbone, f"lora[alpha={alpha}]") for alpha in (8, 16))
    weights = [built.model.base_model.state_dict() for built in (one, other)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert model_hash(one) != model_hash(other)
    assert model_hash(one) == model_hash(build(tiny_backbone, "lora[alpha=8]"))
    one.model.config.num_attention_heads = 8
    assert model_hash(one) != model_hash(build(tiny_backbone, "lora[alpha=8]"))


@pytest.mark.parametrize("method", ["prefix_tuning", "seq_bn", "vera"])
def test_use_changes_nothing(tiny_backbone, method):
    built = build(tiny_backbone, method)
    before = model_hash(built)
    built.model(torch.tensor([[0, 5, 6, 2]]))
    assert model_hash(built) == before


def test_half_precision_has_a_hash_too(tiny_backbone):
    built = build(tiny_backbone, "seq_bn")
    before = model_hash(built)
    built.model.bfloat16()
    assert model_hash(built) != before


def test_settings_that_change_vectors_change_the_revision(tiny_backbone):
    built = load(inspect_backbone("tiny", tiny_backbone), None)
    found = [
        encoder_revision(built, 1, "mean", 64),
        encoder_revision(built, 2, "mean", 64),
        encoder_revision(built, 1, "cls", 64),
        encoder_revision(built, 1, "mean", 65),
    ]
    assert len(set(found)) == 4
    # The model itself takes no more than 128 tokens.
    assert encoder_revision(built, 1, "mean", 128) == encoder_revision(built, 1, "mean", 999)
    built.tokenizer("a text", truncation=True, max_length=3)
    assert encoder_revision(built, 1, "mean", 64) == found[0]


@pytest.mark.parametrize(
    ("backbone", "name"),
    [
        ("mini", "adapterxlt/mini"),
        ("intfloat/multilingual-e5-small", "adapterxlt/multilingual-e5-small"),
        ("/home/me/my model/", "adapterxlt/my-model"),
        ("..", "adapterxlt/encoder"),
    ],
)
def test_names_fit_into_a_cache(backbone, name):
    built = SimpleNamespace(spec=None, backbone=SimpleNamespace(name=backbone))
    assert encoder_name(built) == name
