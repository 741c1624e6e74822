"""The user's own tasks: YAML files in the form of the built-in entries.

They come from a recipe's `tasks`, from `--tasks`, and from a folder of the user's configuration.
An entry describes the content of files. It can neither run code nor hide a built-in task.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from adapterxlt.documents.nodes import Node, Places, plain
from adapterxlt.documents.words import translated
from adapterxlt.documents.yaml_lines import read_file
from adapterxlt.errors import InvalidRecipeError, Problem, UsageError
from adapterxlt.home import expanded
from adapterxlt.kinds.registry import get_kind
from adapterxlt.suggest import suggest
from adapterxlt.tasks.catalogue import (
    LISTED,
    Catalogue,
    Home,
    Task,
    built_in_entries,
    catalogue,
    compatible,
    inherited,
)
from adapterxlt.tasks.formats import misfit
from adapterxlt.tasks.layout import Layout
from adapterxlt.tasks.pattern_errors import about_patterns
from adapterxlt.tasks.read import READERS
from adapterxlt.tasks.short_form import spelt_out

SUFFIXES = (".yaml", ".yml")
MAX_FILES = 500
_EXPECTED = "an entry needs `kind`, `languages`, `format`, `files` and other keys"


def config_folder() -> Path:
    """Return the folder of the user's configuration: ADAPTERXLT_CONFIG, or XDG's `adapterxlt`."""
    if stated := os.environ.get("ADAPTERXLT_CONFIG"):
        return expanded(stated)
    home = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return expanded(home) / "adapterxlt"


def configured() -> list[Path]:
    """The folder of tasks in the user's configuration, if there is one."""
    folder = config_folder() / "tasks"
    return [folder] if folder.is_dir() else []


def own_catalogue(paths: Iterable[Path]) -> Catalogue:
    """Return the built-in tasks together with those of the given files and folders of files.

    Raises:
        InvalidRecipeError: an entry is missing, cannot be read, does not fit the schema, or has
            the name of another task. The error lists every problem of every file.
    """
    problems: list[Problem] = []
    files = _files(paths, problems)
    if not files and not problems:
        return catalogue()
    raw = {file: entry for file in files if (entry := _read(file, problems))}
    named = _by_name(raw, problems)
    entries = {**built_in_entries(), **{name: body for name, (_, _, body) in named.items()}}
    found: dict[str, tuple[Task, Home]] = {}
    for name, (file, places, _) in named.items():
        task = _task(entries, name, places, problems)
        if task is not None:
            found[name] = task, Home(file, file.parent)
    _check_named(found, {name: places for name, (_, places, _) in named.items()}, problems)
    if problems:
        several = len({problem.file for problem in problems}) > 1
        raise InvalidRecipeError(problems, "the entries have" if several else "the entry has")
    return catalogue().with_own(found)


def _files(paths: Iterable[Path], problems: list[Problem]) -> list[Path]:
    """Return the entries' files, each once; the files of a folder are sorted by name."""
    found: dict[Path, None] = {}
    for path in paths:
        try:
            if path.is_dir():
                listed = sorted(
                    file
                    for file in path.iterdir()
                    if file.suffix in SUFFIXES and not file.name.startswith(".") and file.is_file()
                )
                if not listed:
                    hint = f"write an entry as a file NAME{SUFFIXES[0]}"
                    problems.append(
                        Problem("tasks", "the folder has no entries", str(path), 0, hint)
                    )
            else:
                listed = [path]
                if not path.is_file():
                    hint = "name a YAML file, or a folder of them"
                    problems.append(Problem("tasks", "there is no such file", str(path), 0, hint))
                    continue
        except OSError as error:
            problems.append(Problem("tasks", f"cannot be read: {error.strerror}", str(path)))
            continue
        found |= dict.fromkeys(file.absolute() for file in listed)
    distinct = {file.resolve(): file for file in reversed(found)}  # the first of each stays
    kept = [file for file in found if distinct[file.resolve()] == file]
    if len(kept) > MAX_FILES:
        problems.append(
            Problem("tasks", f"there are more than {MAX_FILES} entries", str(kept[0].parent))
        )
    return kept[:MAX_FILES]


def _read(file: Path, problems: list[Problem]) -> Node | None:
    try:
        return read_file(file, str(file), problems, _EXPECTED)
    except InvalidRecipeError as error:
        problems.extend(problem for problem in error.problems if problem not in problems)
        return None


