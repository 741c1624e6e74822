"""Checks the values that are given to functions of the Python API; the command line checks its own.

Type hints are not checked when a program runs, so a wrong value would fail somewhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral, Real
from os import PathLike, fspath
from pathlib import Path

from adapterxlt.errors import UsageError
from adapterxlt.show import brief


def path_text(value: object, name: str) -> str:
    """A path, or a name, as a text.

    Args:
        name: the argument, for the message.

    Raises:
        UsageError: it is something else.
    """
    if isinstance(value, str | PathLike):
        found: object = fspath(value)
        if isinstance(found, str) and found.strip():
            return found
    raise UsageError(f"{name}: must be a path or a name, not {brief(repr(value))}")


def paths_in(values: object, name: str) -> list[Path]:
    """Several paths.

    Raises:
        UsageError: it is something else, or one path alone.
    """
    if isinstance(values, str | bytes | PathLike) or not isinstance(values, Iterable):
        raise UsageError(f"{name}: must be a list of paths, not {brief(repr(values))}")
    return [Path(path_text(value, f"{name}[{number}]")) for number, value in enumerate(values)]


def check_text(value: object, name: str) -> None:
    """Check that something is a text.

    Raises:
        UsageError: it is not.
    """
    if not isinstance(value, str):
        raise UsageError(f"{name}: must be a string, not {brief(repr(value))}")


def check_number(value: object, name: str, least: int | None = None) -> None:
    """Check that something is a whole number, and not less than `least`.

    Raises:
        UsageError: it is not.
    """
    whole = isinstance(value, Integral) and not isinstance(value, bool)  # numpy's too
    if not whole or (least is not None and int(value) < least):  # type: ignore[call-overload]
        wanted = "a whole number" if least is None else f"a whole number of at least {least}"
        raise UsageError(f"{name}: must be {wanted}, not {brief(repr(value))}")


def check_real(value: object, name: str) -> None:
    """Check that something is a number.

    Raises:
        UsageError: it is not.
    """
    if not isinstance(value, Real):
        raise UsageError(f"{name}: must be a number, not {brief(repr(value))}")
