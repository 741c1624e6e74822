"""The real huggingface_hub against a stand-in for the Hub: nothing real can be had here."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from huggingface_hub import constants, file_download
from huggingface_hub.utils import reset_sessions

from adapterxlt.cli.main import cli
from adapterxlt.errors import AdapterXLTError, UsageError
from adapterxlt.sharing.make import finish
from adapterxlt.sharing.remotes.fetch import has
from adapterxlt.sharing.remotes.hub import HubFiles, parse_url
from adapterxlt.sharing.source import FolderSource
from adapterxlt.sharing.verify import verify
from adapterxlt.store.manifest import SIGNATURE_NAME, read_manifest
from tests.sharing.make import small_artifact
from tests.sharing.remotes.hub_server import READER, STRANGER, USERS, WRITER, Hub, serve_hub
from tests.sharing.remotes.transfer import content, fetch_all, publish

URL = "hf://ann/nli"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A stand-in that huggingface_hub takes for the Hub; the writer is logged in."""
    with serve_hub() as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        template = hub.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(file_download, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
        monkeypatch.delenv("HF_TOKEN", raising=False)
        reset_sessions()
        log_in(tmp_path, WRITER)
        yield hub
        reset_sessions()


def log_in(tmp_path: Path, token: str | None) -> None:
    """As `hf auth login` leaves it."""
    (tmp_path / "token").write_text(token or "")


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in arguments])


def test_push_and_pull(hub: Hub, made: FolderSource, tmp_path: Path) -> None:
    address = verify(made).fingerprint
    first = publish(made, URL)
    assert (first.url, first.files) == (URL, len(made.sizes))
    assert first.bytes == sum(made.sizes.values())
    assert hub.files("ann/nli") == content(made)
    assert hub.repositories["ann/nli"].private
    assert len(hub.repositories["ann/nli"].history) == 2  # one, after that of the creation
    assert has(URL, address)
    assert not has(URL, "0" * 64)
    assert fetch_all(URL, tmp_path / "staging") == content(made)
    assert not list((tmp_path / "staging/.staging").iterdir())


def test_pushing_twice_sends_nothing(hub: Hub, made: FolderSource) -> None:
    publish(made, URL)
    before = len(hub.writes())
    again = publish(made, URL)
    assert (again.files, again.bytes) == (0, 0)
    assert len(hub.writes()) == before


@pytest.fixture
def large(tmp_path: Path) -> FolderSource:
    """An artifact with a file of 160,000 bytes."""
    folder = small_artifact(tmp_path / "large").where
    (folder / "texts/mnli-abab.u64").write_bytes(np.arange(20_000, dtype="<u8").tobytes())
    manifest = read_manifest(folder)
    assert manifest.artifact is not None
    finish(folder, manifest, manifest.artifact, [])
    return FolderSource(folder)


def test_a_large_file_goes_in_parts(hub: Hub, large: FolderSource, tmp_path: Path) -> None:
    publish(large, URL)
    assert sum("/part/" in line for line in hub.requests) == 3
    assert hub.files("ann/nli") == content(large)
    assert fetch_all(URL, tmp_path / "staging") == content(large)


def test_another_artifact_is_replaced_only_if_asked(
    hub: Hub, made: FolderSource, tmp_path: Path
) -> None:
    publish(made, URL)
    other = small_artifact(tmp_path / "other", license="mit")
    with pytest.raises(UsageError, match="another artifact"):
        publish(other, URL)
    assert hub.files("ann/nli") == content(made)
    uploads = sum(line.startswith("PUT") for line in hub.requests)
    assert publish(other, URL, replace=True).files == 2  # its card and its manifest
    assert sum(line.startswith("PUT") for line in hub.requests) == uploads
    assert hub.files("ann/nli") == content(other)


def test_a_signature_is_sent_after_the_artifact(hub: Hub, made: FolderSource) -> None:
    publish(made, URL)
    (made.where / SIGNATURE_NAME).write_text("-----BEGIN SSH SIGNATURE-----\n")
    signed = FolderSource(made.where)
    assert publish(signed, URL).files == 1
    assert hub.files("ann/nli") == content(signed)
    assert publish(signed, URL).files == 0


def test_files_of_others_are_neither_overwritten_nor_removed(
    hub: Hub, made: FolderSource, tmp_path: Path
) -> None:
    publish(made, URL)
    repository = hub.repositories["ann/nli"]
    repository.commit("main", {"README.md": b"mine", "LICENSE": b"text"}, {})
    with pytest.raises(UsageError, match=r"holds other files \(README\.md\)"):
        publish(made, URL)
    publish(made, URL, replace=True)
    assert hub.files("ann/nli") == content(made) | {"LICENSE": b"text"}
    assert fetch_all(URL, tmp_path / "staging") == content(made)


def test_a_branch_of_its_own(hub: Hub, made: FolderSource, tmp_path: Path) -> None:
    publish(made, URL)
    other = small_artifact(tmp_path / "other", license="mit")
    with pytest.raises(UsageError, match="write hf://OWNER/NAME"):
        parse_url(f"{URL}@a b")
    assert publish(other, f"{URL}-v2@next").files == len(other.sizes)
    assert hub.files("ann/nli-v2", "next") == content(other)
    assert hub.files("ann/nli-v2") == {}
    assert fetch_all(f"{URL}-v2@next", tmp_path / "staging") == content(other)


