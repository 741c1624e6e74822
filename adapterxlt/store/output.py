"""Output files of commands: checked before the work, never destructive.

A file appears whole under its name or not at all, and until then the one before it stays. A link
stays a link: what it points to is written. Pipes, devices and open descriptors (`/dev/stdout`,
`-`) are written to as they are. A name that ends in .gz, .bz2, .xz or .zst compresses.
"""

from __future__ import annotations

import errno
import io
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from adapterxlt.errors import AdapterXLTError, UsageError
from adapterxlt.store.atomic import replacing, take_over
from adapterxlt.store.compressed import compressing, ending, zstandard
from adapterxlt.store.disk import cannot_write, try_folder, writing

# Names of open descriptors -> their numbers.
_NAMED = {"-": 1, "/dev/stdout": 1, "/dev/stderr": 2}
_NUMBERED = re.compile(r"/(?:dev|proc/(?:self|\d+|thread-self))/fd/(\d+)")
_LINKS = 40  # followed one after another, as the system does


@dataclass(frozen=True)
class Output:
    """A file to be written, made by `check_output`.

    Args:
        shown: as the user named it.
        path: where it is once links are followed.
        descriptor: what is open already and written to instead; None: nothing.
        regular: a file that is replaced, or made, rather than a pipe or device.
    """

    shown: Path
    path: Path
    descriptor: int | None
    regular: bool

    @property
    def takes_stdout(self) -> bool:
        """Whether it goes to stdout, where the summary for the user would go."""
        try:
            there = os.fstat(self.descriptor) if self.descriptor is not None else self.path.stat()
            return os.path.samestat(there, os.fstat(1))
        except OSError:
            return False

    @contextmanager
    def open(self, check: Callable[[Path], object] | None = None) -> Iterator[IO[bytes]]:
        """A stream; the file is there when it is closed without an error.

        Args:
            check: looks at a whole regular file before it gets its name.

        Raises:
            AdapterXLTError: it cannot be written: says why and what to do.
        """
        with writing(self.shown, surely=False):
            if not self.regular:
                with self._stream() as raw, compressing(raw, self.shown) as stream:
                    yield stream
                return
            with replacing(self.path) as (raw, place):
                take_over(self.path, raw.fileno())
                with compressing(raw, self.shown) as stream:
                    yield stream
                raw.flush()
                os.fsync(raw.fileno())
                if check is not None:
                    check(place)

    @contextmanager
    def open_text(self) -> Iterator[IO[str]]:
        """The same for text: UTF-8, with line feeds as they are."""
        with self.open() as stream:
            text = io.TextIOWrapper(cast(Any, stream), encoding="utf-8", newline="\n")
            try:
                yield text
                text.flush()
            finally:
                with suppress(OSError, ValueError):
                    text.detach()

    def _stream(self) -> IO[bytes]:
        if self.descriptor is None:
            return self.path.open("wb")
        sys.stdout.flush()
        return os.fdopen(os.dup(self.descriptor), "wb")


def check_output(path: Path, *, inputs: Iterable[Path] = (), option: str = "--out") -> Output:
    """Find out before the work whether a file can be written, and how.

    Args:
        path: as the user names it.
        inputs: files that the work reads, which must not be replaced, and folders in which nothing
            may be changed.
        option: where the user named it.

    Raises:
        UsageError: it is one of the inputs, a folder, below a file, or has too long a name.
        AdapterXLTError: it cannot be written for another reason.
        MissingPackageError: it would be a .zst file, and zstandard is not installed.
    """
    if ending(path) == ".zst":
        zstandard(path)
    with _told(option, path):
        place, descriptor = _follow(path)
        if descriptor is not None:
            os.fstat(descriptor)
            return Output(path, place, descriptor, False)
        try:
            status = place.stat()
        except FileNotFoundError:
            status = None
        _refuse_inputs(path, place, status, inputs, option)
        if status is None:
            _try_folder(place)
            return Output(path, place, None, True)
        if stat.S_ISDIR(status.st_mode) or stat.S_ISSOCK(status.st_mode):
            kind = "folder" if stat.S_ISDIR(status.st_mode) else "socket"
            raise UsageError(f"{option} {path}: is a {kind}", hint="name a file")
        if not os.access(place, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        if not stat.S_ISREG(status.st_mode):
            return Output(path, place, None, False)
        # Where the shell's `> FILE` goes: what is printed would be lost with the old file.
        for number in (1, 2):
            with suppress(OSError):
                if os.path.samestat(status, os.fstat(number)):
                    return Output(path, place, number, False)
        _try_folder(place)
        return Output(path, place, None, True)


def check_new_folder(path: Path, *, inputs: Iterable[Path] = (), option: str = "--out") -> None:
    """Find out before the work whether a folder can be made that is not there yet.

    Raises:
        UsageError: something is there, or it is inside of one of the inputs.
        AdapterXLTError: it cannot be written.
    """
    if os.path.lexists(path):
        raise UsageError(f"{path}: already exists", hint="name a new folder")
    with _told(option, path):
        _refuse_inputs(path, path.resolve(), None, inputs, option)
        _try_folder(path)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A temporary folder that becomes `path` when it is complete, and is removed otherwise."""
    with writing(path, surely=False):
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".adapterxlt-", dir=path.parent))
        try:
            yield aside / "out"
            (aside / "out").rename(path)
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def _follow(path: Path) -> tuple[Path, int | None]:
    """The target of a name, and the open descriptor that it stands for."""
    if str(path) == "-":
        return path, 1
    place = path.absolute()
    for _ in range(_LINKS):
        place = place.parent.resolve() / place.name if place.name != ".." else place.resolve()
        name = os.path.join(os.path.abspath(place.parent), place.name)
        if name in _NAMED:
            return place, _NAMED[name]
        if found := _NUMBERED.fullmatch(_self(name)):
            return place, int(found[1])
        if not place.is_symlink():
            return place, None
        place = place.parent / os.readlink(place)
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))


def _self(name: str) -> str:
    """`/proc/self` for our own number: another process's descriptors are files like others."""
    return name.replace(f"/proc/{os.getpid()}/", "/proc/self/", 1)


def _refuse_inputs(
    path: Path,
    place: Path,
    status: os.stat_result | None,
    inputs: Iterable[Path],
    option: str,
) -> None:
    for given in inputs:
        try:
            there = given.stat()
        except OSError:
            continue  # whoever reads it says so
        if stat.S_ISDIR(there.st_mode):
            if place.is_relative_to(given.resolve()):
                raise UsageError(
                    f"{option} {path}: is inside {given}, which is an input",
                    hint="choose a place outside it",
                )
        elif (
            status is not None
            and not stat.S_ISCHR(status.st_mode)  # a terminal or /dev/null may be both
            and os.path.samestat(status, there)
        ):
            raise UsageError(
                f"{option} {path}: is the same file as {given}, which is an input",
                hint="choose another name",
            )


def _try_folder(place: Path) -> None:
    """Check that a file or folder can be made at a place."""
    with suppress(FileNotFoundError):
        place.lstat()  # says of a name that is too long, or below a file
    try_folder(place.parent, place)


@contextmanager
def _told(option: str, path: Path) -> Iterator[None]:
    try:
        yield
    except AdapterXLTError:
        raise
    except OSError as error:
        told = cannot_write(f"{option} {path}", error, surely=True)
        raise (
            told or AdapterXLTError(f"cannot write {option} {path}: {error.strerror}")
        ) from error
