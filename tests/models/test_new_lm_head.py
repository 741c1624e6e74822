"""A new head of masked language modelling, for encoders that were saved without one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.errors import MissingBackboneError
from adapterxlt.models import tensors
from adapterxlt.models.build import Built, HeadSpec, build_train, load, save
from adapterxlt.models.export_plain import to_transformers
from adapterxlt.models.lm_head import head_tensors
from tests import encoders
from tests.models.conftest import disturb

TEXTS = HeadSpec(kind="mlm", task="texts")


@pytest.fixture(scope="module")
def bare(backbone: Backbone, tmp_path_factory: pytest.TempPathFactory) -> Backbone:
    folder = tmp_path_factory.mktemp("bare") / "backbone"
    return inspect_backbone("bare", encoders.without_lm_head(backbone.path, folder))


def new_head(backbone: Backbone, seed: int) -> Built:
    return build_train(backbone, method="head", name="words", head=TEXTS, seed=seed)


def test_the_seed_gives_the_head(bare: Backbone) -> None:
    first, same, other = (
        head_tensors(new_head(bare, seed).model, "words")["heads.words.0.weight"]
        for seed in (1, 1, 2)
    )
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_a_head_that_is_there_is_used(backbone: Backbone) -> None:
    first, other = (
        head_tensors(new_head(backbone, seed).model, "words")["heads.words.0.weight"]
        for seed in (1, 2)
    )
    assert torch.equal(first, other)


def test_it_is_trained_alone(bare: Backbone) -> None:
    built = new_head(bare, 1)
    trained = {name for name, value in built.model.named_parameters() if value.requires_grad}
    assert trained == {f"heads.words.{part}" for part in (
        "0.weight", "0.bias", "2.weight", "2.bias", "3.bias",
    )}  # fmt: skip
    for method in ("seq_bn_inv", "full", "bitfit"):
        with pytest.raises(MissingBackboneError, match="no head for masked language modelling"):
            build_train(bare, method=method, name="a", head=TEXTS, seed=1)


def test_an_exported_head_makes_a_backbone(bare: Backbone, tmp_path: Path, ids: Tensor) -> None:
    built = disturb(new_head(bare, 1))
    save(built, tmp_path / "words")
    (tmp_path / "plain").mkdir()
    with torch.no_grad():
        to_transformers(load(bare, tmp_path / "words"), tmp_path / "plain")
    whole = inspect_backbone("whole", tmp_path / "plain")
    assert whole.lm_head
    again = build_train(whole, method="seq_bn_inv", name="lang", head=TEXTS, seed=2)
    wanted = head_tensors(built.model, "words")
    for name, value in head_tensors(again.model, "lang").items():
        assert torch.equal(value, wanted[name.replace("heads.lang.", "heads.words.")]), name
    own = tensors.of_backbone(bare.architecture)
    before = tensors.select(load(bare, None).model, own)
    after = tensors.select(load(whole, None).model, own)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
