"""`adapterxlt artifact push` and `pull`."""

from __future__ import annotations

from pathlib import Path

from tests.cli.artifact.commands import document, fails, well


def test_push_and_pull(bundle: Path, tiny_backbone: Path, tmp_path: Path) -> None:
    remote, into = tmp_path / "remote", ("--workdir", tmp_path / "w")
    assert "files" in well("push", bundle, remote).stdout
    assert "is already there" in well("push", bundle, remote).stdout
    fails(2, "another artifact", "push", bundle, remote, "--license", "apache-2.0")
    found = document("pull", remote, *into, "--backbone", tiny_backbone)
    assert (found["title"], found["new"]) == ("nli", True)
    text = well("pull", f"file://{remote}/{found['fingerprint']}", *into, "--no-load").stdout
    assert "was already there" in text
    fails(5, "there is no artifact", "pull", tmp_path / "absent", *into)
    card = remote / found["fingerprint"] / "README.md"
    card.write_text(card.read_text() + "more")
    fails(4, "README.md", "pull", remote, "--workdir", tmp_path / "other", "--no-load")
    assert not list((tmp_path / "other").rglob("*.safetensors"))
