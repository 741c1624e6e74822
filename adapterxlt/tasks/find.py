"""Finding a task's files by looking: every layout in every data folder, in order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from adapterxlt.errors import MissingDataError
from adapterxlt.store.compressed import KINDS
from adapterxlt.suggest import few
from adapterxlt.tasks import hub
from adapterxlt.tasks.catalogue import Task, members_of, source_of
from adapterxlt.tasks.description import stated_languages
from adapterxlt.tasks.hub import is_hub
from adapterxlt.tasks.layout import PLACEHOLDERS, Layout

_PLACEHOLDER = re.compile(rf"\{{({'|'.join(PLACEHOLDERS)})\}}")
# A code of BCP 47: a language, a script, a region; as benchmarks write them, `eng_Latn` too.
_CODE = r"[a-z]{2,3}(?:[-_][A-Z][a-z]{3})?(?:[-_](?:[A-Z]{2}|[0-9]{3}))?|[a-z]{2,3}(?:-[A-Za-z]+)?"
# Folders in which official downloads (XTREME, XGLUE, jiant, LASER) wrap their files.
_WRAPPERS = ("download", "xglue_full_dataset", "tasks/data", "data")


@dataclass(frozen=True)
class Found:
    """The files of one task, language and split.

    Args:
        task: the task that the files belong to (MNLI, if XNLI's training split was requested).
        split: its split.
        layout: the layout of the files.
        files: role -> file; an optional role is present only if its file exists.
    """

    task: Task
    language: str
    split: str
    layout: Layout
    files: dict[str, Path]


def find(task: Task, roots: Sequence[Path], language: str, split: str) -> Found:
    """Find the files of a task; the first folder and layout that has all of them wins.

    For a task that consists of others, it returns the files of the first one, if all have files.

    Raises:
        MissingDataError: no layout is complete in any folder; the error lists every path tried.
        UsageError: the task has no such split.
    """
    task = source_of(task, split)
    if task.members:
        found_each = [_find(member, roots, language, split) for member in members_of(task)]
        return found_each[0]
    return _find(task, roots, language, split, point_out_dev=split == "train")


def _find(
    task: Task, roots: Sequence[Path], language: str, split: str, point_out_dev: bool = False
) -> Found:
    """Do as `find` for a task that has files of its own."""
    found, looked = _search(task, roots, language, split)
    if found is None:
        hint = _missing_hint(task, roots, split, looked)
        if point_out_dev and _search(task, roots, language, "dev")[0]:
            hint += (
                "\n  its dev split exists: use `split: dev` to train on it, or `--trial N` to "
                "try the recipe with it"
            )
        raise MissingDataError(
            f"no {split} data of `{task.name}` in language `{language}`", hint=hint
        )
    return found


def available_languages(task: Task, roots: Sequence[Path], split: str) -> tuple[str, ...]:
    """Return those of the task's languages that have files, in catalogue order.

    Files in other languages (Romanian in a download of XQuAD, most of Tatoeba's 112) are not part
    of the benchmark: they are read only when requested by name. There are two exceptions: masked
    language modelling takes any language, and a folder may state further languages of its data
    (see `tasks.description`).
    """
    task = source_of(task, split)
    others = set(_other_languages(task, roots, split)) if task.open else set()
    for place in _places(_local([*roots, *beside(task)])):
        if stated := stated_languages(place):
            others |= stated & _named_by_files(task, [place], split)
    languages = (*task.languages, *sorted(others - set(task.languages)))
    return tuple(language for language in languages if has_files(task, roots, language, split))


def has_files(task: Task, roots: Sequence[Path], language: str, split: str) -> bool:
    """Whether a task has files in any language, its own or another; nothing is fetched."""
    return all(
        _search(member, _local(roots), language, split)[0] is not None
        or _on_hub(member, roots, language, split)
        for member in members_of(source_of(task, split))
    )


def _other_languages(task: Task, roots: Sequence[Path], split: str) -> tuple[str, ...]:
    """Return languages that file names contain and that are not the task's own, sorted."""
    named = _named_by_files(task, _places(_local([*roots, *beside(task)])), split)
    return tuple(sorted(named - set(task.languages)))


def _local(roots: Sequence[Path]) -> list[Path]:
    return [root for root in roots if not is_hub(root)]


def _on_hub(task: Task, roots: Sequence[Path], language: str, split: str) -> bool:
    """Whether the Hub is among the data folders and has the files; they are not fetched."""
    if task.hub is None or not any(is_hub(root) for root in roots):
        return False
    for layout in task.layouts:
        roles = layout.files.get(split)
        if layout.name == hub.LAYOUT and roles and _speaks(task, layout, split, language):
            wanted = [fill(task, layout, pattern, language) for pattern in roles.values()]
            return all(hub.has_file(task.hub, pattern) for pattern in wanted)
    return False


def _search(
    task: Task, roots: Sequence[Path], language: str, split: str
) -> tuple[Found | None, list[str]]:
    """Return the first complete layout, or None with the missing files of each layout."""
    missing: list[str] = []
    for root in _places([*roots, *beside(task)]):
        if is_hub(root) and task.hub is None:
            none = f"Parquet files on the Hub, but the Hub has none for `{task.name}`"
            missing.append(f"{none}; get it from {task.elsewhere}")
        for layout in task.layouts:
            patterns = layout.files.get(split)
            if patterns is None or not _speaks(task, layout, split, language):
                continue
            if is_hub(root) and layout.name != hub.LAYOUT:
                continue
            there: dict[str, Path] = {}
            lacking: list[str] = []
            for role, pattern in patterns.items():
                wanted = fill(task, layout, pattern, language)
                paths = _files(task, root, wanted)
                there |= {f"{role}-{n}" if n else role: path for n, path in enumerate(paths)}
                if not paths and role not in layout.optional:
                    lacking.append(f"layout {layout.name}: {root / wanted}")
            if not lacking:
                return Found(task, language, split, layout, there), []
            missing += lacking
    return None, missing


def _files(task: Task, root: Path, wanted: str) -> list[Path]:
    """Return the file of that name, or all parts of it if it has several (`train-*.parquet`)."""
    if is_hub(root):
        return hub.fetch(task.hub, wanted) if task.hub else []
    if "*" in wanted or "?" in wanted:
        return sorted(path for path in root.glob(wanted) if _may_read(task, path))
    paths = (root / f"{wanted}{kind}" for kind in ("", *KINDS))
    return [path for path in paths if _may_read(task, path)][:1]


def _may_read(task: Task, path: Path) -> bool:
    """Whether there is such a file; files beside an entry may not lead out of its folder."""
    if not path.is_file():
        return False
    inside = [folder for folder in beside(task) if path.is_relative_to(folder)]
    return all(path.resolve().is_relative_to(folder.resolve()) for folder in inside)


def beside(task: Task) -> tuple[Path, ...]:
    """Return the folder of the task's entry; empty for a built-in task."""
    return (task.home.folder,) if task.home else ()


def _places(roots: Sequence[Path]) -> list[Path]:
    """Return the data folders, each followed by the folders in it that downloads create."""
    return [
        place
        for root in roots
        for place in (root, *(root / wrapper for wrapper in _WRAPPERS))
        if place == root or place.is_dir()
    ]


def _named_by_files(task: Task, places: Sequence[Path], split: str) -> set[str]:
    """Return the language codes in file names that match a `{lang}` pattern."""
    codes: set[str] = set()
    for layout in task.layouts:
        for pattern in layout.files.get(split, {}).values():
            if "{lang}" not in pattern:
                continue
            shape = re.compile(_as_regex(pattern))
            for place in places:
                for path in place.glob(_PLACEHOLDER.sub("*", pattern)):
                    if match := shape.fullmatch(path.relative_to(place).as_posix()):
                        codes.add(match["lang"])
    return codes


def _as_regex(pattern: str) -> str:
    """Turn the pattern into a regular expression; a second `{lang}` must repeat the first."""
    start, *rest = (re.escape(part).replace(r"\*", "[^/]*") for part in pattern.split("{lang}"))
    return f"{start}(?P<lang>{_CODE})" + "(?P=lang)".join(rest)


def _speaks(task: Task, layout: Layout, split: str, language: str) -> bool:
    """Whether files of a layout can be in a language.

    If a file's name does not contain its language, the layout may name it. Otherwise the file may
    be in any of the task's own languages.
    """
    if any(_PLACEHOLDER.search(pattern) for pattern in layout.files[split].values()):
        return True
    return language in task.languages and language == layout.language_of.get(split, language)


def fill(task: Task, layout: Layout, pattern: str, language: str) -> str:
    context, question = halves(task, language)
    values = {
        "lang": language,
        "iso3": layout.codes.get(language) or task.iso3.get(language, language),
        "name": task.language_names.get(language, language),
        "context": context,
        "question": question,
        "source": task.iso3.get(context, context),
        "target": task.iso3.get(question, question),
    }
    return _PLACEHOLDER.sub(lambda match: values[match[1]], pattern)


def halves(task: Task, language: str) -> tuple[str, str]:
    """Split `de-en` into two languages: of context and question, or of source and target.

    If codes contain a `-` themselves (`sr-Latn-en`), both halves must be languages of the task.
    """
    cuts = [at for at, sign in enumerate(language) if sign == "-"]
    both = [(language[:at], language[at + 1 :]) for at in cuts]
    known = {*task.iso3, *task.languages, task.pivot}
    if task.pivot and language in known:
        return language, task.pivot
    for first, second in both:
        if first in known and second in known:
            return first, second
    return both[0] if both else (language, language)


def _missing_hint(task: Task, roots: Sequence[Path], split: str, looked: list[str]) -> str:
    lines = [f"looked for {item}" for item in looked]
    if not roots and not beside(task):
        lines = ["the recipe has no data folder"]
    elif there := [
        language
        for language in (*task.languages, *_other_languages(task, roots, split))
        if has_files(task, roots, language, split)
    ]:
        lines.append(f"files exist for these languages: {few(there)}")
    elif not looked:
        lines.append(f"`{task.name}` has only these languages: {few(task.languages)}")
    return "\n  ".join(lines)
