"""Heads of plain transformers, with an adapter, with PEFT, or with a whole model: equal logits."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import adapters
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import Tensor

from adapterxlt.backbones.architectures.xlm_roberta import XLM_ROBERTA
from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import InvalidArtifactError
from adapterxlt.kinds.registry import trainable
from adapterxlt.models.build import load
from adapterxlt.models.head_classes import plain_name
from adapterxlt.sharing.foreign import take_in_foreign
from adapterxlt.sharing.transport import TakenIn
from adapterxlt.store.store import Store
from tests import tiny
from tests.sharing.foreign import _disturb
from tests.sharing.test_heads_travel import close, ours, outputs

LABELS = {0: "zebra", 1: "ant", 2: "moth"}
LABELLED = ("pair_classification", "tagging", "text_classification")
IDS = {label: number for number, label in LABELS.items()}


def plain(backbone: Path, kind: str) -> Any:
    options: dict[str, Any] = {"id2label": LABELS, "label2id": IDS} if kind in LABELLED else {}
    if kind == "regression":
        options = {"num_labels": 1}
    if kind == "text_classification":
        options["problem_type"] = "multi_label_classification"
    return getattr(transformers, plain_name(XLM_ROBERTA, kind)).from_pretrained(backbone, **options)


def taken(folder: Path, backbone: Backbone, store: Path, note: str = "") -> TakenIn:
    found, said = take_in_foreign(folder, Store(store), backbone=str(backbone.path))
    assert note in said
    assert bool(note) == bool(said)
    return found


def with_pooler(folder: Path) -> Path:
    """The tests' backbone as XLM-R's own checkpoints are: with a pooler."""
    tiny.build(folder)
    weights = load_file(folder / "model.safetensors")
    generator = torch.Generator().manual_seed(5)
    weights["roberta.pooler.dense.weight"] = torch.randn(32, 32, generator=generator)
    weights["roberta.pooler.dense.bias"] = torch.randn(32, generator=generator)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    return folder


@pytest.mark.parametrize("kind", ["pair_classification", "tagging", "span_qa", "regression"])
def test_static_heads_of_adapters(backbone: Backbone, tmp_path: Path, kind: str) -> None:
    expected = static(backbone.path, tmp_path / "theirs", kind)
    found = taken(tmp_path / "theirs", backbone, tmp_path / "store")
    close(ours(load(backbone, found.folder), kind), expected)
    facts = found.manifest.artifact
    assert facts is not None
    assert facts.labels == {"unknown": tuple(LABELS.values()) if kind in LABELLED else ()}


def static(backbone: Path, folder: Path, kind: str) -> Tensor:
    model = plain(backbone, kind)
    adapters.init(model)
    model.add_adapter("a", config="seq_bn")
    model.train_adapter("a")
    _disturb(model)
    folder.mkdir()
    model.save_adapter(str(folder), "a", use_safetensors=True, with_head=True)
    assert json.loads((folder / "head_config.json").read_text())["config"] is None
    return outputs(model.eval(), kind)


def test_a_head_on_a_pooler_needs_the_pooler(backbone: Backbone, tmp_path: Path) -> None:
    static(backbone.path, tmp_path / "theirs", "multiple_choice")
    note = "`roberta.pooler.dense.bias` is neither in the file nor in the backbone; it was left out"
    found = taken(tmp_path / "theirs", backbone, tmp_path / "store", note)
    assert load(backbone, found.folder).head is None

    pooled = tiny_of(with_pooler(tmp_path / "pooled"))
    expected = static(pooled.path, tmp_path / "with", "multiple_choice")
    found = taken(tmp_path / "with", pooled, tmp_path / "store")
    close(ours(load(pooled, found.folder), "multiple_choice"), expected)


def tiny_of(folder: Path) -> Backbone:
    from adapterxlt.backbones.check import inspect_backbone

    return inspect_backbone("pooled", folder)


PEFT: list[tuple[str, dict[str, Any], str]] = [
    ("span_qa", {"task_type": "QUESTION_ANS", "r": 4, "lora_alpha": 8}, ""),
    ("tagging", {"modules_to_save": ["classifier"]}, ""),
    ("regression", {"task_type": "SEQ_CLS"}, ""),
    ("multiple_choice", {"modules_to_save": ["classifier", "pooler"]}, ""),
    ("pair_classification", {"task_type": "SEQ_CLS", "use_rslora": True}, "were unified"),
    (
        "pair_classification",
        {
            "task_type": "SEQ_CLS",
            "rank_pattern": {"layer.0.attention.self.query": 2, "value": 6},
            "alpha_pattern": {"value": 5},
        },
        "were unified (r=8",
    ),
    ("tagging", {"task_type": "TOKEN_CLS", "lora_alpha": 0.5}, "were unified"),
    ("mlm", {"modules_to_save": ["lm_head"]}, "trained apart from the word embeddings"),
]


@pytest.mark.parametrize(("kind", "options", "note"), PEFT)
def test_loras_of_peft(
    backbone: Backbone, tmp_path: Path, kind: str, options: dict[str, Any], note: str
) -> None:
    expected = by_peft(backbone, tmp_path / "theirs", kind, options)
    found = taken(tmp_path / "theirs", backbone, tmp_path / "store", note)
    built = load(backbone, found.folder)
    if kind == "mlm":
        assert built.head is None
    else:
        assert built.head is not None
        assert built.head.kind == kind
        close(ours(built, kind), expected)


def by_peft(backbone: Backbone, folder: Path, kind: str, options: dict[str, Any]) -> Tensor:
    peft = pytest.importorskip("peft", reason="peft is not installed")
    config = {"r": 8, "lora_alpha": 12, "target_modules": ["query", "value"], **options}
    model = peft.get_peft_model(plain(backbone.path, kind), peft.LoraConfig(**config))
    _disturb(model)
    model.save_pretrained(str(folder))
    return outputs(model.eval(), kind)


def test_names_that_peft_puts_around_tensors(backbone: Backbone, tmp_path: Path) -> None:
    expected = by_peft(backbone, tmp_path / "theirs", "span_qa", {"task_type": "QUESTION_ANS"})
    file = tmp_path / "theirs/adapter_model.safetensors"
    around = {}
    for name, tensor in load_file(file).items():
        longer = name.replace("lora_A", "lora_A.default").replace("lora_B", "lora_B.default")
        around[longer.replace("qa_outputs", "qa_outputs.modules_to_save.default")] = tensor
        if "qa_outputs" in name:
            around[name.replace("qa_outputs", "qa_outputs.original_module")] = tensor * 0
    save_file(around, file)
    found = taken(tmp_path / "theirs", backbone, tmp_path / "store")
    close(ours(load(backbone, found.folder), "span_qa"), expected)


@pytest.mark.parametrize("shards", ["5GB", "20KB"])
@pytest.mark.parametrize("kind", [kind.name for kind in trainable()])
def test_whole_models_of_transformers(
    backbone: Backbone, tmp_path: Path, kind: str, shards: str
) -> None:
    model = plain(backbone.path, kind)
    _disturb(model)
    model.save_pretrained(tmp_path / "theirs", max_shard_size=shards)
    assert len(list((tmp_path / "theirs").glob("*.safetensors"))) > (shards == "20KB")
    found = taken(tmp_path / "theirs", backbone, tmp_path / "store")
    built = load(backbone, found.folder)
    assert built.spec is not None
    assert built.spec.full
    assert built.spec.head is not None
    assert built.spec.head.kind == kind
    assert built.spec.head.multi_label == (kind == "text_classification")
    assert built.spec.head.labels == (tuple(LABELS.values()) if kind in LABELLED else ())
    close(ours(built, kind), outputs(model.eval(), kind))


def test_whole_models_that_are_not_of_the_backbone(backbone: Backbone, tmp_path: Path) -> None:
    theirs, store = tmp_path / "theirs", tmp_path / "store"
    plain(backbone.path, "tagging").save_pretrained(theirs)
    changes: list[tuple[str, object, str]] = [
        ("num_attention_heads", 2, "`num_attention_heads: 2`"),
        ("model_type", "bert", "`model_type: bert`"),
        ("id2label", {"0": "a"}, "does not name 3 labels"),
        ("architectures", ["XLMRobertaForQuestionAnswering"], "do not contain `qa_outputs.bias`"),
    ]
    for number, (key, value, message) in enumerate(changes):
        folder = shutil.copytree(theirs, tmp_path / f"f{number}")
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, key: value}))
        with pytest.raises(InvalidArtifactError, match=message):
            taken(folder, backbone, store)
    (theirs / "model.safetensors").rename(theirs / "pytorch_model.bin")
    with pytest.raises(InvalidArtifactError, match="can run code when it is read") as refused:
        taken(theirs, backbone, store)
    assert "save_pretrained" in str(refused.value)
    assert not list(store.rglob("*.safetensors"))


def test_what_of_a_whole_model_is_left_out(backbone: Backbone, tmp_path: Path) -> None:
    model = transformers.XLMRobertaModel.from_pretrained(backbone.path)
    model.save_pretrained(tmp_path / "bare")
    found = taken(tmp_path / "bare", backbone, tmp_path / "store", "its pooler")
    assert load(backbone, found.folder).head is None
    regression = plain(backbone.path, "pair_classification")
    regression.config.problem_type = "regression"
    regression.save_pretrained(tmp_path / "several")
    note = "its head is for `regression` with 3 outputs, which is not supported"
    taken(tmp_path / "several", backbone, tmp_path / "store", note)
