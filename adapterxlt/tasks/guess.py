"""Guesses an entry for data files from their names and contents."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapterxlt.errors import UsageError
from adapterxlt.languages import is_known
from adapterxlt.show import number_of
from adapterxlt.tasks.guess_content import look_into
from adapterxlt.tasks.guessed import Content
from adapterxlt.tasks.short_form import SPLITS

_SPLIT = re.compile(r"(?<![A-Za-z0-9])(train(?:ing)?|dev|valid(?:ation)?|val|test)(?![A-Za-z0-9])")
_CALLED = {"training": "train", "valid": "dev", "validation": "dev", "val": "dev"}
_CODE = re.compile(
    r"(?<![A-Za-z0-9])[a-z]{2,3}(?:[-_][A-Z][a-z]{3})?(?:[-_](?:[A-Z]{2}|[0-9]{3}))?(?![A-Za-z0-9])"
)
_ENDINGS = {"csv", "tsv", "txt", "gz", "bz", "xz", "zst", "bio", "iob", "tag", "ner"}


@dataclass(frozen=True)
class Guess:
    """A guessed entry, and notes that say in words what was guessed."""

    entry: dict[str, Any]
    notes: list[str]


def guess(name: str, files: Sequence[Path], folder: Path) -> Guess:
    """Guess the entry for some data files.

    Args:
        name: the name of the task.
        files: the data files.
        folder: the folder of the entry; patterns are relative to it.

    Raises:
        UsageError: the files lie outside the folder, or nothing can be guessed about them.
        MissingDataError: a file cannot be read.
    """
    names = []
    for file in files:
        try:
            names.append(file.resolve().relative_to(folder.resolve()).as_posix())
        except ValueError:
            raise UsageError(
                f"{file}: is outside the folder of the entry",
                hint=f"an entry reads files below its own folder, {folder}; use --out to write "
                "it to a folder that contains the data",
            ) from None
    by_split: dict[str, dict[str, None]] = {}
    languages: dict[str, None] = {}
    patterns = _patterns(names)
    for file_name in names:
        pattern, language, split = patterns[file_name]
        by_split.setdefault(split, {})[pattern] = None
        if language:
            languages[language] = None
    for split, found in by_split.items():
        if len(found) > 1:
            listed = " and ".join(found)
            raise UsageError(
                f"the files of {split} follow several naming patterns: {listed}",
                hint="write an entry for one pattern, and add a layout for the others by hand",
            )
    content = look_into(files)
    notes = list(content.notes)
    silent: list[str] = []
    if languages and "language_column" not in content.keys:
        silent = [split for split, found in by_split.items() if "{" not in next(iter(found))]
    if silent:
        languages["en"] = None
        told = ", ".join(sorted(next(iter(by_split[split])) for split in silent))
        notes.append(f"{told}: the language is unknown; `en` is assumed")
    if languages:
        notes.append(f"languages, from the names of the files: {', '.join(languages)}")
    elif content.languages:
        languages = dict.fromkeys(content.languages)
        column = content.keys["language_column"]
        notes.append(f"languages, from the column `{column}`: {', '.join(languages)}")
    else:
        languages = {"en": None}
        notes.append("the language is unknown; `en` is assumed, so change it if this is wrong")
    if not any(_SPLIT.search(file_name) for file_name in names):
        notes.append("the split is unknown; `train` is assumed")
    splits = sorted(by_split, key=SPLITS.index)
    entry = {
        "title": name,
        "kind": content.kind,
        **({"labels": list(content.labels)} if content.labels else {}),
        "languages": list(languages),
        "splits": splits,
        "format": content.format,
        "files": {split: next(iter(by_split[split])) for split in splits},
        **({"language_of": {split: "en" for split in splits if split in silent}} if silent else {}),
        **content.keys,
    }
    return Guess(entry, [_of_kind(content), *notes])


def _of_kind(content: Content) -> str:
    words = content.kind.replace("_", " ")
    labels = f" of {number_of(len(content.labels), 'label')}" if content.labels else ""
    return f"{words}{labels}, from {number_of(content.rows, content.called)}{content.written}"


def _patterns(names: Sequence[str]) -> Mapping[str, tuple[str, str, str]]:
    """Return the pattern of each file's name, with its language and split ("" if it has none).

    A part of a name that looks like a language code counts as one if it differs between files. If
    it does not differ, it must be a known code.
    """
    candidates: dict[str, list[tuple[str, str]]] = {}
    spoken: dict[str, set[str]] = {}
    for name in names:
        found = []
        for match in _CODE.finditer(name):
            if match[0] in _ENDINGS or _SPLIT.fullmatch(match[0]):
                continue
            code = match[0]
            pattern = re.sub(rf"(?<![A-Za-z0-9]){code}(?![A-Za-z0-9])", "{lang}", name)
            found.append((pattern, code))
            spoken.setdefault(_SPLIT.sub("{split}", pattern), set()).add(code)
        candidates[name] = found
    chosen = {}
    for name in names:
        split = [match[1] for match in _SPLIT.finditer(name)]
        told = _CALLED.get(split[-1], split[-1]) if split else "train"
        ranked = sorted(
            (len(spoken[_SPLIT.sub("{split}", pattern)]), is_known(code), place, pattern, code)
            for place, (pattern, code) in enumerate(candidates[name])
            if is_known(code) or len(spoken[_SPLIT.sub("{split}", pattern)]) > 1
        )
        chosen[name] = (*ranked[-1][3:], told) if ranked else (name, "", told)
    return chosen
