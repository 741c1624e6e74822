"""Files at a URL; here a folder, S3 or SFTP through fsspec. No torch."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

from adapterxlt.errors import MissingError, MissingPackageError, UsageError
from adapterxlt.sharing.remotes.address import masked, path_of, scheme_of, split_sftp, tidy
from adapterxlt.sharing.remotes.base import BLOCK, INCOMING, Files, WritableFiles, told
from adapterxlt.store.disk import writing
from adapterxlt.store.inside import open_inside


def open_files(url: str) -> Files:
    """Open a URL for reading.

    Raises:
        UsageError: the URL is none. MissingPackageError: a package for it is missing.
    """
    url = tidy(url)
    match scheme_of(url):
        case "http" | "https":
            from adapterxlt.sharing.remotes.http import HttpFiles

            return HttpFiles(url)
        case "hf":
            from adapterxlt.sharing.remotes.hub import HubFiles

            return HubFiles(url)
        case _:
            return open_writable(url)


def open_writable(url: str) -> WritableFiles:
    """Open a URL (not `hf://`) for writing.

    Raises:
        UsageError: it cannot be written. MissingPackageError: a package for it is missing.
    """
    url = tidy(url)
    match scheme_of(url):
        case "file":
            return FsFiles(_filesystem("file", {}), os.path.abspath(path_of(url)), url)
        case "s3":
            return FsFiles(_filesystem("s3", {}), url.removeprefix("s3://"), masked(url))
        case "sftp":
            from adapterxlt.sharing.remotes.sftp import open_sftp

            server, path = split_sftp(url)
            with told(url):
                return FsFiles(open_sftp(server), path, masked(url))
        case other:
            raise UsageError(
                f"{masked(url)}: cannot push to {other}://",
                hint="push to a folder, s3://, sftp:// or hf://",
            )


def _filesystem(kind: str, options: dict[str, Any]) -> Any:
    import fsspec

    try:
        return fsspec.filesystem(kind, use_listings_cache=False, **options)
    except ImportError as error:
        raise MissingPackageError(
            f"{kind}:// needs a package that is not installed ({error})",
            hint=f"pip install 'adapterxlt[{kind}]'",
        ) from None


class FsFiles:
    """Files of an fsspec file system."""

    def __init__(self, fs: Any, root: str, shown: str) -> None:
        self.fs, self.root, self.shown = fs, root.rstrip("/"), shown

    def _path(self, name: str) -> str:
        return f"{self.root}/{name}"

    def _open(self, name: str) -> Any:
        path = self._path(name)
        if _is(self.fs, "file"):
            return open_inside(Path(self.root), name)
        return self.fs.open(path, "rb")

    def size(self, name: str) -> int | None:
        with told(self.shown):
            try:
                return int(self.fs.info(self._path(name))["size"] or 0)
            except (FileNotFoundError, NotADirectoryError):
                return None

    def read(self, name: str, limit: int) -> bytes | None:
        with told(self.shown):
            try:
                with self._open(name) as stream:
                    return bytes(stream.read(limit + 1))
            except (FileNotFoundError, NotADirectoryError):
                return None

    def blocks(self, name: str, offset: int) -> Iterator[bytes]:
        with told(self.shown):
            try:
                stream = self._open(name)
            except (FileNotFoundError, NotADirectoryError):
                raise MissingError(f"{self.shown}/{name}: does not exist") from None
            with stream:
                stream.seek(offset)
                while block := stream.read(BLOCK):
                    yield block

    def put(self, local: Path, name: str) -> None:
        with told(self.shown):
            path = self._path(name)
            if _is(self.fs, "s3"):  # an upload to S3 appears when it is finished
                self.fs.put_file(str(local), path)
                return
            top = name.removeprefix(f"{INCOMING}/").partition("/")[0]
            aside = self._path(f"{INCOMING}/{top}/{uuid.uuid4().hex}")
            with writing(path) if _is(self.fs, "file") else nullcontext():
                self._put_aside(local, aside, path)

    def _put_aside(self, local: Path, aside: str, path: str) -> None:
        self.fs.makedirs(aside.rpartition("/")[0], exist_ok=True)
        self.fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        try:
            if _is(self.fs, "sftp"):
                self.fs.ftp.put(str(local), aside)
                self.fs.ftp.posix_rename(aside, path)
            else:
                shutil.copyfile(local, aside)
                os.replace(aside, path)
        except BaseException:
            with suppress(Exception):  # the connection may be gone, and the first error tells more
                if self._is_there(aside):
                    self.fs.rm_file(aside)
            raise

    def _is_there(self, path: str) -> bool:
        """Whether there is a file or folder; fsspec's `exists` says no where a server is silent."""
        try:
            self.fs.info(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def put_bytes(self, content: bytes, name: str) -> None:
        with tempfile.NamedTemporaryFile() as aside:
            aside.write(content)
            aside.flush()
            self.put(Path(aside.name), name)

    def delete(self, name: str) -> None:
        with told(self.shown), suppress(FileNotFoundError):  # another process may remove it too
            if self._is_there(self._path(name)):
                self.fs.rm_file(self._path(name))

    def delete_folder(self, name: str) -> None:
        with told(self.shown), suppress(FileNotFoundError):
            if self._is_there(self._path(name)):
                self.fs.rm(self._path(name), recursive=True)

    def folders(self) -> list[str]:
        """Names of the folders, sorted."""
        with told(self.shown):
            try:
                found = self.fs.ls(self.root, detail=True)
            except (FileNotFoundError, NotADirectoryError):
                return []
            names = [entry["name"].rstrip("/").rpartition("/")[2] for entry in found]
            return sorted(name for name in names if not name.startswith("."))


def _is(fs: Any, protocol: str) -> bool:
    return protocol in ([fs.protocol] if isinstance(fs.protocol, str) else fs.protocol)
