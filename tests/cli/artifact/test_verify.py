"""`adapterxlt artifact show` and `verify`."""

from __future__ import annotations

from pathlib import Path

from tests import tiny
from tests.cli.artifact.commands import document, fails, well


def test_show(bundle: Path) -> None:
    text = well("show", bundle).stdout
    for line in ("title:       nli", "licence:     mit", "signature:   unsigned"):
        assert line in text
    assert "mnli: yes, no, maybe" in text
    assert "adapter.safetensors" in text
    found = document("show", bundle)
    assert found["manifest"]["artifact"]["license"] == "mit"
    assert found["scores"] == []


def test_verify(workdir: Path, bundle: Path, tiny_backbone: Path, spoilt: Path) -> None:
    text = well("verify", bundle, "--backbone", tiny_backbone).stdout
    assert "loads and gives its reference outputs" in text
    assert "unsigned" in text
    found = document("verify", bundle, "--no-load")
    assert (found["loaded"], found["signed"]) == (False, None)
    assert found["tensors"] > 10
    well("verify", f"{workdir}:over", "--backbone", tiny_backbone)  # not packed yet
    fails(4, "spoilt.axlt", "verify", spoilt, "--no-load")
    fails(5, "its backbone `tiny`", "verify", bundle)
    fails(5, "absent", "verify", bundle, "--backbone", "./absent")
    fails(2, "there is no such file", "verify", "absent.axlt")


def test_verify_on_another_backbone(bundle: Path, tmp_path: Path) -> None:
    other = tiny.build(tmp_path / "other", seed=7)
    fails(4, "was trained on backbone `tiny`", "verify", bundle, "--backbone", other)