def test_a_push_that_is_cut_shows_nothing_and_goes_on(
    hub: Hub, made: FolderSource, tmp_path: Path
) -> None:
    hub.refuse_upload = 2  # the second object
    with pytest.raises(AdapterXLTError):
        publish(made, URL)
    assert hub.files("ann/nli") == {}
    assert not has(URL, verify(made).fingerprint)
    hub.refuse_upload, kept = 0, list(hub.objects)
    hub.requests.clear()
    publish(made, URL)
    assert hub.files("ann/nli") == content(made)
    assert kept
    assert not [line for line in hub.requests if line.startswith("PUT") and kept[0] in line]


def test_a_pull_that_is_cut_goes_on(hub: Hub, large: FolderSource, tmp_path: Path) -> None:
    publish(large, URL)
    hub.cut_download = 100_000
    staging = tmp_path / "staging"
    with pytest.raises(AdapterXLTError, match="run the same command again"):
        fetch_all(URL, staging)
    (part,) = staging.rglob("*.part")
    kept = part.stat().st_size
    assert kept == 1 << 16  # a whole block
    hub.storage_headers.clear()
    assert fetch_all(URL, staging) == content(large)
    assert sum(f"Range: bytes={kept}-" in headers for headers in hub.storage_headers) == 1


def test_all_files_are_of_one_commit(hub: Hub, made: FolderSource) -> None:
    publish(made, URL)
    files = HubFiles(URL)
    assert files.read("manifest.json", 1 << 20)
    assert files.revision == hub.repositories["ann/nli"].at("main").sha
    assert len(b"".join(files.blocks("model.json", 3))) == made.sizes["model.json"] - 3


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (None, "you are not logged in"),
        (STRANGER, "there is no artifact"),
        ("hf_nobodySECRET4", "you are not logged in"),
    ],
)
def test_a_private_repository_is_shown_to_its_owner_only(
    hub: Hub, made: FolderSource, tmp_path: Path, token: str | None, said: str
) -> None:
    publish(made, URL)
    log_in(tmp_path, token)
    pulled = invoke("artifact", "pull", URL, "--workdir", tmp_path / "runs", "--no-load")
    assert (pulled.exit_code, pulled.stdout) == (5, "")
    assert said in pulled.stderr
    assert not list((tmp_path / "runs").rglob("*.safetensors"))
    if token is None:
        assert "hf auth login" in pulled.stderr


@pytest.mark.parametrize(
    ("token", "said"),
    [(None, "hf auth login"), (READER, "its token may write"), (STRANGER, "right account")],
)
def test_who_may_not_write_is_told(
    hub: Hub, made: FolderSource, tmp_path: Path, token: str | None, said: str
) -> None:
    log_in(tmp_path, token)
    pushed = invoke("artifact", "push", made.where, URL)
    assert (pushed.exit_code, pushed.stdout) == (5, "")
    assert said in pushed.stderr
    assert "SECRET" not in pushed.stderr
    assert hub.repositories == {}


@pytest.mark.parametrize(
    "name",
    ["nli", "ann/nli/more", "ann/a--b", "ann/a..b", "-ann/nli", "ann/nli.git", "ann/" + 99 * "x"],
)
def test_wrong_names(hub: Hub, made: FolderSource, tmp_path: Path, name: str) -> None:
    for arguments in (("push", made.where, f"hf://{name}"), ("pull", f"hf://{name}")):
        result = invoke("artifact", *arguments)
        assert result.exit_code == 2, result.output
        assert f"hf://{name}: " in result.stderr
    assert hub.requests == []


def test_a_revision_that_is_not_there(hub: Hub, made: FolderSource, tmp_path: Path) -> None:
    publish(made, URL)
    pulled = invoke("artifact", "pull", f"{URL}@v9", "--workdir", tmp_path / "runs")
    assert pulled.exit_code == 5
    assert f"{URL}@v9: there is no artifact" in pulled.stderr


def test_no_network_is_said(made: FolderSource, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    reset_sessions()
    with pytest.raises(AdapterXLTError, match="HF_HUB_OFFLINE"):
        publish(made, URL)


def test_the_token_is_the_hubs_own_and_stays_there(made: FolderSource, tmp_path: Path) -> None:
    """As a user has it: processes of their own, configured by huggingface_hub's variables."""
    with serve_hub() as hub:
        environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "home")}
        environment |= {"HF_HUB_OFFLINE": "0", "TRANSFORMERS_OFFLINE": "0", "HF_TOKEN": WRITER}
        said = ""
        for arguments in (
            ("push", str(made.where), URL),
            ("push", str(made.where), "hf://bob/nli"),  # not his to write to
            ("pull", URL, "--workdir", str(tmp_path / "runs"), "--no-load"),
            ("pull", "hf://bob/nli", "--workdir", str(tmp_path / "runs"), "--no-load"),
        ):
            done = subprocess.run(
                [sys.executable, "-m", "adapterxlt", "--debug", "artifact", *arguments],
                env=environment,
                capture_output=True,
                text=True,
            )
            assert done.returncode == (5 if "hf://bob/nli" in arguments else 0), done.stderr
            said += done.stdout + done.stderr
        assert len(list((tmp_path / "runs/store").glob("??/*/manifest.json"))) == 1
        assert not any("Authorization" in headers for headers in hub.storage_headers)
        assert hub.storage_headers
        assert b"SECRET" not in b"".join(hub.files("ann/nli").values())
    assert not any(token in said for token in USERS)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in written if b"SECRET" in path.read_bytes()] == []
