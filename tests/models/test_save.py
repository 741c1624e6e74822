from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import adapters
import pytest
import torch
from torch import Tensor

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.methods.table import METHODS
from adapterxlt.models.build import build_train, load, save
from tests.models.conftest import PAIRS, disturb, logits

Artifacts = Callable[..., Path]


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


# At hidden size 32 the default bottleneck of compacters is narrower than their phm_dim.
FITTING = {"compacter": "[reduction_factor=4]", "compacter++": "[reduction_factor=4]"}


# What this version of adapters has: 1.2 is without DoRA.
KNOWN = [name for name in METHODS if name == "full" or name in adapters.ADAPTER_CONFIG_MAP]


@pytest.mark.parametrize("method", sorted(KNOWN))
def test_every_method_survives_a_round_trip(
    backbone: Backbone, tmp_path: Path, ids: Tensor, method: str
) -> None:
    text = method + FITTING.get(method, "")
    built = disturb(build_train(backbone, method=text, name="a", head=PAIRS, seed=1))
    before = logits(built, ids)
    save(built, tmp_path / "one")
    torch.testing.assert_close(logits(load(backbone, tmp_path / "one"), ids), before)
    torch.testing.assert_close(logits(built, ids), before)  # saving spoils nothing
    save(built, tmp_path / "two")
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("nli", {"adapter.safetensors", "adapter_config.json"}),
        ("over", {"adapters/nli/adapter.safetensors", "adapters/nli/adapter_config.json"}),
        ("both", {"fusion/model_adapter_fusion.safetensors", "head/model_head.safetensors"}),
        ("whole", {"model.safetensors", "head/model_head.safetensors", "head/head_config.json"}),
        ("on_whole", {"model.safetensors", "adapter.safetensors", "model_head.safetensors"}),
    ],
)
def test_artifacts_are_self_contained_and_hold_no_pickle(
    artifacts: Artifacts, name: str, files: set[str]
) -> None:
    found = set(hashes(artifacts(name)))
    assert files | {"model.json"} <= found
    assert {Path(file).suffix for file in found} == {".json", ".safetensors"}


def test_no_path_of_the_machine_gets_into_an_artifact(artifacts: Artifacts) -> None:
    for path in artifacts("over").rglob("*.json"):
        assert str(Path(__file__).parent.parent) not in path.read_text()
        assert "/tmp" not in path.read_text()


@pytest.mark.parametrize("method", ["seq_bn", "lora", "prefix_tuning", "loreft", "ia3"])
def test_a_single_adapter_loads_in_plain_adapters(
    backbone: Backbone, tmp_path: Path, ids: Tensor, method: str
) -> None:
    from adapters import AutoAdapterModel

    built = disturb(build_train(backbone, method=method, name="task", head=PAIRS, seed=1))
    save(built, tmp_path / "artifact")
    plain = AutoAdapterModel.from_pretrained(backbone.path)
    info: dict[str, list[str]] = {}
    name = plain.load_adapter(
        str(tmp_path / "artifact"), use_safetensors=True, loading_info=info, set_active=True
    )
    assert name == "task"
    # The library lists the one pool of prefixes once more a layer, and misses those aliases.
    assert [key for key in info["missing_keys"] if ".pool." not in key] == []
    assert info["unexpected_keys"] == []
    assert plain.get_labels_dict() == {0: "yes", 1: "no", 2: "maybe"}
    plain.eval()
    with torch.no_grad():
        theirs = plain(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
    torch.testing.assert_close(theirs, logits(built, ids))


def test_a_bare_backbone_is_no_artifact(backbone: Backbone, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="bare backbone"):
        save(load(backbone, None), tmp_path / "out")
