"""Signatures of ssh-keygen: made, checked, and refused."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from adapterxlt.errors import InvalidArtifactError, UsageError
from adapterxlt.sharing.signature import check_signature, sign
from adapterxlt.sharing.source import FolderSource
from adapterxlt.sharing.transport import prepared, take_in
from adapterxlt.store.manifest import MANIFEST_NAME, SIGNATURE_NAME
from adapterxlt.store.store import Store
from tests.sharing.make import small_artifact

pytestmark = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs ssh-keygen")


def make_key(path: Path) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path


def allow(path: Path, **keys: Path) -> Path:
    """A file of allowed signers."""
    lines = [
        f"{who}@example.org {key.with_suffix('.pub').read_text()}" for who, key in keys.items()
    ]
    path.write_text("".join(lines))
    return path


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return make_key(tmp_path / "ann")


@pytest.fixture
def signed(tmp_path: Path, key: Path) -> FolderSource:
    folder = small_artifact(tmp_path / "made").where
    sign(folder, key)
    return FolderSource(folder)


def test_a_signature_names_its_signer(signed: FolderSource, tmp_path: Path, key: Path) -> None:
    signers = allow(tmp_path / "signers", ann=key)
    found = check_signature(signed, signers)
    assert found is not None
    assert found.signer == "ann@example.org"
    text = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(key)], capture_output=True, text=True, check=True
    ).stdout
    assert found.key == text.split()[1]
    taken = take_in(signed, Store(tmp_path / "store"), load=False, signers=signers)
    assert taken.signature == found
    assert (taken.folder / SIGNATURE_NAME).is_file()
    assert check_signature(FolderSource(taken.folder), signers) == found


def test_without_signers_it_says_that_nobody_checked(signed: FolderSource) -> None:
    found = check_signature(signed, None)
    assert found is not None
    assert found.signer == ""
    assert "signer not checked" in str(found)


def test_unsigned(tmp_path: Path, key: Path) -> None:
    made = small_artifact(tmp_path / "made")
    assert check_signature(made, None) is None
    with pytest.raises(InvalidArtifactError, match="not signed"):
        check_signature(made, allow(tmp_path / "signers", ann=key))


def test_somebody_else(signed: FolderSource, tmp_path: Path) -> None:
    signers = allow(tmp_path / "signers", bob=make_key(tmp_path / "bob"))
    store = Store(tmp_path / "store")
    with pytest.raises(InvalidArtifactError, match="not signed by anyone that"):
        take_in(signed, store, load=False, signers=signers)
    assert not list((tmp_path / "store").rglob("*.safetensors"))


@pytest.mark.parametrize("checked", [True, False])
def test_of_another_manifest(
    signed: FolderSource, tmp_path: Path, key: Path, checked: bool
) -> None:
    other = small_artifact(tmp_path / "other", license="mit").where
    shutil.copyfile(signed.where / SIGNATURE_NAME, other / SIGNATURE_NAME)
    signers = allow(tmp_path / "signers", ann=key) if checked else None
    with pytest.raises(InvalidArtifactError, match="does not match this manifest"):
        check_signature(FolderSource(other), signers)


def test_made_for_something_else(signed: FolderSource, tmp_path: Path, key: Path) -> None:
    (signed.where / SIGNATURE_NAME).unlink()
    manifest = str(signed.where / MANIFEST_NAME)
    subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-n", "git", "-f", str(key), manifest],
        capture_output=True,
        check=True,
    )
    with pytest.raises(InvalidArtifactError):
        check_signature(FolderSource(signed.where), allow(tmp_path / "signers", ann=key))
    with pytest.raises(InvalidArtifactError):
        check_signature(FolderSource(signed.where), None)


def test_no_signature_at_all(signed: FolderSource, tmp_path: Path, key: Path) -> None:
    (signed.where / SIGNATURE_NAME).write_text("-----BEGIN SSH SIGNATURE-----\nno\n")
    for signers in (None, allow(tmp_path / "signers", ann=key)):
        with pytest.raises(InvalidArtifactError):
            check_signature(FolderSource(signed.where), signers)


def test_keys_and_signers_that_are_none(signed: FolderSource, tmp_path: Path) -> None:
    (tmp_path / "no_key").write_text("no key")
    with pytest.raises(UsageError, match="cannot sign"):
        sign(signed.where, tmp_path / "no_key")
    with pytest.raises(UsageError, match="this file of allowed signers does not exist"):
        check_signature(signed, tmp_path / "nothing")


def test_a_new_licence_drops_the_old_signature(signed: FolderSource, key: Path) -> None:
    with prepared(signed.where, license="mit") as (source, _):
        assert check_signature(source, None) is None
    with prepared(signed.where, license="mit", key=key) as (source, manifest):
        assert check_signature(source, None) is not None
        assert manifest.artifact is not None
        assert manifest.artifact.license == "mit"
