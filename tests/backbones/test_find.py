"""Finding backbones, and every way in which a folder is none."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.backbones.find import resolve_backbone
from adapterxlt.errors import MissingBackboneError
from adapterxlt.safetensors_header import read_shapes

CONFIG = {
    "model_type": "xlm-roberta",
    "hidden_size": 4,
    "num_attention_heads": 2,
    "num_hidden_layers": 2,
    "max_position_embeddings": 16,
    "vocab_size": 10,
}


def tensors(hidden: int = 4, layers: int = 2, prefix: str = "roberta.") -> dict[str, list[int]]:
    shapes = {
        f"{prefix}embeddings.word_embeddings.weight": [10, hidden],
        f"{prefix}embeddings.position_embeddings.weight": [16, hidden],
        "lm_head.bias": [10],
    }
    for index in range(layers):
        shapes[f"{prefix}encoder.layer.{index}.output.dense.bias"] = [hidden]
    return shapes


def write_safetensors(path: Path, shapes: dict[str, list[int]], fill: bytes = b"\0") -> None:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in shapes.items():
        size = 4
        for length in shape:
            size *= length
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + fill * end)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A whole backbone without a single weight in it."""
    found = tmp_path / "tiny"
    found.mkdir()
    (found / "config.json").write_text(json.dumps(CONFIG))
    (found / "tokenizer.json").write_text("{}")
    write_safetensors(found / "model.safetensors", tensors())
    return found


def refused(folder: Path, *parts: str) -> None:
    with pytest.raises(MissingBackboneError) as caught:
        resolve_backbone(str(folder), Path("/"))
    for part in parts:
        assert part in str(caught.value)


def test_a_folder_is_described(folder: Path) -> None:
    found = resolve_backbone("tiny", folder.parent)
    assert found == Backbone(
        "tiny", folder.resolve(), found.hash, 4, 2, 16, "xlm-roberta", lm_head=True
    )
    assert len(found.hash) == 64
    assert found.max_length == 14


