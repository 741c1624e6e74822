"""`adapterxlt artifact list`: what is there, and where it lies."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapterxlt.cli.artifact.list_ import _short
from tests.cli.artifact.commands import document, fails, well

ADDRESS = "5c3ce46f26d4" + "0" * 52


def test_list(workdir: Path, bundle: Path) -> None:
    text = well("list", workdir).stdout
    assert all(name in text for name in ("nli", "low_rank", "over", "whole", "both"))
    assert "lora[r=4]" in text
    entries = document("list", workdir)["artifacts"]
    by_name = {entry["name"]: entry for entry in entries}
    assert by_name["over"]["lineage"] == "tiny > mnli (seq_bn) > udpos (seq_bn, stacked)"
    assert by_name["both"]["method"] == "fusion"
    assert by_name["whole"]["languages"] == ["en"]
    (packed,) = document("list", bundle)["artifacts"]
    assert (packed["name"], packed["signed"]) == ("nli", False)


def test_list_of_nothing(tmp_path: Path) -> None:
    assert "no artifacts" in well("list", tmp_path).stdout
    assert document("list", tmp_path)["artifacts"] == []
    fails(2, "there is no such file or folder", "list", tmp_path / "absent")


def test_list_says_what_it_left_out(tmp_path: Path, bundle: Path) -> None:
    shutil.copyfile(bundle, tmp_path / "good.axlt")
    (tmp_path / "bad.axlt").write_bytes(b"no bundle")
    result = well("list", tmp_path)
    assert "good.axlt" in result.stdout
    assert "left out: " in result.stderr
    assert "bad.axlt" in result.stderr


def test_a_page(workdir: Path, bundle: Path, tmp_path: Path) -> None:
    well("list", workdir, "--html", tmp_path / "index.html")
    page = (tmp_path / "index.html").read_text()
    assert page.lower().startswith("<!doctype html>")
    assert "udpos (seq_bn, stacked)" in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        (f"store/5c/{ADDRESS}", "5c3ce46f26d4"),
        (f"runs/store/5c/{ADDRESS}", "runs/5c3ce46f26d4"),
        (f"shared/{ADDRESS}", "shared/5c3ce46f26d4"),
        (ADDRESS, "5c3ce46f26d4"),
        ("artifacts/nli", "artifacts/nli"),
    ],
)
def test_a_place_tells_where_an_entry_lies(place: str, shown: str) -> None:
    assert _short(Path(place)) == shown
