"""Every kind of head, out to the real libraries and in again: equal outputs, or said why not."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from torch import Tensor

from adapterxlt.backbones.architectures.entry import Architecture
from adapterxlt.backbones.architectures.xlm_roberta import XLM_ROBERTA
from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.errors import UsageError
from adapterxlt.kinds.registry import trainable
from adapterxlt.models.build import Built, HeadSpec, build_train, load, save
from adapterxlt.models.export import export
from adapterxlt.models.head_classes import plain_name
from adapterxlt.models.merge import merge
from adapterxlt.sharing.foreign import take_in_foreign
from adapterxlt.store.store import Store
from tests import encoders
from tests.models.conftest import disturb

ANIMALS = ("zebra", "ant", "moth")
LABELS = {
    "pair_classification": ANIMALS,
    "tagging": ("O", "B-PER", "A"),
    "text_classification": ANIMALS,
}
SEVERAL = "text_classification"  # with several labels; with one its head is that of pairs
METHODS = {
    "bottleneck": "seq_bn",
    "lora": "lora[r=4,alpha=6]",
    "prefix": "prefix_tuning[prefix_length=3,bottleneck_size=8]",
    "full": "full",
}
REFUSED = {
    ("adapters", "full"): "has its own backbone weights",
    ("peft", "bottleneck"): "PEFT has no bottleneck adapters",
    ("peft", "prefix"): "shifts the positions of all tokens",
    ("peft", "full"): "has its own backbone weights",
    ("transformers", "bottleneck"): "`seq_bn` adds layers or vectors",
    ("transformers", "prefix"): "`prefix_tuning` adds layers or vectors",
}
CHOICES = 3


def head_of(kind: str) -> HeadSpec:
    labels = LABELS.get(kind, ())
    return HeadSpec(kind=kind, labels=labels, task="t", multi_label=kind == SEVERAL)


def made(backbone: Backbone, folder: Path, method: str, *heads: HeadSpec) -> Built:
    """A trained stage, written into `folder` as an artifact."""
    first, *others = heads
    built = build_train(backbone, method=method, name="q", head=first, other_heads=others, seed=1)
    save(disturb(built), folder)
    return load(backbone, folder)


def inputs(kind: str) -> dict[str, Tensor]:
    """Two inputs of different lengths; of choices three each."""
    generator = torch.Generator().manual_seed(3)
    shape = (2, CHOICES, 9) if kind == "multiple_choice" else (2, 9)
    ids = torch.randint(4, 300, shape, generator=generator)
    mask = torch.ones_like(ids)
    mask[0, ..., 6:] = 0
    ids[0, ..., 6:] = 1
    return {"input_ids": ids, "attention_mask": mask}


def outputs(model: Any, kind: str, **more: Tensor) -> Tensor:
    """A head's outputs for `inputs`, of tokens that are there."""
    given = inputs(kind)
    with torch.no_grad():
        found = model(**given, **more)
    if kind == "span_qa":
        logits = torch.stack([found.start_logits, found.end_logits], dim=-1)
    else:
        logits = found.logits
    there = given["attention_mask"].bool()
    if kind == "mlm":
        return logits[0] if more else logits[there]
    return logits[there] if kind in ("tagging", "span_qa") else logits


def ours(built: Built, kind: str) -> Tensor:
    masked = inputs(kind)["attention_mask"].bool()
    return outputs(built.model, kind, **({"masked": masked} if kind == "mlm" else {}))


def in_library(
    folder: Path, library: str, kind: str, architecture: Architecture = XLM_ROBERTA
) -> Any:
    """The model as that library itself loads it."""
    if library == "transformers":
        return getattr(transformers, plain_name(architecture, kind)).from_pretrained(folder).eval()
    choices = kind == "multiple_choice" and library == "adapters"
    return runpy.run_path(str(folder / "load.py"))["load"](**({"choices": 3} if choices else {}))