def test_a_folder_is_looked_for_beside_the_recipe_then_here(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(folder.parent)
    elsewhere = tmp_path / "recipes"
    elsewhere.mkdir()
    assert resolve_backbone("tiny", elsewhere).path == folder.resolve()
    (elsewhere / "tiny").mkdir()
    with pytest.raises(MissingBackboneError, match="recipes"):
        resolve_backbone("tiny", elsewhere)


def test_a_bare_encoder_and_shards_are_taken(folder: Path) -> None:
    shapes = tensors(prefix="")
    (folder / "model.safetensors").unlink()
    first = {k: v for k, v in shapes.items() if "layer" in k}
    write_safetensors(folder / "a.safetensors", first)
    write_safetensors(folder / "b.safetensors", {k: v for k, v in shapes.items() if k not in first})
    index = {"weight_map": {k: "a.safetensors" if k in first else "b.safetensors" for k in shapes}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert resolve_backbone(str(folder), Path("/")).layers == 2
    (folder / "b.safetensors").unlink()
    refused(folder, "names missing weights: b.safetensors")
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {}}')
    refused(folder, "lists no weights")


def test_the_hash_is_of_contents(folder: Path) -> None:
    before = resolve_backbone(str(folder), Path("/")).hash
    saved_again = {**CONFIG, "transformers_version": "9", "torch_dtype": "float32"}
    (folder / "config.json").write_text(json.dumps(saved_again, indent=4))
    moved = folder.rename(folder.with_name("moved"))
    assert resolve_backbone(str(moved), Path("/")).hash == before
    hashes = {before}
    write_safetensors(moved / "model.safetensors", tensors(), fill=b"\1")
    os.utime(moved / "model.safetensors", ns=(1, 1))  # it may be the same tick of the clock
    hashes.add(resolve_backbone(str(moved), Path("/")).hash)
    (moved / "tokenizer.json").write_text('{"a": 1}')
    hashes.add(resolve_backbone(str(moved), Path("/")).hash)
    (moved / "config.json").write_text(json.dumps({**CONFIG, "layer_norm_eps": 1e-5}))
    hashes.add(resolve_backbone(str(moved), Path("/")).hash)
    assert len(hashes) == 4


def test_a_file_changed_in_place_is_hashed_again(folder: Path) -> None:
    path = folder / "model.safetensors"
    before = resolve_backbone(str(folder), Path("/")).hash
    write_safetensors(path, tensors(), fill=b"\2")  # the same size
    os.utime(path, ns=(1, 1))
    assert resolve_backbone(str(folder), Path("/")).hash != before


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(MissingBackboneError) as caught:
        resolve_backbone("./nowhere", tmp_path)
    assert str(tmp_path / "nowhere") in str(caught.value)
    assert str(Path.cwd() / "nowhere") in str(caught.value)


def test_a_file_is_no_folder(folder: Path) -> None:
    refused(folder / "config.json", "is a file", "the folder that holds config.json")


def test_missing_configuration(folder: Path) -> None:
    (folder / "config.json").unlink()
    refused(folder, "has no config.json", str(folder))


@pytest.mark.parametrize("text", ["", "{", "[]", "\xff", "[" * 5000])
def test_damaged_configuration(folder: Path, text: str) -> None:
    (folder / "config.json").write_text(text, encoding="latin-1")
    refused(folder, "config.json")


@pytest.mark.parametrize("value", [None, 0, -4, "4", 4.0, True])
def test_senseless_sizes(folder: Path, value: object) -> None:
    (folder / "config.json").write_text(json.dumps({**CONFIG, "hidden_size": value}))
    refused(folder, f"hidden_size: {value!r}", "whole number above 0")


@pytest.mark.parametrize("model_type", ["gpt2", None, ["bert"]])
def test_another_kind_of_model(folder: Path, model_type: object) -> None:
    (folder / "config.json").write_text(json.dumps({**CONFIG, "model_type": model_type}))
    refused(folder, f"the unsupported type `{model_type}`", "supported: xlm-roberta, bert")


def test_no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    refused(folder, "has no weights", "model.safetensors is missing")


def test_pickled_weights_are_never_loaded(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    refused(folder, "only pickled weights (pytorch_model.bin)", "save_pretrained")


def test_no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    refused(folder, "no tokenizer", "sentencepiece.bpe.model")
    (folder / "sentencepiece.bpe.model").write_bytes(b"")
    assert resolve_backbone(str(folder), Path("/")).hidden_size == 4


def test_another_hidden_size(folder: Path) -> None:
    write_safetensors(folder / "model.safetensors", tensors(hidden=8))
    refused(folder, "word_embeddings.weight` has shape [10, 8]", "config.json requires [10, 4]")


def test_missing_layers(folder: Path) -> None:
    write_safetensors(folder / "model.safetensors", tensors(layers=1))
    refused(folder, "do not contain `encoder.layer.1.output.dense.bias`", "2 layers of width 4")


@pytest.mark.parametrize("keep", [0, 5, 40, 300])
def test_weights_that_are_cut_off(folder: Path, keep: int) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    refused(folder, "cut off")


@pytest.mark.parametrize(
    "header",
    [b"[]", b"{ ", b'{"a": 1}', b'{"a": {"shape": [1]}}', b'{"a": {"shape": 1}}', b"\xff\xff",
     b'{"a": {"shape": ["x"], "data_offsets": [0, 4]}}', b"[" * 5000],
)  # fmt: skip
def test_headers_that_are_damaged(tmp_path: Path, header: bytes) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(ValueError, match="damaged"):
        read_shapes(path)


def test_a_header_that_claims_to_be_huge_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.safetensors"
    path.write_bytes((2**62).to_bytes(8, "little") + b"{}" * 10)
    with pytest.raises(ValueError, match="cut off or is not a safetensors file"):
        read_shapes(path)


class Hub:
    """Stands in for the Hugging Face Hub's client: a cache folder, and one to download from."""

    def __init__(self, cached: Path | None, online: Path | None) -> None:
        self.cached, self.online = cached, online
        self.downloads: list[str] = []
        self.patterns: list[str] = []

    def snapshot_download(
        self, name: str, *, allow_patterns: list[str], local_files_only: bool = False
    ) -> str:
        self.patterns = allow_patterns
        if local_files_only:
            if self.cached is None:
                raise FileNotFoundError("not cached")
            return str(self.cached)
        self.downloads.append(name)
        if self.online is None:
            raise ConnectionError("no route to host")
        return str(self.online)


def use(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Hub:
    monkeypatch.setattr(huggingface_hub, "snapshot_download", hub.snapshot_download)
    return hub


def test_a_cached_hub_model_is_not_downloaded(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = use(Hub(folder, None), monkeypatch)
    found = resolve_backbone("org/model", Path("/"))
    assert (found.name, found.path) == ("org/model", folder)
    assert hub.downloads == []
    assert not any(pattern.endswith((".bin", ".py", "*")) for pattern in hub.patterns)


def test_a_half_cached_hub_model_is_downloaded(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = use(Hub(tmp_path, folder), monkeypatch)
    assert resolve_backbone("xlm-roberta-base", Path("/")).path == folder
    assert hub.downloads == ["xlm-roberta-base"]


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors", "tokenizer.json"])
def test_what_another_program_has_not_fetched_is_fetched(
    missing: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = shutil.copytree(folder, tmp_path / "cached")
    (cached / missing).unlink()
    hub = use(Hub(cached, folder), monkeypatch)
    with pytest.raises(MissingBackboneError, match="nor in the local cache"):
        resolve_backbone("org/model", Path("/"), download=False)
    assert hub.downloads == []
    assert resolve_backbone("org/model", Path("/")).path == folder
    assert hub.downloads == ["org/model"]


def test_a_cached_tokenizer_is_one_that_the_architecture_can_have(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = shutil.copytree(folder, tmp_path / "cached")
    (cached / "tokenizer.json").rename(cached / "vocab.txt")  # BERT's, and not XLM-R's
    hub = use(Hub(cached, folder), monkeypatch)
    assert resolve_backbone("org/model", Path("/")).path == folder
    (cached / "vocab.txt").rename(cached / "sentencepiece.bpe.model")
    assert resolve_backbone("org/model", Path("/")).path == cached
    assert hub.downloads == ["org/model"]


def test_a_cached_model_of_an_unknown_type_is_not_fetched_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "config.json").write_text(json.dumps({**CONFIG, "model_type": ["gpt2"]}))
    hub = use(Hub(folder, folder), monkeypatch)
    with pytest.raises(MissingBackboneError, match="unsupported type"):
        resolve_backbone("org/model", Path("/"))
    assert hub.downloads == []


def test_an_unreachable_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    use(Hub(None, None), monkeypatch)
    with pytest.raises(MissingBackboneError) as caught:
        resolve_backbone("minni", Path("/"))
    assert "no route to host" in str(caught.value)
    assert "did you mean `mini`?" in str(caught.value)


def test_nothing_is_downloaded_where_that_is_not_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = use(Hub(None, tmp_path), monkeypatch)
    with pytest.raises(MissingBackboneError, match="nor in the local cache"):
        resolve_backbone("org/model", Path("/"), download=False)
    assert hub.downloads == []


def test_an_encoder_whose_language_modules_would_be_deleted_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "xmod", "hidden_size": 8}')
    with pytest.raises(MissingBackboneError, match="and `adapters` would delete them") as caught:
        inspect_backbone("x", tmp_path)
    assert "xlm-roberta-base" in str(caught.value.hint)


def test_an_older_version_of_the_library_may_compute_it_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapterxlt.methods.checks._installed", lambda: "1.2.0")
    (tmp_path / "config.json").write_text('{"model_type": "llama", "hidden_size": 8}')
    refused(tmp_path, "(`llama`) needs adapters 1.3 or newer, but 1.2.0 is installed")
