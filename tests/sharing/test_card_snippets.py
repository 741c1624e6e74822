"""What a card says about use, run as it stands on the bundled backbone: the reference logits."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from adapterxlt.backbones.find import resolve_backbone
from adapterxlt.cli.main import cli
from adapterxlt.models import tensors
from adapterxlt.sharing.transport import prepared
from tests.sharing.test_card import blocks
from tests.sharing.trained import trained_stages

pytestmark = pytest.mark.slow
RUN = """
import json, sys, torch
ids = torch.tensor({ids})
model.eval()
with torch.no_grad():
    print(json.dumps(model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits.tolist()))
assert "adapterxlt" not in sys.modules
"""


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    mini = resolve_backbone("mini", Path.cwd())
    return trained_stages(tmp_path_factory.mktemp("trained"), mini, only=("nli", "whole"))


@pytest.mark.parametrize(("name", "commands"), [("nli", 1), ("whole", 2)])
def test_what_it_says_about_use_runs(
    stages: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    commands: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    mini = resolve_backbone("mini", Path.cwd())
    with prepared(stages[name]) as (source, _):
        card = (source.where / "README.md").read_text()
        reference = tensors.read(source.where / "reference.safetensors")
        lines = blocks(card)
        assert len(lines) == commands
        for line in lines:
            words = shlex.split(line.replace("THIS_FOLDER_OR_BUNDLE", str(source.where)))
            assert words[0] == "adapterxlt"
            result = CliRunner().invoke(cli, words[1:])
            assert result.exit_code == 0, result.output
        (code,) = blocks(card, "python")
        names = f"BACKBONE, THIS_FOLDER = {str(mini.path)!r}, {str(source.where)!r}\n"
        names += "FOLDER = 'FOLDER'\n"
        program = names + code + RUN.format(ids=reference["input_ids"].tolist())
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=600
        )
    assert done.returncode == 0, done.stderr[-2000:]
    found = torch.tensor(json.loads(done.stdout.splitlines()[-1]))
    torch.testing.assert_close(found, reference["logits"], rtol=1e-4, atol=1e-5)
