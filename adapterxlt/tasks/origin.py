"""The origin of a task's data: pocket, the Hub, or the files of a folder.

The name of a task says how its files are arranged, but files of that name need not be the published
data set. So everything that is shared states the origin next to the name.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

from adapterxlt.bundled import bundled
from adapterxlt.tasks.catalogue import Task, members_of, source_of
from adapterxlt.tasks.data_hash import same_content
from adapterxlt.tasks.find import Found, beside, find
from adapterxlt.tasks.hub import is_hub

POCKET = "pocket"
_HUB, _FOLDER = "hub:", "folder:"


def origins(task: Task, roots: Sequence[Path], languages: Sequence[str], split: str) -> list[str]:
    """Return `pocket`, `hub:OWNER/NAME@REVISION` or `folder:NAME`, each once, sorted.

    Raises:
        MissingDataError: a language has no files.
    """
    wanted = itertools.product(languages, members_of(source_of(task, split)))
    found = (find(member, roots, language, split) for language, member in wanted)
    return sorted({_origin(files, roots) for files in found})


def _origin(found: Found, roots: Sequence[Path]) -> str:
    path = next(iter(found.files.values()))
    places = [*roots, *beside(found.task)]
    root = next(root for root in places if path.is_relative_to(root))
    if _is_pocket(path, root):
        return POCKET
    if is_hub(root) and found.task.hub is not None:
        return f"{_HUB}{found.task.hub.id}@{found.task.hub.revision}"
    return f"{_FOLDER}{root.name}"


def _is_pocket(path: Path, root: Path) -> bool:
    """Whether a file is bundled data or a copy of it, judged by its name and content."""
    parts = path.relative_to(root).parts
    known = (bundled("artifacts/data/pocket").joinpath(*parts[n:]) for n in range(len(parts)))
    return any(file.is_file() and same_content(path, file) for file in known)


def hub_id(origin: str) -> str | None:
    """Return the id of a data set on the Hub; None if the origin is not the Hub."""
    return origin.removeprefix(_HUB).partition("@")[0] if origin.startswith(_HUB) else None


def origin_name(origin: str) -> str:
    """Return the origin as a recipe's `data` names it: `pocket`, `hub`, or the folder's name."""
    return "hub" if origin.startswith(_HUB) else origin.removeprefix(_FOLDER)


def describe_origins(found: Sequence[str] | None) -> str:
    """Describe origins: `pocket`, `nyu-mll/glue`, `folder xtreme and pocket`.

    Without origins it is `data not recorded`. Results from elsewhere may have any text as an
    origin; it is returned unchanged.
    """
    return " and ".join(map(_short, found or ())) or "data not recorded"


def _short(origin: str) -> str:
    if origin.startswith(_FOLDER):
        return f"folder {origin.removeprefix(_FOLDER)}"
    return hub_id(origin) or origin
