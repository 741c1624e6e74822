"""Which backbone `artifact` commands take where --backbone does not name one."""

from __future__ import annotations

from pathlib import Path

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
        assert "name its folder or Hub id with --backbone" in refused.stderr
