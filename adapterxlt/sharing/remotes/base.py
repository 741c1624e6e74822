"""The interface of all remotes: operations on their files, and messages for their failures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from adapterxlt.errors import AdapterXLTError, UsageError
from adapterxlt.sharing.remotes.address import masked

BLOCK = 1 << 20
SECONDS = 60
INCOMING = ".incoming"  # of a remote: what nobody shall see yet


class Files(Protocol):
    """Files below one URL."""

    shown: str  # the URL, without a password

    def read(self, name: str, limit: int) -> bytes | None:
        """The first `limit + 1` bytes of a file, None if there is none."""

    def blocks(self, name: str, offset: int) -> Iterator[bytes]:
        """What a file holds from a byte on.

        Raises:
            MissingError: there is no such file.
        """


class Sendable(Protocol):
    """Files of a folder that are to be sent."""

    @property
    def where(self) -> Path:
        """The folder."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """Bytes of its files, by relative path."""


class WritableFiles(Files, Protocol):
    """Files that can be written; each appears whole or not at all.

    What is not whole yet lies in `.incoming/TOP/`, where TOP is the first folder of its name.
    """

    def size(self, name: str) -> int | None:
        """Bytes of a file, None if there is none."""

    def put(self, local: Path, name: str) -> None:
        """Copy a local file there."""

    def put_bytes(self, content: bytes, name: str) -> None:
        """Write a small file."""

    def delete(self, name: str) -> None:
        """Remove a file, if it is there."""

    def delete_folder(self, name: str) -> None:
        """Remove a folder and all in it, if it is there."""


@contextmanager
def told(url: str) -> Iterator[None]:
    """Turn what network libraries raise into one line that says where."""
    try:
        yield
    except (AdapterXLTError, KeyboardInterrupt):
        raise
    except Exception as error:  # botocore, paramiko, aiohttp and urllib share no base class
        nothing = f"no answer for {SECONDS} seconds" if isinstance(error, TimeoutError) else ""
        reason = (str(error).strip().splitlines() or [nothing or type(error).__name__])[0]
        raise AdapterXLTError(
            f"{masked(url)}: {type(error).__name__}: {masked(reason)[:300]}",
            hint="check that it is reachable and that its credentials are configured; run the "
            "same command again to continue",
        ) from error


@dataclass(frozen=True)
class Pushed:
    """Where an artifact is now, and how many files and bytes had to be sent."""

    url: str
    files: int
    bytes: int


def refuse_other(theirs: bytes | None, place: str, replace: bool) -> None:
    """Refuse to overwrite another artifact unasked."""
    if theirs is not None and not replace:
        raise UsageError(
            f"{place}: already holds another artifact of this stage (with other scores, licence "
            "or machine)",
            hint="use --replace to replace it",
        )