_Named = tuple[Path, Places, dict[str, Any]]


def _by_name(raw: Mapping[Path, Node], problems: list[Problem]) -> dict[str, _Named]:
    """Return the entries by the names of their tasks; no two may have the same name."""
    named: dict[str, _Named] = {}
    for file, node in raw.items():
        body, places = plain(node), Places(node)
        assert isinstance(body, dict)  # `read_file` ensures this
        name = body.get("name", file.stem)
        if not isinstance(name, str):
            problems.append(places.problem(("name",), "must be a text"))
        elif name in catalogue():
            problems.append(
                places.problem(
                    ("name",),
                    f"`{name}` is already a built-in task",
                    "give it another `name`; `like: " + name + "` copies its settings",
                )
            )
        elif name in named:
            problems.append(
                places.problem(("name",), f"`{name}` is also the name of {named[name][0]}")
            )
        else:
            named[name] = file, places, body
    return named


def _task(
    entries: Mapping[str, Mapping[str, Any]], name: str, places: Places, problems: list[Problem]
) -> Task | None:
    """Make the task of an entry; its errors are added to the problems."""
    if (base := _unknown_base(entries, name)) is not None:
        problems.append(places.problem(("like",), *base))
        return None
    body = inherited(entries, name)
    try:
        get_kind(str(body.get("kind", "mlm")))
    except UsageError as error:
        problems.append(places.problem(("kind",), error.message, error.hint))
        return None
    try:
        task = Task.model_validate(body)
    except ValidationError as error:
        full = spelt_out(body, set(Layout.model_fields))
        alone = "layouts" not in body and len(full.get("layouts") or ()) == 1
        details = error.errors(include_url=False)
        for detail in details if alone else ():
            if detail["loc"][:2] == ("layouts", 0):  # written at the top
                detail["loc"] = detail["loc"][2:]
        details = about_patterns(details, body)
        more = () if "layouts" in body else (*Layout.model_fields, "like")
        problems.extend(translated(details, Task, (), places, more))
        return None
    head = get_kind(task.kind).head
    if head is not None and head.labelled and not task.labels and task.label_count is None:
        hint = "list them, or let `adapterxlt task new` find them in the data"
        problems.append(places.problem(("labels",), "is missing", hint))
    for index, layout in enumerate(task.layouts):
        if wrong := misfit(task, layout, READERS):
            at = ("layouts", index) if "layouts" in body else ()
            problems.append(places.problem((*at, wrong[0]), *wrong[1:]))
    return task


def _unknown_base(
    entries: Mapping[str, Mapping[str, Any]], name: str
) -> tuple[str, str | None] | None:
    """Return why an entry cannot take over the entry that it is `like`; None if it can."""
    trail = [name]
    while (base := entries[trail[-1]].get("like")) is not None:
        if not isinstance(base, str) or base not in entries:
            return f"unknown task `{base}`", suggest(str(base), entries, see=LISTED)
        if base in trail:
            return (
                f"the entries refer to each other with `like`: {' -> '.join([*trail, base])}",
                None,
            )
        trail.append(base)
    return None


def _check_named(
    found: Mapping[str, tuple[Task, Home]], places: Mapping[str, Places], problems: list[Problem]
) -> None:
    """Check that the tasks that entries name (`train`, `members`) exist and fit."""
    known = {**catalogue(), **{name: task for name, (task, _) in found.items()}}
    for name, (task, _) in found.items():
        others = [] if task.train in (None, name) else [("train", str(task.train))]
        others += [("members", member) for member in task.members]
        others += [("translated", task.translated)] if task.translated else []
        for key, other in others:
            where = (key, task.members.index(other)) if key == "members" else (key,)
            if other not in known:
                hint = suggest(other, known, see=LISTED)
                problems.append(places[name].problem(where, f"unknown task `{other}`", hint))
            elif reason := _misfit(task, key, known[other], known):
                problems.append(places[name].problem(where, reason))


def _misfit(task: Task, key: str, other: Task, known: Mapping[str, Task]) -> str | None:
    """Return why a task cannot use another as `train` or as a member; None if it can."""
    if other.members:
        return f"`{other.name}` itself consists of other tasks"
    trail = [task.name]
    while key == "train" and "train" not in other.splits:
        if other.name in trail or other.train in (None, other.name):
            return f"`{other.name}` has no training split"
        trail.append(other.name)
        other = known.get(str(other.train), other)
    return compatible(other, task)