def close(found: Tensor, expected: Tensor) -> None:
    assert expected.abs().max() > 0.01
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("library", ["adapters", "peft", "transformers"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", [kind.name for kind in trainable()])
def test_out_and_in_again(
    backbone: Backbone, tmp_path: Path, kind: str, method: str, library: str
) -> None:
    if library == "peft":
        pytest.importorskip("peft", reason="peft is not installed")
    built = made(backbone, tmp_path / "artifact", METHODS[method], head_of(kind))
    out, store = tmp_path / "out", Store(tmp_path / "store")
    reason = REFUSED.get((library, method))
    if reason:
        with pytest.raises(UsageError, match=reason) as refused:
            export(built, tmp_path / "artifact", out, library)
        assert "`q`" in refused.value.message
        assert refused.value.hint
        return
    expected = ours(built, kind)
    export(built, tmp_path / "artifact", out, library)
    theirs = in_library(out, library, kind)
    close(outputs(theirs, kind), expected)
    if kind in LABELS and library != "adapters":
        assert theirs.config.id2label == dict(enumerate(LABELS[kind]))
    found, note = take_in_foreign(out, store, backbone=str(backbone.path))
    assert note == ""
    again = load(backbone, found.folder)
    assert again.head is not None
    assert (again.head.kind, again.head.labels) == (kind, LABELS.get(kind, ()))
    assert again.head.multi_label == (kind == SEVERAL)
    close(ours(again, kind), expected)


# A kind and a method for each library; what an architecture's heads cannot.
TRIED = {
    "adapters": ("tagging", "seq_bn"),
    "peft": ("span_qa", "lora[r=4,alpha=6]"),
    "transformers": ("pair_classification", "full"),
}
STAYS = {
    ("modernbert", "adapters"): "does not have a model with heads for `modernbert`",
    ("modernbert", "peft"): "names other matrices",
    ("modernbert", "transformers"): "transformers builds heads",
}


@pytest.mark.parametrize("library", TRIED)
@pytest.mark.parametrize(
    "model_type", [name for name in encoders.ENCODERS if name != "xlm-roberta"]
)
def test_out_and_in_again_on_every_architecture(
    tmp_path: Path, model_type: str, library: str
) -> None:
    if library == "peft":
        pytest.importorskip("peft", reason="peft is not installed")
    backbone = inspect_backbone(model_type, encoders.build(tmp_path / "encoder", model_type))
    kind, method = TRIED[library]
    built = made(backbone, tmp_path / "artifact", method, head_of(kind))
    out = tmp_path / "out"
    if reason := STAYS.get((model_type, library)):
        with pytest.raises(UsageError, match=reason) as refused:
            export(built, tmp_path / "artifact", out, library)
        assert "use `artifact pack` to share" in str(refused.value.hint)
        return
    expected = ours(built, kind)
    export(built, tmp_path / "artifact", out, library)
    close(outputs(in_library(out, library, kind, backbone.architecture), kind), expected)
    found, note = take_in_foreign(out, Store(tmp_path / "store"), backbone=str(backbone.path))
    assert note == ""
    close(ours(load(backbone, found.folder), kind), expected)


@pytest.mark.parametrize("rank", [None, 4])
@pytest.mark.parametrize("weights", [(0.7, 0.3), (1.0, -1.0)])
@pytest.mark.parametrize("library", ["adapters", "peft", "transformers"])
def test_a_merge_of_unequal_loras_gives_the_same_with_and_without_a_head(
    backbone: Backbone,
    tmp_path: Path,
    library: str,
    weights: tuple[float, float],
    rank: int | None,
) -> None:
    if library == "peft":
        pytest.importorskip("peft", reason="peft is not installed")
    head = head_of("pair_classification")
    members = [tmp_path / "a", tmp_path / "b"]
    for folder, method in zip(members, ("lora[r=2,alpha=6]", "lora[r=4]"), strict=True):
        made(backbone, folder, method, head)
    artifact, out = tmp_path / "merged", tmp_path / "out"
    save(merge(backbone, members, weights, "q", rank), artifact)
    built = load(backbone, artifact)
    has_head = sum(weights) != 0
    assert (built.spec is not None and built.spec.head is not None) == has_head
    given = inputs("pair_classification")

    def found(model: Any) -> Tensor:
        with torch.no_grad():
            return torch.as_tensor(model(**given)[0])

    expected = found(built.model)
    export(built, artifact, out, library)
    if library == "transformers" and not has_head:
        theirs: Any = transformers.AutoModel.from_pretrained(out).eval()
    else:
        theirs = in_library(out, library, "pair_classification")
    close(found(theirs), expected)
