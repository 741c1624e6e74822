"""Plain text of any size with one sentence per line: read once, filtered, kept on disk."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from adapterxlt.progress import Progress
from adapterxlt.retrieval.scripts import is_written_in, scripts_of
from adapterxlt.search.arrays import Ids
from adapterxlt.store.compressed import DAMAGE, opened
from adapterxlt.store.disk import writing
from adapterxlt.tasks.reading import bad, encoding_hint, refuse_returns, unreadable

COUNTED = 100_000  # lines after which progress is reported
LONGEST = 64 << 20  # bytes of a line; a small file may unpack to a line without an end


@dataclass(frozen=True)
class Filters:
    """The conditions under which a line is used.

    Args:
        language: two-letter code; lines not written in its script are left out. None: any script.
        min_chars: shorter lines are left out.
        max_chars: longer lines are left out; None: no line is too long.
    """

    language: str | None = None
    min_chars: int = 1
    max_chars: int | None = 2000


@dataclass(frozen=True)
class Corpus:
    """The distinct sentences of a file that passed the filters, in the file's order.

    Args:
        path: the file they came from.
        text: UTF-8 copy of its sentences.
        starts: [n] position of the byte in `text` where each sentence starts.
        lengths: [n] number of bytes of each sentence.
        lines: [n] number of the line in `path`, from 1, where each sentence occurs first.
        counts: number of lines read, and of lines left out for each reason.
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
    """Read a plain or compressed file; write the sentences that pass the filters to `copy`.

    White space around a line is removed. If a sentence occurs several times, only the first one
    is kept.

    Raises:
        MissingDataError: the file is unreadable or not UTF-8, or no sentence passes.
        MissingPackageError: it is a .zst file, and zstandard is not installed.
        AdapterXLTError: the disk of the copy is full.
    """
    scripts = scripts_of(filters.language) if filters.language else None
    counts = dict.fromkeys(("lines", "blank", "too short", "too long", "wrong script"), 0)
    starts, lengths, lines, digests = (array("Q") for _ in range(4))
    place = 0
    with writing(copy, surely=False), copy.open("wb") as out:
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
    if filters.max_chars is not None and len(text) > filters.max_chars:
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
    number, raw = 0, b""
    try:
        with opened(path) as stream:
            while raw := stream.readline(LONGEST + 1):
                number += 1
                if len(raw) > LONGEST:
                    message = f"the line exceeds the limit of {LONGEST >> 20} MiB"
                    raise bad(
                        path, number, message, "check that it is text with one sentence per line"
                    )
                text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
                if "\0" in text:
                    raise bad(
                        path,
                        number,
                        "contains a NUL character",
                        "the file may be UTF-16; re-encode it as UTF-8",
                    )
                if number == 1:
                    refuse_returns(path, text)
                yield number, text.strip()
    except UnicodeDecodeError as error:
        # The codec counts from the byte after the byte order mark.
        start = error.start + len(raw) - len(error.object)
        message = f"not UTF-8: byte 0x{raw[start]:02x} at column {start + 1}"
        raise bad(path, number, message, encoding_hint(raw)) from error
    except DAMAGE as error:
        raise unreadable(path, number, error) from error
