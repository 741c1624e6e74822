"""Finds what other installed packages add (readers, kinds, stages and more) by entry point.

A package names what it adds in its own metadata, as Python packages do for pytest or datasets:

    [project.entry-points."adapterxlt.readers"]
    my-format = "my_package.reading:READER"

Only what the user has installed is found: neither a recipe nor a task entry can run code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Literal

from adapterxlt.errors import AdapterXLTError

Group = Literal[
    "readers", "kinds", "stages", "metrics", "methods", "architectures", "benchmarks", "executors"
]


class PluginError(AdapterXLTError):
    """An installed package adds something to the project that cannot be used."""


@cache
def entries(group: Group) -> Mapping[str, EntryPoint]:
    """What installed packages add to a group, by name; nothing of it is imported yet.

    Raises:
        PluginError: two packages add one name.
    """
    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=f"adapterxlt.{group}"):
        other = found.setdefault(entry.name, entry)
        if other.value != entry.value:
            raise PluginError(
                f"two packages add `{entry.name}` to adapterxlt's {group}: "
                f"{origin(other)} and {origin(entry)}",
                hint="uninstall one of them",
            )
    return found


def added(group: Group, built_in: Iterable[str], what: str) -> Mapping[str, EntryPoint]:
    """`entries` of a group, which may not use a name that the project has.

    Args:
        built_in: the project's own names.
        what: one of the group, in a message: `metric`.

    Raises:
        PluginError: a package hides one, or two packages add one name.
    """
    found = entries(group)
    for name in sorted(found.keys() & set(built_in)):
        article = "an" if what[0] in "aeiou" else "a"
        raise PluginError(
            f"{origin(found[name])} adds {article} {what} `{name}`, which is built in",
            hint="uninstall the package, or ask its makers to rename it",
        )
    return found


def load(group: Group, name: str) -> object:
    """Import what a package adds under a name that is one of `entries(group)`.

    Raises:
        PluginError: the package cannot be imported, or does not hold what it names.
    """
    entry = entries(group)[name]
    try:
        return entry.load()
    except Exception as error:  # a stranger's code may fail in any way
        raise PluginError(
            f"`{name}` of adapterxlt's {group} cannot be loaded from {origin(entry)}: {error}",
            hint=f"its entry point is `{entry.value}`; uninstall or repair the package",
        ) from error


def origin(entry: EntryPoint) -> str:
    """`my-package 1.2`: the installed package an entry comes from, and its version."""
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
