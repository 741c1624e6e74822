"""Artifacts that came through the Hub's cache, a clone or a file manager are taken as they are."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from adapterxlt.cli.main import cli
from adapterxlt.errors import InvalidArtifactError
from adapterxlt.progress import Silent
from adapterxlt.sharing.entries import read_entries
from adapterxlt.sharing.remotes.fetch import fetched
from adapterxlt.sharing.source import FolderSource, open_source
from adapterxlt.sharing.transport import prepared, take_in
from adapterxlt.sharing.verify import verify
from adapterxlt.store.files import sha256_file
from adapterxlt.store.manifest import MANIFEST_NAME
from adapterxlt.store.store import Store
from tests.sharing.make import small_artifact
from tests.sharing.test_hostile_folders import LFS_POINTER


def hub_cache(made: Path, root: Path) -> Path:
    """The artifact as huggingface_hub keeps it: links to files named by content."""
    repository = root / "models--ann--nli"
    snapshot = repository / "snapshots" / ("c" * 40)
    (repository / "blobs").mkdir(parents=True)
    for file in sorted(path for path in made.rglob("*") if path.is_file()):
        name = file.relative_to(made)
        blob = repository / "blobs" / sha256_file(file)
        shutil.copyfile(file, blob)
        (snapshot / name).parent.mkdir(parents=True, exist_ok=True)
        (snapshot / name).symlink_to(os.path.relpath(blob, (snapshot / name).parent))
    return snapshot


def local_dir(made: Path, root: Path) -> Path:
    """As `hf download --local-dir` leaves it."""
    folder = Path(shutil.copytree(made, root / "nli"))
    (folder / ".cache/huggingface/download").mkdir(parents=True)
    (folder / ".cache/huggingface/download/model.json.metadata").write_text("c\nd\n1.0\n")
    (folder / ".cache/huggingface/.gitignore").write_text("*")
    return folder


def clone(made: Path, root: Path) -> Path:
    """As `git clone` leaves it, its weights fetched."""
    folder = Path(shutil.copytree(made, root / "nli"))
    (folder / ".git/objects/pack").mkdir(parents=True)
    for number in range(1100):  # more than an artifact may have files
        (folder / f".git/objects/pack/{number}").touch()
    (folder / ".gitattributes").write_text("*.safetensors filter=lfs\n")
    (folder / ".gitignore").write_text("*.tmp\n")
    return folder


def desktop(made: Path, root: Path) -> Path:
    """As file managers, editors and unpackers leave it."""
    folder = Path(shutil.copytree(made, root / "nli"))
    (folder / "__MACOSX").mkdir()
    for name in ("__MACOSX/._model.json", ".DS_Store", "._model.json", "texts/.DS_Store",
                 "Thumbs.db", "desktop.ini", "model.json~", "#model.json#", "LICENSE", "x.json",
                 "weights.bin", "reference.safetensors"):  # fmt: skip
        (folder / name).write_bytes(b"\x80\x04\x00")
    (folder / ".#model.json").symlink_to("ann@host.123:456")
    return folder


def inner_links(made: Path, root: Path) -> Path:
    """A folder whose files are links within it."""
    folder = Path(shutil.copytree(made, root / "nli"))
    (folder / "objects").mkdir()
    (folder / "model.json").rename(folder / "objects/1")
    (folder / "model.json").symlink_to("objects/1")
    (folder / "texts").rename(folder / "objects/texts")
    (folder / "texts").symlink_to("objects/texts")
    return folder


WAYS: dict[str, Callable[[Path, Path], Path]] = {
    "hub cache": hub_cache,
    "local dir": local_dir,
    "clone": clone,
    "desktop": desktop,
    "inner links": inner_links,
}
IGNORED = {
    "hub cache": [],
    "local dir": [".cache/"],
    "clone": [".git/", ".gitattributes", ".gitignore"],
    "desktop": ["#model.json#", ".#model.json", ".DS_Store", "._model.json", "LICENSE",
                "Thumbs.db", "__MACOSX/", "desktop.ini", "model.json~", "reference.safetensors",
                "texts/.DS_Store", "weights.bin", "x.json"],
    "inner links": ["objects/"],
}  # fmt: skip


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return small_artifact(tmp_path / "made").where


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


@pytest.mark.parametrize("way", WAYS)
def test_only_what_is_listed_goes_on(made: Path, tmp_path: Path, way: str) -> None:
    folder = WAYS[way](made, tmp_path / "way")
    source = FolderSource(folder)
    assert sorted(source.ignored) == sorted(IGNORED[way])
    assert not source.plain
    taken = take_in(source, Store(tmp_path / "store"), load=False)
    assert files(taken.folder) == files(made)
    assert not any(path.is_symlink() for path in taken.folder.rglob("*"))
    with prepared(folder) as (clean, _):
        assert files(clean.where) == files(made)
        assert sorted(clean.ignored) == sorted(IGNORED[way])
    with fetched(str(folder), Store(tmp_path / "pulled"), Silent()) as (pulled, _):
        verify(pulled)
        assert pulled.sizes == FolderSource(made).sizes


@pytest.mark.parametrize("way", WAYS)
def test_commands_say_once_what_they_leave_alone(
    made: Path, tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapterxlt.progress_lines.SHORT", 1e9)  # nothing is long enough to be told
    folder = WAYS[way](made, tmp_path / "way")
    ignored = IGNORED[way]
    more = f" and {len(ignored) - 3} more" if len(ignored) > 3 else ""
    shown = ", ".join(sorted(ignored)[:3]) + more
    note = (
        f"note: files that do not belong to the artifact are ignored: {shown}\n" if ignored else ""
    )
    out = tmp_path / "nli.axlt"
    for arguments in (
        ("verify", folder, "--no-load"),
        ("pack", folder, "--out", out),
        ("push", folder, tmp_path / "remote"),
        ("import", folder, "--no-load", "--workdir", tmp_path / "work"),
    ):
        result = run("artifact", *arguments)
        assert (result.exit_code, result.stderr) == (0, note), arguments
    assert run("artifact", "show", folder).exit_code == 0
    entries, problems = read_entries(tmp_path / "way")
    assert len(entries) == 1
    assert problems == []
    packed = open_source(out)
    verify(packed)
    assert packed.sizes == FolderSource(made).sizes


def test_an_ignored_file_is_not_loaded(made: Path, tmp_path: Path) -> None:
    """What a loader would look for by name must not come from what nobody has hashed."""
    document = json.loads((made / MANIFEST_NAME).read_text())
    assert "reference.safetensors" not in document["files"]
    (made / "reference.safetensors").write_bytes(b"x")
    with prepared(made) as (clean, _):
        assert clean.where != made
        assert not (clean.where / "reference.safetensors").exists()


def test_a_link_out_of_the_cache_is_refused(made: Path, tmp_path: Path) -> None:
    snapshot = hub_cache(made, tmp_path / "hub")
    shutil.copytree(snapshot.parent.parent / "blobs", tmp_path / "hub/models--bob--nli/blobs")
    blob = tmp_path / "hub/models--bob--nli/blobs" / sha256_file(made / "model.json")
    (snapshot / "model.json").unlink()
    (snapshot / "model.json").symlink_to(blob)
    with pytest.raises(
        InvalidArtifactError, match="is a link to a place outside the folder"
    ) as caught:
        FolderSource(snapshot)
    assert "cp -rL" in str(caught.value.hint)


def test_a_cache_whose_blobs_are_a_link_is_refused(made: Path, tmp_path: Path) -> None:
    snapshot = hub_cache(made, tmp_path / "hub")
    (snapshot.parent.parent / "blobs").rename(tmp_path / "elsewhere")
    (snapshot.parent.parent / "blobs").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidArtifactError, match="is a link to a place outside the folder"):
        FolderSource(snapshot)


def test_a_pointer_is_called_one(made: Path) -> None:
    (made / "adapter.safetensors").write_text(LFS_POINTER)
    with pytest.raises(
        InvalidArtifactError, match=r"adapter\.safetensors is a Git LFS pointer"
    ) as e:
        verify(FolderSource(made))
    assert "git lfs pull" in str(e.value.hint)


def test_a_store_survives_a_file_manager(made: Path, tmp_path: Path) -> None:
    taken = take_in(FolderSource(made), Store(tmp_path / "store"), load=False)
    (taken.folder / ".DS_Store").write_bytes(b"x")
    (taken.folder / "texts/._a.u64").write_bytes(b"x")
    assert Store(tmp_path / "store").get(taken.manifest.fingerprint) == taken.manifest


def test_what_another_program_packed_is_explained(made: Path, tmp_path: Path) -> None:
    shutil.make_archive(str(tmp_path / "nli"), "zip", made)
    with pytest.raises(InvalidArtifactError, match="is not a bundle") as caught:
        open_source(tmp_path / "nli.zip")
    assert "unpack other archives and give the folder" in str(caught.value.hint)
