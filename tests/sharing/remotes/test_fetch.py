"""A pull that is cut goes on where it was; a remote has what its manifests say it has."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapterxlt.errors import AdapterXLTError, InvalidArtifactError, MissingError
from adapterxlt.sharing.remotes import fetch
from adapterxlt.sharing.remotes.fetch import has
from adapterxlt.sharing.source import FolderSource
from adapterxlt.sharing.verify import verify
from adapterxlt.store.manifest import MANIFEST_NAME
from tests.sharing.remotes.transfer import content, fetch_all, publish


def test_a_cut_pull_goes_on(
    made: FolderSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = str(tmp_path / "remote")
    publish(made, url)
    one, asked = fetch.download, []

    def cut(files: object, name: str, *rest: object) -> None:
        asked.append(name)
        if len(asked) == 3:
            raise AdapterXLTError("gone")
        one(files, name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(fetch, "download", cut)
    with pytest.raises(AdapterXLTError, match="gone"):
        fetch_all(url, tmp_path / "staging")
    assert fetch_all(url, tmp_path / "staging") == content(made)
    assert len(asked) == len(set(asked)) + 1  # only the one that failed was asked for twice


def test_a_file_that_is_not_there(made: FolderSource, tmp_path: Path) -> None:
    url = publish(made, str(tmp_path / "remote")).url
    (Path(url) / "model.json").unlink()
    with pytest.raises(InvalidArtifactError, match=r"model\.json: is missing"):
        fetch_all(url, tmp_path / "staging")
    with pytest.raises(MissingError, match=r"x\.axlt: does not exist"):
        fetch_all(f"{url}/x.axlt", tmp_path / "staging")


def test_a_stage_of_another_name_is_not_the_one_asked_for(
    made: FolderSource, tmp_path: Path
) -> None:
    place = tmp_path / "remote" / ("b" * 64)
    shutil.copytree(made.where, place)
    manifest = verify(made)
    parts = {**manifest.parts, "inputs": ["b" * 64]}  # it builds on the stage, and is not it
    (place / MANIFEST_NAME).write_text(manifest.model_copy(update={"parts": parts}).text())
    assert "b" * 64 in (place / MANIFEST_NAME).read_text()[:2000]
    assert not has(str(tmp_path / "remote"), "b" * 64)
    (place / MANIFEST_NAME).write_text(f'{{"fingerprint": "{"b" * 64}"}}')
    with pytest.raises(InvalidArtifactError, match=r"b{64}/manifest\.json: "):
        has(str(tmp_path / "remote"), "b" * 64)
