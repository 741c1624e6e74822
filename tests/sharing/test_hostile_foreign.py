"""Folders of other libraries that are damaged or lie: refused, with nothing left behind."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import InvalidArtifactError
from adapterxlt.sharing.foreign import take_in_foreign
from adapterxlt.store.store import Store
from tests.sharing.foreign import by_adapters, by_peft, edit_config, edit_weights


@pytest.fixture(scope="module")
def plain(backbone: Backbone, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plain") / "a"
    by_adapters(backbone.path, folder, "lora[r=4]", name="a")
    return folder


@pytest.fixture(scope="module")
def peft(backbone: Backbone, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("peft", reason="peft is not installed")
    folder = tmp_path_factory.mktemp("peft") / "p"
    by_peft(backbone.path, folder)
    return folder


def refused(folder: Path, backbone: Backbone, root: Path, message: str) -> str:
    with pytest.raises(InvalidArtifactError) as error:
        take_in_foreign(folder, Store(root), backbone=str(backbone.path))
    assert message in str(error.value)
    assert "adapterxlt-" not in str(error.value)  # a temporary folder of ours
    assert not list(root.rglob("*.safetensors"))
    return str(error.value)


def _set(key: str, value: object) -> Callable[[dict[str, Any]], object]:
    """Set a key; `config.r` is one inside."""
    *outer, last = key.split(".")
    return lambda config: (config[outer[0]] if outer else config).update({last: value})


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("config.r", 10**9, "is above the hidden size"),
        ("config.r", -1, "must be at least 1"),
        ("config.r", 3, "has shape"),
        ("config.r", "4]|seq_bn[reduction_factor=2", ""),
        ("config.attn_matrices", ["q", "x"], "q, k or v"),
        ("config.attn_matrices", ["q"], "does not belong to the model"),
        ("config.attn_matrices", ["q", "k", "v"], "is missing"),
        ("config.dropout", float("nan"), "is not valid JSON"),
        ("config.surprise", 1, "unknown key `surprise`"),
        ("config.architecture", "exec", "architecture `exec`"),
        ("config.architecture", ["lora"], "is not supported"),
        ("config", None, "does not contain `config`"),
        ("config", {"architecture": "union", "configs": [{}] * 99}, "cannot be combined"),
        ("config", {"architecture": "union", "configs": [1, 2]}, ""),
        ("config", {"reduction_factor": 16}, "does not state `mh_adapter`"),
        ("name", "\ud800", "is not valid JSON"),
        ("name", 7, "does not state its `name`"),
        ("name", "other", "does not belong to the model"),
        ("hidden_size", 768, "to a model of width 768"),
        ("model_type", "bert", "to a model of type `bert`"),
    ],
)
def test_configurations(
    plain: Path, backbone: Backbone, tmp_path: Path, key: str, value: object, message: str
) -> None:
    folder = shutil.copytree(plain, tmp_path / "f")
    edit_config(folder, _set(key, value))
    refused(folder, backbone, tmp_path / "store", message)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("config.num_labels", 2, "does not name 2 labels"),
        ("config.num_labels", 10**12, "is not a valid number of labels"),
        ("config.label2id", {"a": 0, "b": 0, "c": 2}, "does not name 3 labels"),
        ("config.label2id", {"a": "0", "b": 1, "c": 2}, "does not give a number"),
        ("config", [], "the head is unknown"),
    ],
)
def test_heads(
    plain: Path, backbone: Backbone, tmp_path: Path, key: str, value: object, message: str
) -> None:
    folder = shutil.copytree(plain, tmp_path / "f")
    edit_config(folder, _set(key, value), "head_config.json")
    refused(folder, backbone, tmp_path / "store", message)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("peft_type", "IA3", "the PEFT type `IA3`"),
        ("peft_type", "IA3", "scales the feed-forward layer after its activation"),
        ("use_rslora", 3, "`use_rslora` must be true or false"),
        ("use_dora", True, "`use_dora: True` is not supported"),
        ("rank_pattern", {"query": 8}, "`rank_pattern` gives"),
        ("rank_pattern", {"(a+)+$": 4}, "`rank_pattern` names `(a+)+$`"),
        ("alpha_pattern", [1], "`alpha_pattern` must map names"),
        ("alpha_pattern", {"query": True}, "must be numbers above 0"),
        ("init_lora_weights", "pissa", "`init_lora_weights: pissa`"),
        ("bias", "all", "trains biases"),
        ("target_modules", ["query", "dense"], "names `dense`"),
        ("target_modules", ".*query", "is not a list"),
        ("lora_alpha", -2, "must be numbers above 0"),
        ("layers_to_transform", [7], "names none of the 2 layers"),
        ("target_modules", ["query"], "does not belong to the model"),
        ("surprise", 1, "`surprise: 1` is not supported"),
    ],
)
def test_configurations_of_peft(
    peft: Path, backbone: Backbone, tmp_path: Path, key: str, value: object, message: str
) -> None:
    folder = shutil.copytree(peft, tmp_path / "f")
    edit_config(folder, _set(key, value))
    refused(folder, backbone, tmp_path / "store", message)


def test_weights(plain: Path, backbone: Backbone, tmp_path: Path) -> None:
    changes: list[tuple[Callable[[dict[str, Any]], object], str]] = [
        (lambda weights: weights.pop(min(weights)), "is missing"),
        (lambda weights: weights.update(extra=torch.ones(2)), "does not belong to the model"),
        (lambda weights: weights[min(weights)].fill_(torch.nan), "NaN"),
    ]
    for number, (change, message) in enumerate(changes):
        folder = shutil.copytree(plain, tmp_path / str(number))
        edit_weights(folder, change)
        refused(folder, backbone, tmp_path / "store", message)
    folder = shutil.copytree(plain, tmp_path / "head")
    edit_weights(folder, lambda weights: weights.popitem(), "model_head.safetensors")
    refused(folder, backbone, tmp_path / "store", "is missing")


@pytest.mark.parametrize("name", ["adapter.safetensors", "model_head.safetensors"])
def test_pickles_are_refused_whatever_they_are_called(
    plain: Path, backbone: Backbone, tmp_path: Path, name: str
) -> None:
    folder = shutil.copytree(plain, tmp_path / "f")
    (folder / name).write_bytes(pickle.dumps({"a": 1}))
    refused(folder, backbone, tmp_path / "store", "is a pickle")
    torch.save({"a": torch.ones(2)}, folder / name)
    text = refused(folder, backbone, tmp_path / "store", "a zip archive, as PyTorch's pickles are")
    assert "use_safetensors=True" in text


def test_pickles_alone_are_told_how_to_convert(
    plain: Path, peft: Path, backbone: Backbone, tmp_path: Path
) -> None:
    folder = shutil.copytree(plain, tmp_path / "f")
    (folder / "adapter.safetensors").rename(folder / "pytorch_adapter.bin")
    text = refused(folder, backbone, tmp_path / "store", "pytorch_adapter.bin, which can run code")
    assert "use_safetensors=True" in text
    folder = shutil.copytree(peft, tmp_path / "p")
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")
    assert "save_pretrained" in refused(folder, backbone, tmp_path / "store", "adapter_model.bin")


def test_several_adapters_are_not_one(plain: Path, backbone: Backbone, tmp_path: Path) -> None:
    for name in ("a", "b"):
        shutil.copytree(plain, tmp_path / "both" / name)
    refused(tmp_path / "both", backbone, tmp_path / "store", "holds 2 adapters")
