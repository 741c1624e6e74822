"""Which backbone `artifact` commands take where --backbone does not name one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapterxlt.backbones.check import inspect_backbone
from tests.cli.conftest import Invoke
from tests.sharing.trained import trained_stages


def test_a_stage_has_the_folder_that_its_recipe_named(
    invoke: Invoke, tiny_backbone: Path, tmp_path: Path
) -> None:
    backbone = inspect_backbone(str(tiny_backbone), tiny_backbone)
    trained_stages(tmp_path / "runs", backbone, only=["nli"])
    stage, out = f"{tmp_path / 'runs'}:nli", tmp_path / "nli.axlt"
    assert invoke("artifact", "verify", stage).exit_code == 0
    exported = invoke("artifact", "export", stage, "--to", "adapters", "--out", tmp_path / "plain")
    assert exported.exit_code == 0
    assert (tmp_path / "plain" / "load.py").is_file()
    # A packed file may come from a stranger, so a folder that it names is not opened.
    assert invoke("artifact", "pack", stage, "--out", out).exit_code == 0
    for command in (["verify", out], ["export", out, "--to", "adapters", "--out", tmp_path / "b"]):
        refused = invoke("artifact", *command)
        assert refused.exit_code == 5
        assert "a path that an artifact names is not opened" in refused.stderr
        assert f"use --backbone {tiny_backbone}, else name its folder or Hub id" in refused.stderr
        assert ("--no-load" in refused.stderr) == (command[0] == "verify")  # export has no such


def test_a_work_folder_remembers_the_backbone_that_an_import_named(
    invoke: Invoke, tiny_backbone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backbone = tmp_path / "backbone"
    shutil.copytree(tiny_backbone, backbone)
    trained_stages(tmp_path / "runs", inspect_backbone(str(backbone), backbone), only=["nli"])
    out, texts = tmp_path / "nli.axlt", tmp_path / "new.txt"
    assert invoke("artifact", "pack", f"{tmp_path / 'runs'}:nli", "--out", out).exit_code == 0
    texts.write_text("A man is asleep.\tA man is awake.\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    refused = invoke("predict", out, texts)
    assert refused.exit_code == 5
    assert "(`backbone=` in Python)" in refused.stderr
    assert "--no-load" not in refused.stderr  # predict has no such option
    into = ("--workdir", "other")
    assert invoke("artifact", "import", out, "--backbone", "backbone", *into).exit_code == 0
    for command in (
        ["predict", "other:nli", texts],
        ["artifact", "verify", "other:nli"],
        ["artifact", "import", out, *into],
    ):
        assert invoke(*command).exit_code == 0
    # A folder that has been changed since is not the backbone any more.
    config = backbone / "config.json"
    config.write_text(config.read_text("utf-8").replace("{", '{"note": 1,', 1), encoding="utf-8")
    assert invoke("predict", "other:nli", texts).exit_code == 5
