from __future__ import annotations

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.models.build import build_train, load
from adapterxlt.models.spec import HeadSpec
from adapterxlt.progress import Silent
from adapterxlt.vectors.encode import encode_sentences
from adapterxlt.vectors.identity import encoder_name, encoder_revision, model_hash
from tests import tiny
from tests.encoders import ALL
from tests.encoders import build as build_backbone

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


@pytest.fixture(scope="module", params=ALL)
def folder(request, tmp_path_factory):
    """A backbone of each architecture."""
    return build_backbone(tmp_path_factory.mktemp(request.param), request.param)


# What each architecture calls a setting that acts on equal weights, and another value of it.
SETTINGS = {
    "xlm-roberta": {"hidden_act": "relu", "layer_norm_eps": 1e-2},
    "bert": {"hidden_act": "relu", "num_attention_heads": 2},
    "distilbert": {"activation": "relu", "n_heads": 2},
    "deberta-v2": {"pos_att_type": ["p2c"], "layer_norm_eps": 1e-2},
    "modernbert": {
        "global_attn_every_n_layers": 1,
        "global_rope_theta": 10.0,
        "hidden_activation": "relu",
        "local_attention": 4,
        "local_rope_theta": 10.0,
        "norm_eps": 1e-2,
    },
    "llama": {"rms_norm_eps": 1e-2, "rope_theta": 10.0},
}


def test_folders_that_differ_in_a_setting_are_other_encoders(folder, tmp_path):
    config = json.loads((folder / "config.json").read_text())
    found = load(inspect_backbone("tiny", folder), None)
    hashes, before = {model_hash(found)}, found.model.base_model.state_dict()
    assert model_hash(load(inspect_backbone("again", folder), None)) in hashes
    for key, value in SETTINGS[config["model_type"]].items():
        assert config.get(key) != value
        other = shutil.copytree(folder, tmp_path / key)
        (other / "config.json").write_text(json.dumps({**config, key: value}))
        built = load(inspect_backbone("tiny", other), None)
        after = built.model.base_model.state_dict()
        assert all(torch.equal(before[name], after[name]) for name in before)
        hashes.add(model_hash(built))
        if not found.backbone.architecture.decoder:
            assert np.abs(vectors(built) - vectors(found)).max() > 1e-4, key
    assert len(hashes) == len(SETTINGS[config["model_type"]]) + 1


def vectors(built):
    settings = {"max_length": 64, "token_budget": 500, "progress": Silent()}
    return encode_sentences(built, tiny.SENTENCES[:4], layers=[2], pooling="mean", **settings)[2]


def test_every_setting_of_an_architecture_counts(folder):
    built = load(inspect_backbone("tiny", folder), None)
    before, config = model_hash(built), built.model.config
    for key in built.backbone.architecture.keys.keys() - {"model_type"}:
        value = getattr(config, key, None)
        setattr(config, key, "another")
        assert model_hash(built) != before, key
        setattr(config, key, value)
    assert model_hash(built) == before


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
