"""Trained here, pushed, pulled there, and used where there is no adapterxlt: the same logits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from click.testing import CliRunner
from packaging.requirements import Requirement

from adapterxlt.cli.main import cli
from tests.conftest import CHECKOUT

RECIPE = """
name: sharing
backbone: mini
data: pocket
seed: 1
training: {lr: 1e-3, epochs: 1, batch_size: 8, max_length: 48, cap: 48}
stages:
  nli:      {train: mnli}
  para:     {train: pawsx}
  over_nli: {train: pawsx, stack_on: nli}
  both:     {fuse: [nli, para], train: pawsx}
  low_rank: {train: mnli, method: 'lora[r=4]'}
  whole:    {train: mnli, method: full}
"""
# What becomes of each stage where adapterxlt is not: an export, or the artifact as it is.
USES = {
    "nli": ("artifact", "adapters"),
    "over_nli": ("adapters",),
    "both": ("adapters",),
    "low_rank": ("adapters", "transformers"),
    "whole": ("transformers",),
}

# Runs in the other environment: prints how far the logits are from those stored in the artifact.
ELSEWHERE = """
import importlib.util, json, runpy, sys
from pathlib import Path
assert importlib.util.find_spec("adapterxlt") is None, "this environment has adapterxlt"
import torch, transformers
from adapters import AutoAdapterModel
from safetensors.torch import load_file

def load(kind, folder, backbone):
    if kind == "transformers":
        return transformers.AutoModelForSequenceClassification.from_pretrained(folder)
    if kind == "adapters":
        return runpy.run_path(str(Path(folder) / "load.py"))["load"](backbone)
    model = AutoAdapterModel.from_pretrained(backbone)
    model.load_adapter(folder, use_safetensors=True, set_active=True)
    return model

def difference(kind, folder, reference, backbone):
    model = load(kind, folder, backbone).eval()
    stored = load_file(reference)
    ids = stored["input_ids"]
    with torch.no_grad():
        found = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
    assert found.shape == stored["logits"].shape, found.shape
    return float((found - stored["logits"]).abs().max())

uses = json.load(sys.stdin)
print(json.dumps({name: difference(*use) for name, use in uses.items()}))
"""


def run(*arguments: object) -> str:
    done = CliRunner().invoke(cli, [str(word) for word in arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def requirements(*names: str) -> set[str]:
    """Names of packages and of all that they need here, extras left out."""
    found: set[str] = set()
    open_names = list(names)
    while open_names:
        name = open_names.pop().lower().replace("_", "-")
        if name in found:
            continue
        try:
            needed = distribution(name).requires or []
        except PackageNotFoundError:  # needed on another system only
            continue
        found.add(name)
        for requirement in map(Requirement, needed):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                open_names.append(requirement.name)
    return found


@pytest.fixture(scope="module")
def plain_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of an environment that has `adapters`, `transformers`, torch, and nothing more.

    Its packages are links to those of the environment that the tests run in.
    """
    folder = tmp_path_factory.mktemp("plain")
    venv.EnvBuilder(symlinks=True).create(folder)
    (target,) = folder.glob("lib/python*/site-packages")
    for name in requirements("adapters", "transformers", "torch"):
        found = distribution(name)
        for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            link = target / top
            if not link.exists():
                link.symlink_to(Path(str(found.locate_file(top))).resolve())
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work folder whose stages were all trained in another, pushed and pulled."""
    root = tmp_path_factory.mktemp("sharing")
    (root / "sharing.yaml").write_text(RECIPE)
    run("run", root / "sharing.yaml", "--workdir", root / "here")
    remote, there = root / "remote", root / "there"
    for stage in USES:
        command = run("artifact", "push", f"{root}/here:{stage}", remote).splitlines()[-1]
        url = command.removeprefix("adapterxlt artifact pull ")
        run("artifact", "pull", url, "--workdir", there)
    return there


@pytest.mark.slow
def test_the_same_logits_without_adapterxlt(
    pulled: Path, plain_python: Path, tmp_path: Path
) -> None:
    listed = json.loads(run("artifact", "list", pulled, "--json"))["artifacts"]
    folders = {artifact["name"]: Path(artifact["path"]) for artifact in listed}
    assert folders.keys() == USES.keys()
    uses = {}
    for stage, kinds in USES.items():
        for kind in kinds:
            out = folders[stage]
            if kind != "artifact":
                out = tmp_path / f"{stage}-{kind}"
                run("artifact", "export", f"{pulled}:{stage}", "--to", kind, "--out", out)
            reference = folders[stage] / "reference.safetensors"
            backbone = CHECKOUT / "artifacts/backbones/mini"
            uses[f"{stage}-{kind}"] = [kind, str(out), str(reference), str(backbone)]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [plain_python, "-I", "-c", ELSEWHERE],
        input=json.dumps(uses),
        cwd=tmp_path,
        env={**environment, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found.keys() == uses.keys()
    assert max(found.values()) <= 1e-5, found


def test_the_plain_environment_lacks_adapterxlt_and_has_the_rest(plain_python: Path) -> None:
    code = "import adapters, transformers; print(adapters.__version__); import adapterxlt"
    done = subprocess.run([plain_python, "-I", "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "No module named 'adapterxlt'" in done.stderr
    assert done.stdout.strip() == distribution("adapters").version
    assert str(plain_python.parent) != str(Path(sys.executable).parent)
