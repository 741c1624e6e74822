"""A stranger's backbone runs no code and reads no other file, wherever it is loaded."""

from __future__ import annotations

import json
import logging
import shutil
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer

from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.backbones.find import resolve_backbone
from adapterxlt.errors import MissingBackboneError
from adapterxlt.models import base
from adapterxlt.models.base import load_base, load_tokenizer
from adapterxlt.models.view import view


@pytest.fixture
def folder(tiny_backbone: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_backbone, tmp_path / "theirs"))


def change(path: Path, **keys: object) -> None:
    document = json.loads(path.read_text()) if path.is_file() else {}
    path.write_text(json.dumps({**document, **keys}))


@pytest.fixture
def called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package `kernels` that leaves a file when it is imported, and code of the folder's own."""
    mark = tmp_path / "called"
    package = tmp_path / "site/kernels"
    package.mkdir(parents=True)
    code = f"open({str(mark)!r}, 'w').close()\n"
    (package / "__init__.py").write_text(code + "def get_kernel(*a, **k): raise RuntimeError\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.delitem(sys.modules, "kernels", raising=False)
    return mark


@pytest.mark.parametrize(
    "keys",
    [
        {"_attn_implementation_internal": "someone/kernel"},
        {"_attn_implementation": "someone/kernel"},
        {"auto_map": {"AutoConfig": "evil.C", "AutoModel": "evil.M", "AutoTokenizer": "evil.T"}},
    ],
)
def test_code_is_refused_before_transformers_sees_it(
    folder: Path, called: Path, keys: dict[str, object]
) -> None:
    found = inspect_backbone("theirs", folder)
    (folder / "evil.py").write_text((folder.parent / "site/kernels/__init__.py").read_text())
    change(folder / "config.json", **keys)
    with pytest.raises(MissingBackboneError, match="names code to run"):
        inspect_backbone("theirs", folder)
    for load in (load_base, load_tokenizer):  # changed since it was looked at
        with pytest.raises(MissingBackboneError, match="names code to run"):
            load(found)
    assert not called.exists()


def test_a_tokenizer_s_code_is_refused(folder: Path) -> None:
    change(folder / "tokenizer_config.json", auto_map={"AutoTokenizer": ["evil.T", None]})
    with pytest.raises(MissingBackboneError, match=r"tokenizer_config\.json has auto_map"):
        inspect_backbone("theirs", folder)


def test_nothing_else_of_the_folder_has_an_effect(
    folder: Path, tiny_backbone: Path, tmp_path: Path
) -> None:
    """transformers would load the model that an adapter_config.json names, for one."""
    change(folder / "config.json", adapters={"adapters": {"x": "y"}}, num_labels=7, rope=1)
    change(folder / "tokenizer_config.json", tokenizer_file="/etc/hostname", chat_template="{{")
    change(folder / "special_tokens_map.json", tokenizer_file="/etc/hostname")
    change(folder / "adapter_config.json", base_model_name_or_path=str(tmp_path / "other"))
    change(folder / "generation_config.json", custom_generate="evil")
    found = inspect_backbone("theirs", folder)
    with view(found) as seen:
        names = {path.name for path in seen.iterdir()}
        config = json.loads((seen / "config.json").read_text())
    assert not seen.exists()
    assert names <= {
        "config.json", "model.safetensors", "tokenizer.json", "sentencepiece.bpe.model",
        "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
    }  # fmt: skip
    assert config.keys().isdisjoint({"adapters", "num_labels", "rope", "architectures"})
    ours, theirs = load_base(inspect_backbone("tiny", tiny_backbone)), load_base(found)
    for (name, one), (other, two) in zip(
        ours.state_dict().items(), theirs.state_dict().items(), strict=True
    ):
        assert name == other
        assert torch.equal(one, two)
    text = "The old woman went to Łódź."
    assert load_tokenizer(found)(text) == load_tokenizer(inspect_backbone("tiny", tiny_backbone))(
        text
    )
    saved = tmp_path / "saved"
    load_tokenizer(found).save_pretrained(saved)
    model = "sentencepiece.bpe.model"
    assert (saved / model).read_bytes() == (folder / model).read_bytes()


def test_what_is_not_used_is_said_once(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    change(folder / "config.json", rope=1, _secret=[2])
    with caplog.at_level(logging.WARNING, "adapterxlt"):
        for _ in range(3):
            inspect_backbone("theirs", folder)
    (record,) = caplog.records
    assert record.getMessage().endswith("config.json that are not used: _secret, rope")


def test_shards_are_read_from_the_folder_only(folder: Path, tiny_backbone: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(weights)
    for number, part in enumerate((names[::2], names[1::2]), start=1):
        shard = {name: weights[name].clone() for name in part}
        save_file(shard, folder / f"model-0000{number}-of-00002.safetensors", {"format": "pt"})
    shards = {
        name: f"../../elsewhere/model-0000{1 + at % 2}-of-00002.safetensors"
        for at, name in enumerate(names)
    }
    change(folder / "model.safetensors.index.json", weight_map=shards, metadata={})
    model = load_base(inspect_backbone("theirs", folder))
    for one, two in zip(
        model.parameters(),
        load_base(inspect_backbone("tiny", tiny_backbone)).parameters(),
        strict=True,
    ):
        assert torch.equal(one, two)


def test_sizes_are_compared_before_room_is_made(folder: Path) -> None:
    config = (folder / "config.json").read_text()
    for key, value, message in (
        ("num_hidden_layers", 10**9, "has num_hidden_layers: 1000000000"),
        ("intermediate_size", 200_000, r"intermediate\.dense\.bias` has shape \[64\]"),
        ("type_vocab_size", 60_000, "token_type_embeddings"),
    ):
        (folder / "config.json").write_text(config)
        change(folder / "config.json", **{key: value})
        with pytest.raises(MissingBackboneError, match=message):
            inspect_backbone("theirs", folder)


def test_what_no_rule_refuses_and_transformers_cannot_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = json.loads((folder / "tokenizer.json").read_text())
    del document["model"]["vocab"]
    (folder / "tokenizer.json").write_text(json.dumps(document))
    with pytest.raises(MissingBackboneError, match=r"tokenizer cannot be loaded: Missing vocab"):
        load_tokenizer(inspect_backbone("theirs", folder))

    def lacking(*_: object, **__: object) -> object:
        raise KeyError("rope")

    message = "`theirs` cannot be loaded from `.*`: there is no 'rope'"
    monkeypatch.setattr(AutoTokenizer, "from_pretrained", lacking)
    with pytest.raises(MissingBackboneError, match="tokenizer cannot be loaded: there is no"):
        load_tokenizer(inspect_backbone("theirs", folder))
    monkeypatch.setattr(base, "adapter_class", lambda _: Mock(from_pretrained=lacking))
    with pytest.raises(MissingBackboneError, match=message):
        load_base(inspect_backbone("theirs", folder))


@pytest.mark.parametrize(
    "name", ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
)
def test_pointers_of_git_lfs_are_called_that(folder: Path, name: str) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4096\n"
    (folder / name).write_text(pointer)
    with pytest.raises(MissingBackboneError, match="is a Git LFS pointer") as caught:
        inspect_backbone("theirs", folder)
    assert "git lfs pull" in str(caught.value)


def test_a_backbone_in_the_hub_s_cache_is_the_same(folder: Path, tmp_path: Path) -> None:
    snapshot = tmp_path / "models--ann--tiny/snapshots" / ("c" * 40)
    (snapshot.parent.parent / "blobs").mkdir(parents=True)
    snapshot.mkdir(parents=True)
    for number, path in enumerate(sorted(folder.iterdir())):
        shutil.copyfile(path, snapshot.parent.parent / f"blobs/{number}")
        (snapshot / path.name).symlink_to(f"../../blobs/{number}")
    found = resolve_backbone(str(snapshot), tmp_path)
    assert found.hash == inspect_backbone("theirs", folder).hash
    assert load_base(found).config.hidden_size == found.hidden_size
