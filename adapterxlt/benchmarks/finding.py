"""Finds the files of a benchmark's tasks, whatever the spelling of their folders."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from adapterxlt.benchmarks.spec import Benchmark, TaskSpec
from adapterxlt.errors import MissingDataError


def plain(name: str) -> str:
    """Return a name in a form that ignores upper and lower case, `-`, `_` and spaces."""
    return re.sub(r"[-_ ]", "", name).casefold()


def _folders(root: Path, spec: TaskSpec) -> list[Path]:
    names = {plain(name) for name in (spec.name, *spec.aliases)}
    return [path for path in sorted(root.iterdir()) if path.is_dir() and plain(path.name) in names]


def require_folders(root: Path, specs: Sequence[TaskSpec], what: str) -> None:
    """Refuse a folder without the folder of any task, and suggest one nearby that has some.

    Args:
        what: `predictions` or `labels`, for the message.

    Raises:
        MissingDataError: the folder does not exist, or is the wrong one.
    """
    if not root.is_dir():
        raise MissingDataError(f"{root}: this folder of {what} does not exist")

    def holds_tasks(folder: Path) -> bool:
        return any(_folders(folder, spec) for spec in specs)

    if holds_tasks(root):
        return
    below = [path for path in sorted(root.iterdir()) if path.is_dir()]
    nearby = [path for path in (*below, root.absolute().parent) if holds_tasks(path)]
    nearby.sort(key=lambda path: path.name != what)
    raise MissingDataError(
        f"{root}: no {what}: no folder of a task ({', '.join(spec.name for spec in specs)})",
        hint=f"did you mean {nearby[0]}?" if nearby else None,
    )


def find_file(root: Path, spec: TaskSpec, names: Sequence[str], what: str) -> Path:
    """Find the file of a language below a task's folder: the first name that exists.

    Args:
        root: the folder that holds the tasks' folders.
        what: `predictions` or `labels`, for the message.

    Raises:
        MissingDataError: there is no such file; the error says where it was searched.
    """
    folders = _folders(root, spec) or [root / spec.name]
    for folder in folders:
        for name in names:
            if (folder / name).is_file():
                return folder / name
    raise MissingDataError(f"no {what}: looked for {folders[0] / ', '.join(names)}")


def unread(benchmark: Benchmark, predictions: Path, split: str) -> dict[str, str]:
    """Find prediction files that no task of the benchmark reads (other languages or tasks).

    Returns:
        Folder -> its files in words: `test-qu.tsv and 3 more`.
    """
    read = {
        folder / spec.prediction_file(language, split)
        for spec in benchmark.tasks
        for folder in _folders(predictions, spec)
        for language in spec.languages
    }
    others: dict[str, list[str]] = {}
    for path in sorted(predictions.glob("*/*")):
        if path.is_file() and path not in read and not path.name.startswith("."):
            others.setdefault(path.parent.name, []).append(path.name)
    return {
        folder: files[0] + (f" and {len(files) - 1} more" if len(files) > 1 else "")
        for folder, files in others.items()
    }
