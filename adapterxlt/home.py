"""Paths that begin with `~` or `~USER`, the home folder of a user."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from adapterxlt.errors import UsageError


def expanded(path: str | PathLike[str]) -> Path:
    """The path of something that is looked for, with the home folder in place of `~`.

    If the user does not exist, or has no home folder, the path stays as it is. Then the caller
    finds nothing there, and says so.
    """
    given = Path(path)
    try:
        return given.expanduser()
    except RuntimeError:
        return given


def expanded_to_write(path: str | PathLike[str], variable: str) -> Path:
    """The same for a folder that is made where it is missing.

    Args:
        variable: the environment variable that names another folder.

    Raises:
        UsageError: the home folder does not exist. Otherwise a folder called `~` would be made.
    """
    found = expanded(path)
    if found.parts[:1] and found.parts[0].startswith("~"):
        raise UsageError(
            f"{found}: there is no home folder `{found.parts[0]}`",
            hint=f"set {variable} to the path of a folder",
        )
    return found
