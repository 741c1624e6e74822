"""A content-addressed store of step outputs, safe against kills and concurrent processes.

    ROOT/ab/abcd.../            a whole entry: files, then manifest.json last
    ROOT/.staging/abcd.../      work in progress: out/ and whatever lets it resume
    ROOT/.locks/abcd....lock    held by the process that computes the entry

A folder without a manifest is garbage of a killed process. Entries are never changed.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.store.environment import environment
from adapterxlt.store.files import files_below, sha256_file, tree_size, write_atomic, write_json
from adapterxlt.store.locks import acquire
from adapterxlt.store.manifest import (
    MANIFEST_NAME,
    SIGNATURE_NAME,
    FileRecord,
    Manifest,
    read_manifest,
)

STORE_FOLDER = "store"  # within a work folder
_FAILURE = "failure.json"
# What file managers and editors leave in a folder that somebody looks at.
_DESKTOP = re.compile(r"\.DS_Store|\._.*|Thumbs\.db|desktop\.ini|\.directory|.*~|\..*\.sw[a-p]")


@dataclass(frozen=True)
class Failure:
    """Why an entry could not be computed the last time it was tried.

    Args:
        recipe: name of the recipe that tried, "" where that was not noted.
    """

    fingerprint: str
    title: str
    message: str
    size: int
    recipe: str = ""


class Store:
    """A folder of entries addressed by fingerprint (64 hex digits).

    Args:
        root: the folder; created when the first entry is.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._verified: dict[str, Manifest] = {}

    def path(self, fingerprint: str) -> Path:
        """The folder of the entry, which may not exist yet."""
        return self.root / fingerprint[:2] / fingerprint

    def staging(self, fingerprint: str) -> Path:
        """Where the entry is worked on; survives a kill so that work can resume."""
        return self.root / ".staging" / fingerprint

    def get(self, fingerprint: str) -> Manifest | None:
        """Return the manifest of a whole, undamaged entry; None if there is none.

        Raises:
            InvalidArtifactError: the entry is there but damaged (names the file).
        """
        if fingerprint in self._verified:
            return self._verified[fingerprint]
        folder = self.path(fingerprint)
        if not (folder / MANIFEST_NAME).is_file():
            return None
        manifest = read_manifest(folder)
        if manifest.fingerprint != fingerprint:
            raise InvalidArtifactError(
                f"{folder}: its manifest belongs to another entry ({manifest.fingerprint[:12]})"
            )
        check_files(folder, manifest)
        self._verified[fingerprint] = manifest
        return manifest

    def whole(self, fingerprint: str) -> Manifest | None:
        """Return the manifest of an entry; None if it is absent, or damaged and to be replaced."""
        try:
            return self.get(fingerprint)
        except InvalidArtifactError:
            return None

    @contextmanager
    def lock(
        self,
        fingerprint: str,
        *,
        blocking: bool = True,
        say: Callable[[str], None] = lambda line: None,
    ) -> Iterator[bool]:
        """Hold the entry's lock; yields whether it was got (always, when blocking).

        Args:
            say: told now and then if the wait is long.
        """
        path = self.root / ".locks" / f"{fingerprint}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        try:
            if blocking:
                acquire(lock, say)
            else:
                lock.acquire(timeout=0)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def open_staging(self, fingerprint: str) -> Path:
        """Return the staging folder with an empty `out/`; other content is kept."""
        staging = self.staging(fingerprint)
        shutil.rmtree(staging / "out", ignore_errors=True)
        (staging / "out").mkdir(parents=True)
        (staging / _FAILURE).unlink(missing_ok=True)
        return staging

    def commit(
        self,
        fingerprint: str,
        *,
        kind: str,
        title: str,
        recipe: str,
        parts: dict[str, object],
        lineage: dict[str, object],
    ) -> Manifest:
        """Make the staged `out/` the entry; hold the lock while calling this."""
        out = self.staging(fingerprint) / "out"
        files = {
            path.relative_to(out).as_posix(): FileRecord(
                size=path.stat().st_size, sha256=sha256_file(path)
            )
            for path in sorted(out.rglob("*"))
            if path.is_file()
        }
        manifest = Manifest(
            fingerprint=fingerprint,
            kind=kind,
            title=title,
            recipe=recipe,
            parts=parts,
            lineage=lineage,
            files=files,
            environment=environment(),
        )
        target = self.path(fingerprint)
        self.remove(fingerprint)
        target.parent.mkdir(parents=True, exist_ok=True)
        out.replace(target)
        write_atomic(target / MANIFEST_NAME, manifest.text())
        shutil.rmtree(self.staging(fingerprint), ignore_errors=True)
        self._verified[fingerprint] = manifest
        return manifest

    def adopt(self, folder: Path, manifest: Manifest) -> bool:
        """Make a checked folder with its manifest an entry; returns False if there is one.

        Hold the lock while calling this.

        Args:
            folder: on the store's file system, best in `staging`; it is moved away.
        """
        address = manifest.fingerprint
        (self.staging(address) / _FAILURE).unlink(missing_ok=True)
        if self.whole(address) is not None:
            return False
        target = self.path(address)
        self.remove(address)
        aside = folder / f".{MANIFEST_NAME}"  # the manifest makes an entry whole: it is last
        (folder / MANIFEST_NAME).replace(aside)
        target.parent.mkdir(parents=True, exist_ok=True)
        folder.replace(target)
        (target / aside.name).replace(target / MANIFEST_NAME)
        self._verified[address] = manifest
        return True

    def remove(self, fingerprint: str) -> None:
        """Remove an entry, whole or not; the manifest goes first."""
        self._verified.pop(fingerprint, None)
        folder = self.path(fingerprint)
        (folder / MANIFEST_NAME).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)

    def record_failure(
        self, fingerprint: str, title: str, message: str, *, recipe: str = ""
    ) -> None:
        """Record why the entry could not be computed, for `status`."""
        note = {"fingerprint": fingerprint, "title": title, "message": message, "recipe": recipe}
        with suppress(FileNotFoundError):  # another run has just made the entry
            write_json(self.staging(fingerprint) / _FAILURE, note)

    def entries(self) -> list[Manifest]:
        """Manifests of all entries that have one, by title; contents are not verified."""
        found, _ = self._manifests()
        return sorted(found, key=lambda manifest: (manifest.title, manifest.fingerprint))

    def unreadable(self) -> list[str]:
        """The problem of each manifest that cannot be read."""
        return self._manifests()[1]

    def _manifests(self) -> tuple[list[Manifest], list[str]]:
        found, problems = [], []
        for path in sorted(self.root.glob(f"[0-9a-f][0-9a-f]/*/{MANIFEST_NAME}")):
            try:
                found.append(read_manifest(path.parent))
            except InvalidArtifactError as error:
                problems.append(error.message)
        return found, problems

    def failures(self) -> list[Failure]:
        """The failures of entries that are still missing."""
        found = []
        for path in sorted(self.root.glob(f".staging/*/{_FAILURE}")):
            if (self.path(path.parent.name) / MANIFEST_NAME).is_file():
                continue  # the entry came in another way, or what failed came after it
            note = _read_note(path)
            found.append(
                Failure(
                    fingerprint=path.parent.name,
                    title=note.get("title", "?"),
                    message=note.get("message", "?"),
                    size=tree_size(path.parent),
                    recipe=note.get("recipe", ""),
                )
            )
        return found


def check_files(folder: Path, manifest: Manifest) -> None:
    """Compare every file of an entry with its manifest.

    Raises:
        InvalidArtifactError: a file is missing, unexpected, or has another content.
    """
    present = {
        path.relative_to(folder).as_posix()
        for path in files_below(folder)
        if path.name not in (MANIFEST_NAME, SIGNATURE_NAME) and not _DESKTOP.fullmatch(path.name)
    }
    for name in sorted(present - manifest.files.keys()):
        raise InvalidArtifactError(f"{folder / name}: not in the manifest")
    for name, record in manifest.files.items():
        path = folder / name
        try:
            size = path.stat().st_size if name in present else None
            changed = size == record.size and sha256_file(path) != record.sha256
        except FileNotFoundError:  # another process has just removed it
            size, changed = None, False
        if size is None:
            raise InvalidArtifactError(f"{path}: missing")
        if size != record.size:
            raise InvalidArtifactError(
                f"{path}: has {size} bytes, but the manifest states {record.size}"
            )
        if changed:
            raise InvalidArtifactError(
                f"{path}: its content has changed since it was written (sha256)"
            )


def _read_note(path: Path) -> dict[str, str]:
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {key: str(value) for key, value in note.items()} if isinstance(note, dict) else {}
