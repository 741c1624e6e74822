"""`adapterxlt artifact import`, also of what another library wrote."""

from __future__ import annotations

import resource
from pathlib import Path

from tests.cli.artifact.commands import document, fails, well
from tests.sharing.foreign import by_adapters


def test_import(bundle: Path, tiny_backbone: Path, tmp_path: Path, spoilt: Path) -> None:
    into = ("--workdir", tmp_path / "w")
    fails(4, "spoilt.axlt", "import", spoilt, *into, "--no-load")
    fails(5, "its backbone `tiny`", "import", bundle, *into)
    fails(2, "no such file or folder\n  give the folder", "import", tmp_path / "absent", *into)
    fails(2, "leave out --license;", "import", bundle, *into, "--license", "mit")
    fails(2, "leave out --task and --labels;", "import", bundle, *into, "--labels", "a,b")
    assert not list(tmp_path.rglob("*.safetensors"))
    found = document("import", bundle, *into, "--backbone", tiny_backbone)
    assert (found["title"], found["new"], found["loaded"]) == ("nli", True, True)
    assert (Path(found["folder"]) / "adapter.safetensors").is_file()
    text = well("import", bundle, *into, "--no-load").stdout
    assert "verified, not loaded, unsigned" in text
    assert "was already there" in text
    assert "nli" in well("list", tmp_path / "w").stdout


def test_import_into_what_is_no_folder(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("nowhere")
    fails(2, "a part of this path is a file", "import", bundle, "--workdir", tmp_path / "file/w")
    fails(2, "is a link that leads nowhere", "import", bundle, "--workdir", tmp_path / "link")


def test_a_file_that_may_not_grow_is_named(bundle: Path, tmp_path: Path) -> None:
    into = ("--workdir", tmp_path / "runs")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, limits[1]))
    try:
        fails(1, "manifest.json: File too large", "import", bundle, "--no-load", *into)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_import_of_another_library(tiny_backbone: Path, tmp_path: Path) -> None:
    by_adapters(tiny_backbone, tmp_path / "theirs", "seq_bn", "causal", name="sst")
    arguments = ("import", tmp_path / "theirs", "--workdir", tmp_path / "runs")
    fails(2, "name the backbone with --backbone", *arguments)
    fails(2, "cannot be signed", *arguments, "--backbone", tiny_backbone, "--no-load")
    fails(2, "has no head", *arguments, "--backbone", tiny_backbone, "--task", "mnli")
    result = well(*arguments, "--backbone", tiny_backbone)
    assert "verified and loaded, unsigned" in result.stdout
    assert "note: its head has the type `causal_lm`" in result.stderr
    shown = well("show", f"{tmp_path / 'runs'}:sst").stdout
    assert "task:        unknown" in shown
    assert "licence:     not stated" in shown
    (tmp_path / "theirs/adapter.safetensors").write_bytes(b"\x80\x04K\x01.")
    fails(4, "is a pickle", *arguments, "--backbone", tiny_backbone)
