"""Says on a terminal that PyTorch is being loaded, which takes several seconds."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

FIRST = "torch"  # the first heavy import of every verb that computes


def announce_loading() -> None:
    """Print a line when PyTorch is first imported, if stderr is a terminal.

    Only commands that have something to compute import it, in many places. So the import itself is
    the best place to notice it.
    """
    if sys.stderr.isatty() and FIRST not in sys.modules:
        sys.meta_path.insert(0, _Announcement())


class _Announcement(MetaPathFinder):
    """Prints the line when the import begins, and leaves the import to the other finders."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == FIRST and self in sys.meta_path:
            sys.meta_path.remove(self)
            print("loading PyTorch and adapters ...", file=sys.stderr, flush=True)
        return None
