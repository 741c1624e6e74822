"""Compressed files: the content decides how they are read, the name how they are written."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from adapterxlt.errors import MissingDataError, MissingPackageError

# Ending of a name -> what such a file begins with. No UTF-8 text begins like one, except bzip2's.
KINDS = {
    ".gz": b"\x1f\x8b",
    ".bz2": b"BZh",
    ".xz": b"\xfd7zXZ\x00",
    ".zst": b"\x28\xb5\x2f\xfd",
}
_BZ2_BLOCKS = (b"1AY&SY", b"\x17rE8P\x90")  # after the level: a first block, or the end
# Kinds that are not read, by what they begin with.
_OTHERS = {
    b"PK\x03\x04": "zip",
    b"7z\xbc\xaf": "7-Zip",
    b"Rar!": "RAR",
    b"\x04\x22\x4d\x18": "lz4",
    b"\x1f\x9d": "compress (.Z)",
}
_HEAD = 10
_BUFFER = 1 << 17
# Compressed bytes that are unpacked at once: zstandard may make 32,000 times as many of them.
ZST_READ = 1 << 10


def ending(path: Path) -> str:
    """`.gz`, `.bz2`, `.xz` or `.zst` if a name says that the file is compressed, else ""."""
    found = path.suffix.lower()
    return found if found in KINDS else ""


def plain_name(path: Path) -> Path:
    """The name without the ending of a compressed file."""
    return path.with_suffix("") if ending(path) else path


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The file's bytes, unpacked as they are read if it is compressed; gz, bz2, xz or zst.

    Content decides, so that a wrong or missing ending does no harm.

    Raises:
        OSError, EOFError, zlib.error, lzma.LZMAError: unreadable or damaged; see `DAMAGE`.
        MissingDataError: compressed in a way that is not known, or not at all though it says so.
        MissingPackageError: a .zst file, and no zstandard.
    """
    with ExitStack() as stack:
        raw = io.BufferedReader(stack.enter_context(io.FileIO(path)), _BUFFER)
        head = raw.peek(_HEAD)[:_HEAD]
        kind = next((kind for kind, magic in KINDS.items() if head.startswith(magic)), "")
        if kind == ".bz2" and head[4:] not in _BZ2_BLOCKS:
            kind = ""
        if not kind:
            _refuse_others(path, head)
            yield raw
            return
        if kind == ".zst":
            zstandard(path)
            yield stack.enter_context(io.BufferedReader(_Zst(raw), _BUFFER))
            return
        openers: dict[str, Callable[..., Any]] = {
            ".gz": gzip.open,
            ".bz2": bz2.open,
            ".xz": lzma.open,
        }
        yield stack.enter_context(openers[kind](raw, "rb"))


# What reading from `opened` raises where a file is damaged or breaks off.
DAMAGE = (OSError, EOFError, zlib.error, lzma.LZMAError)


def zstandard(path: Path) -> Any:
    """The package for .zst files.

    Raises:
        MissingPackageError: it is not installed.
    """
    try:
        import zstandard as found
    except ImportError as error:
        raise MissingPackageError(
            f"{path}: .zst files need zstandard", hint='pip install "adapterxlt[zst]"'
        ) from error
    return found


@contextmanager
def compressing(stream: IO[bytes], path: Path) -> Iterator[IO[bytes]]:
    """A stream into `stream`, compressed as the name `path` says.

    The same bytes give the same file: neither a name nor a time goes in.
    """
    kind = ending(path)
    made: Any
    if kind == ".gz":
        made = gzip.GzipFile("", "wb", fileobj=stream, mtime=0)
    elif kind == ".bz2":
        made = bz2.BZ2File(stream, "wb")
    elif kind == ".xz":
        made = lzma.LZMAFile(stream, "wb")  # noqa: SIM115
    elif kind == ".zst":
        made = zstandard(path).ZstdCompressor().stream_writer(stream, closefd=False)
    else:
        yield stream
        return
    with made:
        yield made


def _refuse_others(path: Path, head: bytes) -> None:
    for magic, name in _OTHERS.items():
        if head.startswith(magic):
            raise MissingDataError(
                f"{path}: is compressed with {name}, which is not supported", hint="unpack it first"
            )
    if ending(path) and head:
        raise MissingDataError(
            f"{path}: is not a {ending(path)} file", hint="if it is plain text, rename it"
        )


class _Zst(io.RawIOBase):
    """The content of a .zst file, frame after frame, in pieces of a bounded size."""

    def __init__(self, raw: IO[bytes]) -> None:
        import zstandard as package

        self._package, self._raw = package, raw
        self._frame: Any = None
        self._rest = self._made = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._made:
            data = self._rest or self._raw.read(ZST_READ)
            if not data:
                if self._frame is not None:  # zstandard itself takes it for one that ends
                    raise EOFError("it ends too early")
                return 0
            frame = self._frame or self._package.ZstdDecompressor().decompressobj()
            try:
                self._made = frame.decompress(data)
            except self._package.ZstdError as error:
                raise OSError(str(error)) from error
            self._rest = frame.unused_data
            self._frame = None if frame.eof else frame
        size = min(len(buffer), len(self._made))
        buffer[:size] = self._made[:size]
        self._made = self._made[size:]
        return size
