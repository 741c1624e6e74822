"""Numbers and several labels of texts, from a recipe to other libraries and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from torch import Tensor

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.cli.main import cli
from adapterxlt.models.build import Built, load
from adapterxlt.sharing.foreign import take_in_foreign
from adapterxlt.sharing.locate import locate
from adapterxlt.store.store import Store
from tests.tiny import SENTENCES

ENTRIES = {
    "lengths": "kind: regression\ncolumns: {text: text, value: length}",
    "traits": "kind: text_classification\nmulti_label: true\nlabels: [long, odd, capital]\n"
    "columns: {text: text, label: traits}",
}
MEASURES = {"lengths": ["pearson", "spearman"], "traits": ["micro_f1", "macro_f1"]}
COUNTS = {"train": 12, "dev": 5}


def record(text: str) -> str:
    odd, capital = len(text) % 2 == 1, text[0] in "TA"
    facts = {"long": len(text) > 50, "odd": odd, "capital": capital}
    traits = [name for name, is_so in facts.items() if is_so]
    return json.dumps({"text": text, "length": len(text) / 50, "traits": traits}) + "\n"


def well(*words: object) -> None:
    told = CliRunner().invoke(cli, [str(word) for word in words])
    assert told.exit_code == 0, told.output


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, tiny_backbone: Path) -> Path:
    """A folder where a recipe ran on both tasks."""
    folder = tmp_path_factory.mktemp("recipe")
    for name, entry in ENTRIES.items():
        more = 'languages: [en]\nformat: jsonl\nsplits: [train, dev]\nfiles: "{split}.jsonl"\n'
        (folder / f"{name}.yaml").write_text(f"{entry}\n{more}")
    for split, count in COUNTS.items():
        texts = SENTENCES[:count] if split == "train" else SENTENCES[-count:]
        (folder / f"{split}.jsonl").write_text("".join(map(record, texts)), encoding="utf-8")
    stages = [
        f"  {task}: {{train: {task}, method: lora}}\n"
        f"  {task}_2: {{train: {task}, method: lora, seed: 2}}\n"
        f"  {task}_m: {{merge: [{task}, {task}_2]}}\n"
        f"  {task}_s: {{evaluate: [{task}, {task}_m], on: {task}}}\n"
        for task in ENTRIES
    ]
    (folder / "r.yaml").write_text(
        f"name: r\nbackbone: {tiny_backbone}\ndata: .\ntasks: [lengths.yaml, traits.yaml]\n"
        "training: {epochs: 2, batch_size: 6, lr: 1e-2, keep: best}\n"
        f"stages:\n{''.join(stages)}"
    )
    well("run", folder / "r.yaml", "--workdir", folder / "runs")
    return folder


@pytest.mark.parametrize("task", ENTRIES)
def test_models_and_their_merge_are_measured(ran: Path, task: str) -> None:
    rows = json.loads((ran / "runs/results.json").read_text())["rows"]
    shown = [(r["model"], r["metric"], r["n"]) for r in rows if r["task"] == task]
    assert shown == [
        (model, metric, 5) for model in (task, f"{task}_m") for metric in MEASURES[task]
    ]
    assert all(-100 <= row["value"] <= 100 for row in rows)


@pytest.mark.parametrize("library", ["adapters", "peft", "transformers"])
@pytest.mark.parametrize("task", ENTRIES)
def test_a_merge_goes_out_and_comes_in_again(
    ran: Path, tmp_path: Path, backbone: Backbone, task: str, library: str
) -> None:
    if library == "peft":
        pytest.importorskip("peft", reason="peft is not installed")
    out, stage = tmp_path / "out", f"{ran / 'runs'}:{task}_m"
    where = ("--to", library, "--out", out, "--backbone", backbone.path)
    well("artifact", "export", stage, *where)
    found, note = take_in_foreign(out, Store(tmp_path / "store"), backbone=str(backbone.path))
    assert note == ""
    before, after = load(backbone, locate(stage)), load(backbone, found.folder)
    torch.testing.assert_close(outputs(after), outputs(before), rtol=1e-5, atol=1e-5)
    assert before.head is not None
    assert after.head is not None
    assert (after.head.kind, after.head.labels) == (before.head.kind, before.head.labels)
    assert after.head.multi_label == before.head.multi_label == (task == "traits")


def outputs(built: Built) -> Tensor:
    ids = built.tokenizer(SENTENCES[0], return_tensors="pt")
    with torch.no_grad():
        found: Tensor = built.model(**ids).logits
    assert found.abs().max() > 0.01
    return found
