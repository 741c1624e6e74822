"""Plain text of any size, one sentence a line: read once, filtered, kept on disk."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from adapterxlt.errors import MissingDataError, MissingPackageError
from adapterxlt.progress import Progress
from adapterxlt.retrieval.arrays import Ids
from adapterxlt.retrieval.kept import on_disk
from adapterxlt.retrieval.scripts import is_written_in, scripts_of
from adapterxlt.tasks.files import bad

COUNTED = 100_000  # lines after which progress is told
ZST_READ = 1 << 17


@dataclass(frozen=True)
class Filters:
    """Which lines take part.

    Args:
        language: two-letter code: lines not written in its script are left out; None: any.
        min_chars: shorter lines are left out.
        max_chars: longer lines are left out.
    """

    language: str | None = None
    min_chars: int = 1
    max_chars: int = 2000


@dataclass(frozen=True)
class Corpus:
    """The distinct sentences of a file that passed the filters, in the file's order.

    Args:
        path: the file they came from.
        text: UTF-8 copy of its sentences.
        starts: [n] byte in `text` where each sentence starts.
        lengths: [n] bytes of each.
        lines: [n] line in `path`, from 1, where it occurs first.
        counts: lines read, and how many were left out for which reason.
    """

    path: Path
    text: Path
    starts: Ids
    lengths: Ids
    lines: Ids
    counts: dict[str, int]

    def __len__(self) -> int:
        return len(self.starts)

    def __iter__(self) -> Iterator[str]:
        with self.text.open("rb") as stream:
            for start, length in zip(self.starts.tolist(), self.lengths.tolist(), strict=True):
                yield self._at(stream, start, length)

    def sentences(self, rows: Ids) -> Iterator[str]:
        """The sentences of these rows, in their order."""
        with self.text.open("rb") as stream:
            for row in rows.tolist():
                yield self._at(stream, int(self.starts[row]), int(self.lengths[row]))

    @staticmethod
    def _at(stream: IO[bytes], start: int, length: int) -> str:
        stream.seek(start)
        return stream.read(length).decode("utf-8")


def read_corpus(path: Path, copy: Path, filters: Filters, progress: Progress) -> Corpus:
    """Read a plain, .gz or .zst file; write the sentences that pass the filters to `copy`.

    White space around a line is taken away. Of a sentence that occurs several times the first
    one counts.

    Raises:
        MissingDataError: unreadable, not UTF-8, or no sentence passes.
        MissingPackageError: a .zst file, and no zstandard.
        AdapterXLTError: the disk of the copy is full.
    """
    scripts = scripts_of(filters.language) if filters.language else None
    counts = dict.fromkeys(("lines", "blank", "too short", "too long", "wrong script"), 0)
    starts, lengths, lines, digests = (array("Q") for _ in range(4))
    place = 0
    with on_disk(copy), copy.open("wb") as out:
        for number, text in _lines(path):
            counts["lines"] = number
            if number % COUNTED == 0:
                progress.log(f"{path}: {number} lines read")
            reason = _reason(text, filters, scripts)
            if reason:
                counts[reason] += 1
                continue
            raw = text.encode("utf-8")
            digests.frombytes(hashlib.blake2b(raw, digest_size=16).digest())
            starts.append(place)
            lengths.append(len(raw))
            lines.append(number)
            place += out.write(raw + b"\n")
    if not counts["lines"]:
        raise bad(path, 0, "the file is empty")
    if not starts:
        reasons = ", ".join(f"{n} {what}" for what, n in counts.items() if n and what != "lines")
        raise bad(path, 0, f"no line of {counts['lines']} passes the filters: {reasons}")
    first = _first_of_each(np.frombuffer(digests, dtype=np.uint64).reshape(-1, 2))
    counts["repeated"] = len(starts) - len(first)
    kept = [
        np.frombuffer(column, dtype=np.uint64)[first].astype(np.int64)
        for column in (starts, lengths, lines)
    ]
    return Corpus(path, copy, kept[0], kept[1], kept[2], counts)


def _reason(text: str, filters: Filters, scripts: frozenset[str] | None) -> str | None:
    if not text:
        return "blank"
    if len(text) < filters.min_chars:
        return "too short"
    if len(text) > filters.max_chars:
        return "too long"
    return "wrong script" if scripts and not is_written_in(text, scripts) else None


def _first_of_each(digests: np.ndarray[Any, Any]) -> Ids:
    order = np.lexsort((digests[:, 1], digests[:, 0]))  # stable: equal ones stay in order
    ranked = digests[order]
    new = np.ones(len(ranked), dtype=bool)
    new[1:] = (ranked[1:] != ranked[:-1]).any(axis=1)
    return np.sort(order[new])


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, without white space at their ends."""
    number = 0
    try:
        with _open(path) as stream:
            for number, raw in enumerate(stream, start=1):
                if number == 1:
                    raw = raw.removeprefix(b"\xef\xbb\xbf")
                if b"\0" in raw:
                    raise bad(path, number, "NUL character", "is the file UTF-16? Re-encode it")
                yield number, raw.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        message = f"not UTF-8: byte 0x{byte:02x} at column {error.start + 1}"
        raise bad(path, number, message, "re-encode it as UTF-8") from error
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        place = f" after line {number}" if number else ""
        raise bad(path, 0, f"cannot be read{place}: {reason}") from error


@contextmanager
def _open(path: Path) -> Iterator[Iterable[bytes]]:
    if path.suffix == ".gz":
        with gzip.open(path, "rb") as stream:
            yield stream
    else:
        with path.open("rb") as raw:
            yield _zst_lines(path, raw) if path.suffix == ".zst" else raw


def _zst_lines(path: Path, raw: IO[bytes]) -> Iterator[bytes]:
    try:
        import zstandard
    except ImportError as error:
        raise MissingPackageError(
            f"{path}: reading .zst needs zstandard", hint='pip install "adapterxlt[zst]"'
        ) from error
    rest, frame = b"", None
    try:
        while data := raw.read(ZST_READ):
            while data:
                frame = frame or zstandard.ZstdDecompressor().decompressobj()
                *lines, rest = (rest + frame.decompress(data)).split(b"\n")
                yield from lines
                data = frame.unused_data
                frame = None if frame.eof else frame
    except zstandard.ZstdError as error:
        raise MissingDataError(f"{path}: not a whole .zst file: {error}") from error
    # zstandard itself takes a file that breaks off for one that ends.
    if frame:
        raise MissingDataError(f"{path}: not a whole .zst file: it breaks off")
    if rest:
        yield rest
