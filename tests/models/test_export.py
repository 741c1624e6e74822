"""What other libraries make of an export: the same logits, in a process without adapterxlt."""

from __future__ import annotations

import json
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import adapters
import pytest
import torch
from packaging.version import Version
from torch import Tensor
from transformers import XLMRobertaForSequenceClassification

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import UsageError
from adapterxlt.methods.table import METHODS
from adapterxlt.models.build import build_train, load, save
from adapterxlt.models.export import export
from adapterxlt.models.export_program import backbone_of
from tests.models.conftest import PAIRS, SPANS, TAGS, disturb, logits

Artifacts = Callable[..., Path]
PROGRAM = """
from load import load
model = load()
"""
PLAIN_TRANSFORMERS = """
import transformers
model = transformers.{kind}.from_pretrained({folder!r})
"""
RUN = """
import json, sys, torch
ids = torch.tensor({ids})
model.eval()
with torch.no_grad():
    logits = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits.tolist()
assert "adapterxlt" not in sys.modules
print(json.dumps(logits), file=open("logits.json", "w"))
"""
# Most of a program's time is spent on imports. It forks here from a process that has made those
# that every one needs, and no others.
FORKS = """
import json, os, sys
import torch
import transformers.models.xlm_roberta.modeling_xlm_roberta
for line in sys.stdin:
    folder, code = json.loads(line)
    child = os.fork()
    if not child:
        os.chdir(folder)
        os.dup2(2, 1)  # the other stream tells how programs end
        exec(code, {"__name__": "__main__"})
        sys.exit()
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@cache
def _forks() -> subprocess.Popen[str]:
    """It ends with the process of the tests, which closes its input."""
    return subprocess.Popen(
        [sys.executable, "-c", FORKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def elsewhere(code: str, ids: Tensor, folder: Path) -> Tensor:
    """The logits that a program gives in a process of its own."""
    forks = _forks()
    assert forks.stdin is not None
    assert forks.stdout is not None
    forks.stdin.write(json.dumps([str(folder), code + RUN.format(ids=ids.tolist())]) + "\n")
    forks.stdin.flush()
    said = forks.stdout.readline()
    assert said == "0\n", f"{said!r}: see stderr"
    return torch.tensor(json.loads((folder / "logits.json").read_text()))


@pytest.mark.parametrize("name", ["nli", "low_rank", "over", "both"])
def test_plain_adapters_gives_the_same_logits(
    backbone: Backbone, artifacts: Artifacts, tmp_path: Path, ids: Tensor, name: str
) -> None:
    built = load(backbone, artifacts(name))
    export(built, artifacts(name), tmp_path / "out", "adapters")
    assert {p.suffix for p in (tmp_path / "out").rglob("*") if p.is_file()} == {
        ".json",
        ".safetensors",
        ".py",
        ".md",
    }
    torch.testing.assert_close(elsewhere(PROGRAM, ids, tmp_path / "out"), logits(built, ids))


@pytest.mark.parametrize("name", ["low_rank", "whole"])
def test_plain_transformers_gives_the_same_logits(
    backbone: Backbone, artifacts: Artifacts, tmp_path: Path, ids: Tensor, name: str
) -> None:
    expected = logits(load(backbone, artifacts(name)), ids)
    export(load(backbone, artifacts(name)), artifacts(name), tmp_path / "out", "transformers")
    code = PLAIN_TRANSFORMERS.format(
        kind="XLMRobertaForSequenceClassification", folder=str(tmp_path / "out")
    )
    found = elsewhere(code, ids, tmp_path)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_peft_gives_the_same_logits(
    backbone: Backbone, artifacts: Artifacts, tmp_path: Path, ids: Tensor
) -> None:
    pytest.importorskip("peft", reason="peft is not installed")
    export(load(backbone, artifacts("low_rank")), artifacts("low_rank"), tmp_path / "out", "peft")
    code = (
        "import transformers, peft\n"
        "base = transformers.XLMRobertaForSequenceClassification.from_pretrained("
        f"{str(backbone.path)!r}, num_labels=3)\n"
        f"model = peft.PeftModel.from_pretrained(base, {str(tmp_path / 'out')!r})\n"
    )
    expected = logits(load(backbone, artifacts("low_rank")), ids)
    torch.testing.assert_close(elsewhere(code, ids, tmp_path), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "kind"), [("whole", "adapters"), ("nli", "transformers"), ("over", "peft")]
)
def test_what_cannot_be_written_is_said(
    backbone: Backbone, artifacts: Artifacts, tmp_path: Path, name: str, kind: str
) -> None:
    with pytest.raises(UsageError, match="export it --to"):
        export(load(backbone, artifacts(name)), artifacts(name), tmp_path / "out", kind)


@pytest.mark.parametrize("method", ["dora[r=4]", "ia3", "lora[r=2,intermediate_lora=true]", "vera"])
def test_the_kin_of_lora_is_merged(
    backbone: Backbone, tmp_path: Path, ids: Tensor, method: str
) -> None:
    since = METHODS[method.partition("[")[0]].since
    if since and Version(adapters.__version__) < Version(since):
        pytest.skip(f"needs adapters {since}")
    save(
        disturb(build_train(backbone, method=method, name="a", head=PAIRS, seed=1)), tmp_path / "a"
    )
    expected = logits(load(backbone, tmp_path / "a"), ids)
    export(load(backbone, tmp_path / "a"), tmp_path / "a", tmp_path / "out", "transformers")
    model = XLMRobertaForSequenceClassification.from_pretrained(tmp_path / "out").eval()
    with torch.no_grad():
        found = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_peft_knows_the_layers_and_places(backbone: Backbone, tmp_path: Path, ids: Tensor) -> None:
    peft = pytest.importorskip("peft", reason="peft is not installed")
    method = "lora[r=2,attn_matrices=[k],intermediate_lora=true,leave_out=[0]]"
    built = disturb(build_train(backbone, method=method, name="a", head=PAIRS, seed=1))
    save(built, tmp_path / "a")
    export(load(backbone, tmp_path / "a"), tmp_path / "a", tmp_path / "out", "peft")
    # The configuration names a backbone that PEFT finds by itself.
    auto = peft.AutoPeftModelForSequenceClassification.from_pretrained(
        tmp_path / "out", num_labels=3
    )
    assert not [name for name, _ in auto.named_modules() if "layer.0." in name and "lora_A" in name]
    with torch.no_grad():
        found = auto.eval()(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
    torch.testing.assert_close(found, logits(built, ids), rtol=1e-5, atol=1e-5)


def test_every_method_but_full_goes_to_adapters(
    backbone: Backbone, tmp_path: Path, ids: Tensor
) -> None:
    for number, method in enumerate(
        [
            "loreft",
            "noreft",
            "seq_bn_inv",
            "mam",
            "unipelt",
            "prompt_tuning",
            "compacter[reduction_factor=8]",
            "mtl_lora",
        ]
    ):
        folder, out = tmp_path / f"a{number}", tmp_path / f"out{number}"
        built = build_train(backbone, method=method, name=f"a{number}", head=PAIRS, seed=1)
        save(disturb(built), folder)
        export(load(backbone, folder), folder, out, "adapters")
        model = runpy.run_path(str(out / "load.py"))["load"]()
        with torch.no_grad():
            found = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
        torch.testing.assert_close(found, logits(load(backbone, folder), ids))


@pytest.mark.parametrize("kind", ["adapters", "peft", "transformers"])
def test_of_several_heads_each_goes_or_is_named(
    backbone: Backbone, tmp_path: Path, ids: Tensor, kind: str
) -> None:
    built = build_train(
        backbone, method="lora", name="mix", head=PAIRS, other_heads=(SPANS, TAGS), seed=1
    )
    save(disturb(built), tmp_path / "a")
    notes = export(load(backbone, tmp_path / "a"), tmp_path / "a", tmp_path / "out", kind)
    card = (tmp_path / "out/README.md").read_text()
    left = [note for note in notes if "is not exported" in note]
    assert all(note in card for note in notes)
    assert "0 = yes, 1 = no, 2 = maybe" in card
    if kind != "adapters":
        assert [note.split("`")[1] for note in left] == ["spans", "tags"]
        return
    assert left == []
    model = runpy.run_path(str(tmp_path / "out/load.py"))["load"]()
    again = load(backbone, tmp_path / "a")
    for head in again.spec.heads if again.spec else ():
        again.use_head(head.task)
        model.active_head = again.model.active_head
        torch.testing.assert_close(logits(replace(again, model=model), ids), logits(again, ids))


def test_a_program_says_what_it_needs(
    backbone: Backbone, artifacts: Artifacts, tmp_path: Path
) -> None:
    elsewhere = replace(backbone, path=tmp_path / "moved")
    shutil.copytree(backbone.path, elsewhere.path)
    export(load(elsewhere, artifacts("nli")), artifacts("nli"), tmp_path / "out", "adapters")
    shutil.rmtree(elsewhere.path)
    program = [sys.executable, str(tmp_path / "out/load.py")]
    lost = subprocess.run(program, capture_output=True, text=True, timeout=300, check=False)
    assert lost.returncode == 1
    assert "give the backbone's folder, `python load.py FOLDER`" in lost.stderr
    assert "Traceback" not in lost.stderr


def test_what_a_backbone_is_loaded_by(backbone: Backbone) -> None:
    cached = Path("/c/hub/models--org--xlmr-small/snapshots/0123")
    found = backbone_of(replace(backbone, path=cached))
    assert (found.load, found.moved) == ("org/xlmr-small", "")
    assert backbone_of(backbone).load == str(backbone.path)
    assert "part of adapterxlt" in backbone_of(replace(backbone, name="mini")).moved
