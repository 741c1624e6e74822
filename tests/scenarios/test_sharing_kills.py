"""Sharing that is killed at any moment: nothing half-visible, nothing lost, and it goes on."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from adapterxlt.errors import MissingError
from adapterxlt.sharing.make import finish
from adapterxlt.sharing.remotes.fetch import has
from adapterxlt.sharing.source import FolderSource
from adapterxlt.sharing.transport import pack
from adapterxlt.sharing.verify import verify
from adapterxlt.store.files import sha256_file
from adapterxlt.store.manifest import MANIFEST_NAME, Manifest, read_manifest
from adapterxlt.store.store import Store
from tests.scenarios.preloaded import Program
from tests.scenarios.program import count_events, kill, killed_at, start
from tests.sharing.make import small_artifact
from tests.sharing.remotes.servers import sent, serve_nginx, serve_sftp
from tests.sharing.remotes.transfer import content, fetch_all, publish

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

KILLS = 4
PARTS = 32
PART_BYTES = 1 << 21


@pytest.fixture
def big(tmp_path: Path) -> FolderSource:
    """An artifact of 32 files of 2 MiB and some small ones."""
    folder = small_artifact(tmp_path / "big").where
    for number in range(PARTS):
        hashes = np.arange(PART_BYTES // 8, dtype="<u8") + number
        (folder / f"texts/part{number}.u64").write_bytes(hashes.tobytes())
    manifest = read_manifest(folder)
    assert manifest.artifact is not None
    finish(folder, manifest, manifest.artifact, [])
    return FolderSource(folder)


def killed_when(process: Program, reached: Callable[[], bool], late: float) -> bool:
    """SIGKILL a process some seconds after something has happened; False if it ended before."""
    while process.poll() is None and not reached():
        time.sleep(0.0005)
    time.sleep(late)
    return kill(process)


def tree_bytes(folder: Path) -> int:
    """Bytes of all files, of which some may vanish meanwhile."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(place, name)).st_size
            except FileNotFoundError:
                continue
    return total


@pytest.mark.parametrize("kind", ["folder", "sftp"])
def test_push(
    big: FolderSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    manifest, remote = verify(big), tmp_path / "shared"
    place, moments = remote / manifest.fingerprint, random.Random(11)
    server = serve_sftp(tmp_path, monkeypatch) if kind == "sftp" else nullcontext(str(remote))
    with server as url:
        push, places = ["artifact", "push", big.where], (big.where, remote)
        events = count_events([*push, f"{url}-counted"], tmp_path, *places)
        # Half of what it does is to read and verify what it is going to send.
        numbers = [events * 2 // 3, *(moments.randint(events // 2, events) for _ in range(3))]
        for turn, number in enumerate(numbers):
            # At something done to a file, and between such things.
            late = turn % 2 * moments.uniform(0, 0.02)
            killed = killed_at(number, [*push, url], tmp_path, *places, late=late)
            assert killed or turn > 0
            if not killed or whole_at(place, manifest):
                break
            assert not has(url, manifest.fingerprint)
            with pytest.raises(MissingError):
                fetch_all(url, tmp_path / "elsewhere")
        assert not list((tmp_path / "elsewhere").rglob("*.u64"))
        there = sum(path.is_file() for path in place.rglob("*"))
        visible = (place / MANIFEST_NAME).exists()
        last = publish(big, url)
        assert last.files == (0 if visible else len(big.sizes) - there)
        assert fetch_all(url, tmp_path / "elsewhere") == content(big)
        assert publish(big, url).files == 0
    if not visible:
        assert not list((remote / ".incoming").iterdir())


def whole_at(place: Path, manifest: Manifest) -> bool:
    """Whether the artifact is visible in a remote; what is there is whole in any case."""
    for path in place.rglob("*"):
        name = path.relative_to(place).as_posix()
        if path.is_file() and name != MANIFEST_NAME:
            assert sha256_file(path) == manifest.files[name].sha256
    if not (place / MANIFEST_NAME).exists():
        return False
    assert verify(FolderSource(place)) == manifest
    return True


@pytest.mark.parametrize("form", ["folder", "file"])
def test_pull_from_nginx(big: FolderSource, tmp_path: Path, form: str) -> None:
    manifest, store = verify(big), Store(tmp_path / "runs/store")
    name = "big.axlt" if form == "file" else "big"
    if form == "file":
        pack(big, tmp_path / name)
    pulled, moments = tmp_path / "runs/store/.staging", random.Random(12)
    with serve_nginx(tmp_path, bytes_per_second=8 << 20) as server:
        command = ["artifact", "pull", f"{server}/{name}", "--no-load"]
        command += ["--workdir", str(tmp_path / "runs")]
        kills = 0
        for _ in range(KILLS):
            goal = tree_bytes(pulled) + moments.uniform(0, 0.3) * manifest.size
            late = moments.uniform(0, 0.05)
            process = start(command, tmp_path)
            if not killed_when(process, lambda goal=goal: tree_bytes(pulled) > goal, late):
                break
            kills += 1
            assert Store(store.root).get(manifest.fingerprint) in (None, manifest)
    assert kills > 1
    taken = Store(store.root).get(manifest.fingerprint) is not None
    kept = sum(
        path.stat().st_size
        for path in pulled.glob("pull-*/**/*")
        if path.is_file() and path.name != MANIFEST_NAME
    )
    before = len(sent(tmp_path))
    with serve_nginx(tmp_path) as server:  # where it comes from does not matter
        command[2] = f"{server}/{name}"
        out, err = start(command, tmp_path).communicate(timeout=600)
    assert out.count("verified, not loaded") == 1, err
    if not taken:  # only what was not there was sent, to the byte
        answers = [answer for answer in sent(tmp_path)[before:] if "manifest.json" not in answer[2]]
        if form == "file":
            assert sum(size for status, size, _ in answers if status == 206) == (
                (tmp_path / name).stat().st_size - kept
            )
        else:
            assert sum(size for _, size, _ in answers) == manifest.size - kept
    found = Store(store.root).get(manifest.fingerprint)
    assert found == manifest
    assert content(FolderSource(store.path(manifest.fingerprint))) == content(big)
    assert len(store.entries()) == 1
    assert not list(pulled.iterdir())


def test_imports_into_one_store_of_which_some_are_killed(tmp_path: Path) -> None:
    bundles, expected = [], {}
    for number in range(4):
        made = small_artifact(tmp_path / f"made{number}", seed=number)
        pack(made, tmp_path / f"{number}.axlt")
        bundles.append(tmp_path / f"{number}.axlt")
        expected[verify(made).fingerprint] = content(made)
    store, moments = Store(tmp_path / "runs/store"), random.Random(13)

    def importing(file: Path) -> Program:
        return start(
            ["artifact", "import", file, "--no-load", "--workdir", tmp_path / "runs"], tmp_path
        )

    for killed in (True, False):
        processes = [importing(file) for file in (*bundles, *bundles[:2])]
        if killed:  # each as soon as the store is in use, or a little later
            for process in moments.sample(processes, 4):
                killed_when(process, store.root.exists, moments.uniform(0, 0.1))
        for process in processes:
            _, err = process.communicate(timeout=600)
            assert process.returncode in ((0, -signal.SIGKILL) if killed else (0,)), err
        for address in expected:
            Store(store.root).get(address)  # raises if it is broken
    assert {entry.fingerprint for entry in store.entries()} == expected.keys()
    for address, files in expected.items():
        assert content(FolderSource(store.path(address))) == files
    assert not list((store.root / ".staging").iterdir())
