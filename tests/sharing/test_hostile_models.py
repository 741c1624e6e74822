"""Artifacts whose files are in order and whose model is not: refused when they are loaded."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import InvalidArtifactError
from adapterxlt.models.spec import REFERENCE_FILE, SPEC_FILE
from adapterxlt.sharing.make import finish
from adapterxlt.sharing.source import FolderSource
from adapterxlt.sharing.transport import prepared, take_in
from adapterxlt.store.manifest import read_manifest
from adapterxlt.store.store import Store

Spoil = Callable[[Path], object]
ADAPTER = "adapter.safetensors"


@pytest.fixture(scope="module")
def sound(
    stages: dict[str, Path], backbone: Backbone, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The artifact of a single adapter with a head."""
    folder = tmp_path_factory.mktemp("sound") / "nli"
    with prepared(stages["nli"], backbone=str(backbone.path)) as (source, _):
        shutil.copytree(source.where, folder)
    return folder


def relist(folder: Path) -> None:
    """Write manifest and hashes anew, as an attacker would."""
    manifest = read_manifest(folder)
    assert manifest.artifact is not None
    finish(folder, manifest, manifest.artifact, [])


def spec(change: Callable[[dict[str, Any]], object]) -> Spoil:
    def spoil(folder: Path) -> None:
        document = json.loads((folder / SPEC_FILE).read_text())
        change(document)
        (folder / SPEC_FILE).write_text(json.dumps(document))

    return spoil


def method(text: str) -> Spoil:
    return spec(lambda s: (s["adapters"][0].update(method=text), s.update(method=text)))


def named(name: str) -> Spoil:
    """The adapter under another name, in its tensors too."""

    def spoil(folder: Path) -> None:
        for file in (ADAPTER, "model_head.safetensors"):
            tensors = load_file(folder / file)
            save_file(
                {k.replace(".nli.", f".{name}."): v for k, v in tensors.items()}, folder / file
            )
        spec(lambda s: (s.update(name=name, setup=name), s["adapters"][0].update(name=name)))(
            folder
        )

    return spoil


def tensors(file: str, change: Callable[[dict[str, torch.Tensor]], object]) -> Spoil:
    def spoil(folder: Path) -> None:
        found = load_file(folder / file)
        change(found)
        save_file(found, folder / file)

    return spoil


def deep(document: dict[str, Any]) -> None:
    setup: object = "nli"
    for _ in range(300):
        setup = {"stack": [setup, "nli"]}
    document["setup"] = setup


def reference(change: Callable[[dict[str, torch.Tensor]], object]) -> Spoil:
    return tensors(REFERENCE_FILE, change)


KINDS: dict[str, Spoil] = {
    **{f"an adapter called `{name}`": named(name) for name in ("to", "half", "type", "keys")},
    "a bottleneck of 3e13 units": method("seq_bn[reduction_factor=0.000000000001]"),
    "a LoRA of rank 10^12": method("lora[r=1000000000000]"),
    "a prefix of 10^12 positions": method("prefix_tuning[prefix_length=1000000000000]"),
    "a prompt of 10^12 tokens": method("prompt_tuning[prompt_length=1000000000000]"),
    "a method that is a program": method("seq_bn[non_linearity=__import__('os')]"),
    "a union of 2000 methods": method("|".join(["seq_bn"] * 2000)),
    "a method of a megabyte": method("seq_bn" + "[" * (1 << 20)),
    "another method": method("lora[r=4]"),
    "a head of another task": spec(lambda s: s["head"].update(task="pawsx")),
    "a head of another kind": spec(lambda s: s["head"].update(kind="tagging")),
    "a head of 100,000 labels": spec(
        lambda s: s["head"].update(labels=[f"l{n}" for n in range(100_000)])
    ),
    "99 heads more": spec(
        lambda s: s.update(other_heads=[{**s["head"], "task": f"t{n:02}"} for n in range(99)])
    ),
    "no head, its files all the same": spec(lambda s: s.update(head=None)),
    "a full fine-tune without weights": spec(lambda s: s.update(full=True)),
    "another width of the backbone": spec(lambda s: s["backbone"].update(hidden_size=64)),
    "a stack with itself": spec(lambda s: s.update(setup={"stack": ["nli", "nli"]})),
    "a fusion with itself": spec(lambda s: s.update(setup={"fuse": ["nli", "nli"]})),
    "a stack without end": spec(deep),
    "a folder elsewhere": spec(lambda s: s["adapters"][0].update(folder="../../x")),
    "whole numbers as weights": tensors(
        ADAPTER, lambda t: t.update({k: v.to(torch.int64) for k, v in t.items()})
    ),
    "no reference outputs": lambda folder: (folder / REFERENCE_FILE).unlink(),
    "other outputs": reference(lambda t: t["logits"].add_(1)),
    "outputs of a larger model": reference(lambda t: t.update(logits=torch.zeros(1, 99))),
    "outputs of nothing": reference(lambda t: t.pop("logits")),
    "an output more": reference(lambda t: t.update(more=torch.zeros(1))),
    "an input that is no text": reference(lambda t: t["input_ids"].fill_(10**9)),
    "an input below zero": reference(lambda t: t["input_ids"].fill_(-1)),
    "a long input": reference(lambda t: t.update(input_ids=torch.ones(1, 10**6).long())),
    "an input of numbers": reference(lambda t: t.update(input_ids=torch.ones(1, 4))),
    "an empty input": reference(lambda t: t.update(input_ids=torch.ones(1, 0).long())),
}


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_models(sound: Path, backbone: Backbone, tmp_path: Path, kind: str) -> None:
    folder = shutil.copytree(sound, tmp_path / "made")
    KINDS[kind](folder)
    relist(folder)
    store = Store(tmp_path / "store")
    with pytest.raises(InvalidArtifactError) as refused:
        take_in(FolderSource(folder), store, backbone=backbone)
    assert len(str(refused.value)) < 2000
    assert ".staging" not in str(refused.value)  # where nothing is any more
    assert not [path for path in store.root.rglob("*") if path.suffix != ".lock" and path.is_file()]


def test_the_sound_one_is_taken(sound: Path, backbone: Backbone, tmp_path: Path) -> None:
    folder = shutil.copytree(sound, tmp_path / "made")
    relist(folder)
    assert take_in(FolderSource(folder), Store(tmp_path / "store"), backbone=backbone).loaded
