"""`adapterxlt artifact pack`: one stage or all, signed or not."""

from __future__ import annotations

import resource
import shutil
from pathlib import Path

import pytest

from tests import tiny
from tests.cli.artifact.commands import document, fails, well
from tests.sharing.test_signature import allow, make_key


def test_pack(workdir: Path, bundle: Path, tiny_backbone: Path, tmp_path: Path) -> None:
    again, where = tmp_path / "again.axlt", ("--backbone", tiny_backbone)
    well("pack", f"{workdir}:nli", "--out", again, "--license", "mit", *where)
    assert again.read_bytes() == bundle.read_bytes()
    well("pack", bundle, "--out", tmp_path / "folder")
    assert (tmp_path / "folder/README.md").is_file()
    well("pack", tmp_path / "folder", "--out", again)
    assert again.read_bytes() == bundle.read_bytes()
    fails(2, "already exists", "pack", bundle, "--out", tmp_path / "folder")
    fails(2, "is the same file as", "pack", bundle, "--out", bundle)
    folder = tmp_path / "folder"
    fails(2, "is inside", "pack", folder, "--out", folder / "x.axlt")
    fails(2, "is inside", "export", folder, "--to", "adapters", "--out", folder / "x")
    fails(2, "is inside", "list", folder, "--html", folder / "index.html")
    fails(2, "are not compressed", "pack", bundle, "--out", tmp_path / "x.axlt.gz")
    fails(2, "Not a directory", "pack", bundle, "--out", bundle / "x.axlt")
    well("pack", folder, "--out", "/dev/null")
    assert Path("/dev/null").is_char_device()
    fails(2, "did you mean `nli`", "pack", f"{workdir}:nil", "--out", again)
    fails(2, "--out", "pack", bundle)


def test_override(bundle: Path, tmp_path: Path) -> None:
    other = tiny.build(tmp_path / "other", seed=7)
    arguments = ("import", bundle, "--workdir", tmp_path / "w", "--override-backbone")
    fails(2, "needs --backbone", *arguments)
    found = document(*arguments, "--backbone", other)
    shown = well("show", found["folder"]).stdout
    assert "adapted to another backbone" in shown


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs ssh-keygen")
def test_signed(bundle: Path, tmp_path: Path) -> None:
    key, signed = make_key(tmp_path / "ann"), tmp_path / "signed.axlt"
    signers = allow(tmp_path / "signers", ann=key)
    well("pack", bundle, "--out", signed, "--sign", key)
    check = ("--no-load", "--signers", signers)
    assert "by ann@example.org" in well("verify", signed, *check).stdout
    assert "by ann@example.org" in document("verify", signed, *check)["signed"]
    assert "signer not checked" in well("verify", signed, "--no-load").stdout
    found = document("import", signed, "--workdir", tmp_path / "w", *check)
    assert "by ann@example.org" in found["signed"]
    fails(4, "is not signed", "verify", bundle, *check)
    others = allow(tmp_path / "others", bob=make_key(tmp_path / "bob"))
    fails(4, "is not signed by anyone", "verify", signed, "--no-load", "--signers", others)
    fails(2, "does not exist", "pack", bundle, "--out", signed, "--sign", tmp_path / "absent")


def test_signers_and_what_was_never_signed(workdir: Path, tmp_path: Path) -> None:
    (tmp_path / "signers").write_text("")
    fails(
        4, "not signed", "verify", f"{workdir}:nli", "--no-load", "--signers", tmp_path / "signers"
    )


@pytest.mark.parametrize("arguments", [("pack",), ("export", "--to", "adapters")])
def test_a_file_that_may_not_grow(
    workdir: Path, tiny_backbone: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    verb, *options = arguments
    given = (f"{workdir}:nli", *options, "--backbone", tiny_backbone, "--out")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))
    try:
        fails(1, "File too large", verb, *given, tmp_path / "nli.axlt")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.iterdir())


def test_pack_all_of_a_work_folder(workdir: Path, tiny_backbone: Path, tmp_path: Path) -> None:
    arguments = ("pack", workdir, "--out", tmp_path / "all", "--backbone", tiny_backbone)
    result = well(*arguments, "--license", "mit")
    found = {folder.name: folder for folder in (tmp_path / "all").iterdir()}
    assert found.keys() == {"nli", "para", "low_rank", "over", "whole", "both"}
    assert f"{tmp_path / 'all' / 'over'}, " in result.stdout
    shown = document("list", tmp_path / "all")["artifacts"]
    assert {each["name"] for each in shown} == found.keys()
    fails(2, "already exists", *arguments)
    fails(2, "stdout takes one artifact", "pack", workdir, "--out", "-")
    packed = document(*arguments[:2], "--out", tmp_path / "more", *arguments[4:])["artifacts"]
    assert {each["title"] for each in packed} == found.keys()
