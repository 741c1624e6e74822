from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import XLMRobertaModel

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import InvalidArtifactError
from adapterxlt.models.build import load

Artifacts = Callable[..., Path]


@pytest.fixture
def copy(artifacts: Artifacts, tmp_path: Path) -> Callable[[str], Path]:
    def make(name: str) -> Path:
        return Path(shutil.copytree(artifacts(name), tmp_path / name))

    return make


def edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    content = load_file(path) if path.suffix == ".safetensors" else json.loads(path.read_text())
    change(content)
    if path.suffix == ".safetensors":
        save_file(content, path)
    else:
        path.write_text(json.dumps(content))


def refused(backbone: Backbone, folder: Path, message: str) -> None:
    with pytest.raises(InvalidArtifactError, match=message) as caught:
        load(backbone, folder)
    assert caught.value.exit_code == 4


def test_the_bare_backbone_equals_transformers(backbone: Backbone, ids: Tensor) -> None:
    built = load(backbone, None)
    assert (built.spec, built.head) == (None, None)
    assert not built.model.training
    plain = XLMRobertaModel.from_pretrained(backbone.path).eval()
    mask = torch.ones_like(ids)
    with torch.no_grad():
        ours = built.model.base_model(ids, attention_mask=mask, output_hidden_states=True)
        theirs = plain(ids, attention_mask=mask, output_hidden_states=True)
    for mine, other in zip(ours.hidden_states, theirs.hidden_states, strict=True):
        torch.testing.assert_close(mine, other)


def test_the_tokenizer_knows_the_longest_input(backbone: Backbone) -> None:
    assert load(backbone, None).tokenizer.model_max_length == 128


def test_loaded_models_are_frozen_and_in_eval_mode(
    backbone: Backbone, artifacts: Artifacts
) -> None:
    model = load(backbone, artifacts("both")).model
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_another_backbone_is_refused_naming_both(backbone: Backbone, artifacts: Artifacts) -> None:
    other = replace(backbone, name="other", hash="f" * 64)
    refused(other, artifacts("nli"), r"backbone `tiny` .*, not on `other`")
    wider = replace(backbone, name="wide", hidden_size=768)
    refused(wider, artifacts("nli"), r"width 32, .*, not on `wide` \(2 layers, width 768")


def test_a_folder_without_description_is_no_artifact(backbone: Backbone, tmp_path: Path) -> None:
    refused(backbone, tmp_path, "not a trained artifact, because it has no model.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda spec: spec.update(surprise=1), "surprise: Extra inputs are not permitted"),
        (lambda spec: spec.update(schema=2), "schema"),
        (lambda spec: spec.pop("backbone"), "backbone"),
        (lambda spec: spec["adapters"][0].update(folder="../nli"), "is not a valid folder"),
        (lambda spec: spec["adapters"][0].update(folder="/etc"), "is not a valid folder"),
        (lambda spec: spec["adapters"][0].update(name="../x"), "adapters.0.name"),
        (lambda spec: spec.update(name="a.b"), "name"),
        (lambda spec: spec.update(setup="other"), "`adapters` and the names in `setup` differ"),
        (lambda spec: spec.update(setup={"stack": ["nli", "nli"]}), "differ"),
        (lambda spec: spec.update(fusion="dynamic"), "`fusion` and the fusions in `setup` differ"),
        (lambda spec: spec["adapters"][0].update(method="nonsense"), "nonsense"),
        (lambda spec: spec["adapters"][0].update(method="lora[r=2]"), "does not fit"),
        (lambda spec: spec["head"].update(labels=["a"]), r"has shape \[3\], but the model needs"),
    ],
)  # fmt: skip
def test_a_changed_description_is_refused(
    backbone: Backbone,
    copy: Callable[[str], Path],
    change: Callable[[dict[str, Any]], None],
    message: str,
) -> None:
    folder = copy("nli")
    edit(folder / "model.json", change)
    refused(backbone, folder, message)


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', "\xff\xfe", "[" * 5000, "null"])
def test_a_description_that_is_no_json_object_is_refused(
    backbone: Backbone, copy: Callable[[str], Path], text: str
) -> None:
    folder = copy("nli")
    (folder / "model.json").write_bytes(text.encode("latin-1"))
    refused(backbone, folder, "is damaged")


def _first(state: dict[str, Any]) -> str:
    return min(state)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop(_first(t)), "1 tensors that the model needs are missing"),
        (lambda t: t.update(extra=torch.zeros(1)), r"1 do not belong to it \(extra\)"),
        (lambda t: t.update({_first(t): torch.zeros(1)}), r"has shape \[1\], but the model needs"),
        (lambda t: t[_first(t)].fill_(float("nan")), "NaN or infinite"),
        (lambda t: t[_first(t)].fill_(float("inf")), "NaN or infinite"),
    ],
)
@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("nli", "adapter.safetensors"),
        ("nli", "model_head.safetensors"),
        ("over", "adapters/nli/adapter.safetensors"),
        ("both", "fusion/model_adapter_fusion.safetensors"),
        ("whole", "model.safetensors"),
    ],
)
def test_weights_that_do_not_fit_are_refused(
    backbone: Backbone,
    copy: Callable[[str], Path],
    name: str,
    file: str,
    change: Callable[[dict[str, Any]], None],
    message: str,
) -> None:
    folder = copy(name)
    edit(folder / file, change)
    refused(backbone, folder, message)


def test_cut_files_are_refused(backbone: Backbone, copy: Callable[[str], Path]) -> None:
    folder = copy("nli")
    path = folder / "adapter.safetensors"
    for size in (0, 7, path.stat().st_size - 1):
        path.write_bytes(path.read_bytes()[:size])
        refused(backbone, folder, "is damaged")
        shutil.rmtree(folder)
        folder = copy("nli")


def test_pickle_is_never_a_fallback(
    backbone: Backbone, copy: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = copy("nli")
    state = load_file(folder / "adapter.safetensors")
    (folder / "adapter.safetensors").unlink()
    torch.save(state, folder / "pytorch_adapter.bin")
    refused(backbone, folder, r"no adapter.safetensors; it has pytorch_adapter.bin, which can")
