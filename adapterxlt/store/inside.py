"""Reads files of a folder whose links do not lead out of it. No torch.

A snapshot in the Hub's cache consists of links into the folder `blobs` next to it. Such links, and
links within the folder itself, are followed. All other links are refused, because the folder of a
stranger must not decide which files of the reader are read.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import IO

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.hub_cache import blobs_of, repository_of


def real_path(folder: Path, name: str) -> Path:
    """The real path of a file in a folder.

    Raises:
        FileNotFoundError: it is not there.
        InvalidArtifactError: it is a link that leads out of the folder, in a circle or nowhere,
            or is neither a file nor a folder.
    """
    place = folder / name
    try:
        real = Path(os.path.realpath(place, strict=True))
    except (FileNotFoundError, NotADirectoryError):
        if place.is_symlink():
            raise InvalidArtifactError(
                f"{place}: is a link to a file that does not exist",
                hint="fetch the folder again",
            ) from None
        raise
    except OSError as error:
        raise InvalidArtifactError(f"{place}: cannot be followed: {error.strerror}") from None
    if not stays(folder, real):
        raise leads_out(place)
    mode = real.lstat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise InvalidArtifactError(f"{place}: is a device or a pipe")
    return real


def leads_out(place: Path) -> InvalidArtifactError:
    """The message about a link that is not followed."""
    return InvalidArtifactError(
        f"{place}: is a link to a place outside the folder",
        hint="if you trust the links, make a copy without them: `cp -rL FOLDER COPY`",
    )


def stays(folder: Path, real: Path) -> bool:
    """Whether a path without links is in a folder, or in the Hub's cache that contains it."""
    root = Path(os.path.realpath(folder))
    allowed = [root]
    for place in (root, *root.parents):
        if (repository := repository_of(place)) is not None:
            allowed.append(blobs_of(repository))
    return any(real.is_relative_to(place) for place in allowed)


def open_inside(folder: Path, name: str) -> IO[bytes]:
    """Open a file of a folder for reading; never through a link that was put there since.

    Raises:
        FileNotFoundError: it is not there. InvalidArtifactError: see `real_path`.
    """
    real = real_path(folder, name)
    if not real.is_file():
        raise InvalidArtifactError(f"{folder / name}: is a folder, not a file")
    return os.fdopen(os.open(real, os.O_RDONLY | os.O_NOFOLLOW), "rb")
