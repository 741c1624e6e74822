"""Paths that begin with `~` or `~USER`, the home folder of a user."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from adapterxlt.errors import UsageError


def expanded(path: str | PathLike[str]) -> Path:
    """The path of something that is looked for, with the home folder in place of `~`.

    If there is no such user, or no home folder is known, the path stays as it is. Nothing is found
    there, and whoever looks says so.
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
        UsageError: there is no such home folder. A folder called `~` would be made instead.
    """
    found = expanded(path)
    if found.parts[:1] and found.parts[0].startswith("~"):
        raise UsageError(
            f"{found}: there is no home folder `{found.parts[0]}`",
            hint=f"set {variable} to the path of a folder",
        )
    return found
