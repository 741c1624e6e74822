"""Adapters of other libraries: the same logits as there, and nothing claimed that is not known."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import UsageError
from adapterxlt.methods.parser import parse_method
from adapterxlt.models.build import load
from adapterxlt.models.export import export
from adapterxlt.sharing.entries import read_entry
from adapterxlt.sharing.foreign import take_in_foreign
from adapterxlt.sharing.foreign_read import is_foreign
from adapterxlt.sharing.source import open_source
from adapterxlt.sharing.transport import TakenIn, pack, prepared, take_in
from adapterxlt.store.store import Store
from tests.sharing.foreign import LABELS, by_adapters, by_peft, logits

Stages = dict[str, Path]


def taken(folder: Path, backbone: Backbone, root: Path, **options: object) -> TakenIn:
    assert is_foreign(folder)
    found, note = take_in_foreign(folder, Store(root), backbone=str(backbone.path), **options)  # type: ignore[arg-type]
    assert note == ""
    return found


def same(found: TakenIn, backbone: Backbone, expected: Tensor) -> None:
    assert found.loaded
    ours = logits(load(backbone, found.folder).model)
    assert expected.abs().max() > 0.01
    torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("method", "head"),
    [
        ("seq_bn", "classification"),
        ("lora[r=4,alpha=3]", "tagging"),
        ("prefix_tuning[prefix_length=4,bottleneck_size=16]", "classification"),
        ("ia3", "qa"),
        ("seq_bn_inv", "classification"),
        ("prefix_tuning[prefix_length=3,bottleneck_size=8]|par_bn[reduction_factor=8]", "tagging"),
    ],
)
def test_what_adapters_saved_gives_the_same_logits(
    backbone: Backbone, tmp_path: Path, method: str, head: str
) -> None:
    expected = by_adapters(backbone.path, tmp_path / "theirs", method, head)
    found = taken(tmp_path / "theirs", backbone, tmp_path / "store")
    same(found, backbone, expected)
    recorded = parse_method(found.manifest.parts["params"]["method"])  # type: ignore[index]
    assert recorded.same_config(parse_method(method))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("SEQ_CLS", {}),
        ("TOKEN_CLS", {"target_modules": ["key", "query"]}),
        ("SEQ_CLS", {"target_modules": ["value"], "layers_to_transform": [1], "lora_dropout": 0.1}),
    ],
)
def test_what_peft_saved_gives_the_same_logits(
    backbone: Backbone, tmp_path: Path, kind: str, options: dict[str, object]
) -> None:
    pytest.importorskip("peft", reason="peft is not installed")
    expected = by_peft(backbone.path, tmp_path / "theirs", kind, **options)
    same(taken(tmp_path / "theirs", backbone, tmp_path / "store"), backbone, expected)


@pytest.mark.parametrize(("name", "kind"), [("nli", "adapters"), ("low_rank", "peft")])
def test_an_export_comes_back(
    stages: Stages, backbone: Backbone, tmp_path: Path, name: str, kind: str
) -> None:
    built = load(backbone, stages[name])
    expected = logits(built.model)
    export(built, stages[name], tmp_path / "out", kind)
    same(taken(tmp_path / "out", backbone, tmp_path / "store"), backbone, expected)


def test_what_is_unknown_is_said(backbone: Backbone, tmp_path: Path) -> None:
    by_adapters(backbone.path, tmp_path / "theirs", "seq_bn")
    found = taken(tmp_path / "theirs", backbone, tmp_path / "store")
    entry = read_entry(found.folder)
    assert (entry.manifest.kind, entry.manifest.title) == ("import", "to_2")
    assert (entry.task, entry.data, entry.languages) == ("unknown", "unknown", [])
    assert entry.lineage == f"{backbone.path} > imported (seq_bn, training unknown)"
    facts = entry.manifest.artifact
    assert facts is not None
    assert facts.license == ""
    assert facts.labels == {"unknown": tuple(LABELS.values())}
    card = (found.folder / "README.md").read_text()
    assert "imported from a folder that adapters wrote. **Unknown**: its training data" in card
    assert "| licence | not stated |" in card
    assert "datasets:" not in card


def test_it_is_packed_and_taken_in_as_any_other(backbone: Backbone, tmp_path: Path) -> None:
    expected = by_adapters(backbone.path, tmp_path / "theirs", "seq_bn")
    first = taken(tmp_path / "theirs", backbone, tmp_path / "store", license="mit")
    again = taken(tmp_path / "theirs", backbone, tmp_path / "store", license="mit")
    assert (first.new, again.new) == (True, False)
    with prepared(first.folder) as (source, manifest):
        assert manifest.artifact is not None
        assert manifest.artifact.license == "mit"
        pack(source, tmp_path / "one.axlt")
    bundle = open_source(tmp_path / "one.axlt")
    same(take_in(bundle, Store(tmp_path / "other"), backbone=backbone), backbone, expected)


def test_a_task_puts_the_labels_in_its_order(backbone: Backbone, tmp_path: Path) -> None:
    expected = by_adapters(backbone.path, tmp_path / "theirs", "seq_bn")
    found = taken(tmp_path / "theirs", backbone, tmp_path / "store", task="mnli")
    facts = found.manifest.artifact
    assert facts is not None
    (labels,) = facts.labels.values()
    order = [list(LABELS.values()).index(label) for label in labels]
    assert order != [0, 1, 2]
    same(found, backbone, expected[:, order])


def test_labels_that_nobody_named_are_asked_for(backbone: Backbone, tmp_path: Path) -> None:
    pytest.importorskip("peft", reason="peft is not installed")
    expected = by_peft(backbone.path, tmp_path / "theirs")
    with pytest.raises(UsageError, match="LABEL_0") as refused:
        taken(tmp_path / "theirs", backbone, tmp_path / "store", task="mnli")
    assert "--labels" in str(refused.value)
    names = ["entailment", "neutral", "contradiction"]
    found = taken(tmp_path / "theirs", backbone, tmp_path / "store", task="mnli", labels=names)
    assert found.manifest.artifact is not None
    order = [names.index(label) for label in found.manifest.artifact.labels["mnli"]]
    same(found, backbone, expected[:, order])
    with pytest.raises(UsageError, match="--labels names 2"):
        taken(tmp_path / "theirs", backbone, tmp_path / "store", labels=["a", "b"])
    with pytest.raises(UsageError, match="tagging"):
        taken(tmp_path / "theirs", backbone, tmp_path / "store", task="udpos")


def test_a_head_that_is_not_read_is_left_out_and_said(backbone: Backbone, tmp_path: Path) -> None:
    by_adapters(backbone.path, tmp_path / "theirs", "seq_bn", "causal")
    found, note = take_in_foreign(
        tmp_path / "theirs", Store(tmp_path / "store"), backbone=str(backbone.path)
    )
    assert note == "its head has the type `causal_lm`, which is not supported; it was left out"
    built = load(backbone, found.folder)
    assert built.head is None
    with pytest.raises(UsageError, match="has no head"):
        taken(tmp_path / "theirs", backbone, tmp_path / "store", task="mnli")
