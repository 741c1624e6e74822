"""What all `adapterxlt artifact` commands have in common."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.cli.artifact.commands import artifact, document, fails, well
from tests.sharing.make import small_artifact
from tests.sharing.spoil import edit


def test_no_output_replaces_what_a_work_folder_keeps(workdir: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    shutil.copytree(workdir, work)
    results = work / "results.json"
    results.write_text("{}")
    stage = f"{work}:nli"
    fails(2, "is the same file as", "list", work, "--html", results)
    fails(2, "is the same file as", "pack", stage, "--out", results)
    for out in (work / "store" / "x.axlt", work / "store" / "x"):
        fails(2, "is inside", "pack", stage, "--out", out)
        fails(2, "is inside", "export", stage, "--to", "adapters", "--out", out)
        fails(2, "is inside", "list", work, "--html", out)
    fails(2, "is inside", "pack", work, "--out", work / "store" / "all")
    assert results.read_text() == "{}"


def test_no_such_command() -> None:
    fails(2, "did you mean `pack`", "pakc")


def test_a_title_does_not_steer_the_terminal(tmp_path: Path, tiny_backbone: Path) -> None:
    made = small_artifact(tmp_path / "made").where
    edit(made, lambda manifest: manifest.update(title="x\u202e[/b]"))
    into = ("--workdir", tmp_path / "w")
    for arguments in (
        ("list", made),
        ("show", made),
        ("verify", made, "--no-load"),
        ("pack", made, "--out", tmp_path / "a.axlt"),
        ("push", made, tmp_path / "remote"),
        ("import", made, *into, "--no-load"),
        ("pull", tmp_path / "remote", *into, "--no-load"),
    ):
        output = well(*arguments).output
        assert "x?[/b]" in output
        assert "\u202e" not in output
    result = artifact("verify", made, "--backbone", tiny_backbone)
    assert result.exit_code == 4
    assert "`x?[/b]` was trained on" in result.stderr


def test_documents_of_what_was_written(workdir: Path, tiny_backbone: Path, tmp_path: Path) -> None:
    stage, where = f"{workdir}:nli", ("--backbone", tiny_backbone)
    packed = document("pack", stage, "--out", tmp_path / "nli.axlt", *where)
    assert (packed["title"], packed["path"]) == ("nli", str(tmp_path / "nli.axlt"))
    assert packed["bytes"] == (tmp_path / "nli.axlt").stat().st_size
    exported = document("export", stage, "--to", "adapters", "--out", tmp_path / "out", *where)
    assert (exported["path"], exported["library"]) == (str(tmp_path / "out"), "adapters")
    pushed = document("push", stage, tmp_path / "remote", *where)
    assert pushed["files_sent"] > 5
    assert pushed["bytes_sent"] > 1_000
    again = document("push", stage, tmp_path / "remote", *where)
    assert (again["files_sent"], again["url"]) == (0, pushed["url"])
    pulled = document("pull", pushed["url"], "--workdir", tmp_path / "runs", *where)
    assert (pulled["new"], pulled["loaded"], pulled["note"]) == (True, True, "")
    found = {each["fingerprint"] for each in (packed, exported, pushed, pulled)}
    assert found == {document("verify", tmp_path / "nli.axlt", "--no-load")["fingerprint"]}
