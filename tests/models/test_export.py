"""What other libraries make of an export: the same logits, in a process without adapterxlt."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from adapterxlt.backbones import Backbone
from adapterxlt.errors import UsageError
from adapterxlt.models.build import load
from adapterxlt.models.export import export
from tests.models.conftest import logits

Artifacts = Callable[..., Path]
PLAIN_ADAPTERS = """
BACKBONE = {backbone!r}
{code}
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
    print(json.dumps(model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits.tolist()))
assert "adapterxlt" not in sys.modules
"""


def elsewhere(code: str, ids: Tensor, folder: Path) -> Tensor:
    """The logits that a program prints."""
    result = subprocess.run(
        [sys.executable, "-c", code + RUN.format(ids=ids.tolist())],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    return torch.tensor(json.loads(result.stdout.splitlines()[-1]))


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
    }
    code = PLAIN_ADAPTERS.format(
        backbone=str(backbone.path), code=(tmp_path / "out/load.py").read_text()
    )
    torch.testing.assert_close(elsewhere(code, ids, tmp_path / "out"), logits(built, ids))


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
