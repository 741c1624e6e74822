"""The catalogue of tasks. `adapterxlt.tasks()` returns it, as `adapterxlt list tasks` shows it.

This package and that function have the same name, so the package itself can be called.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from os import PathLike
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapterxlt.tasks.catalogue import Catalogue


def tasks(entries: Iterable[str | PathLike[str]] = ()) -> Catalogue:
    """Return all tasks by name, as a mapping in alphabetical order.

    Args:
        entries: files with entries of your own tasks, or folders of such files. The tasks of your
            configuration are always included.

    Raises:
        InvalidRecipeError: an entry has problems; the error lists all of them.

    Example:
        >>> xlt.tasks()["xnli"].labels
        ('entailment', 'neutral', 'contradiction')
        >>> [name for name, task in xlt.tasks().items() if task.kind == "regression"]
        ['stsb']
    """
    from adapterxlt.arguments import paths_in
    from adapterxlt.tasks.own import configured, own_catalogue

    return own_catalogue([*paths_in(entries, "entries"), *configured()])


class _Room(ModuleType):
    __call__ = staticmethod(tasks)


sys.modules[__name__].__class__ = _Room
