"""The data part of a stage's fingerprint: a hash of file contents."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Sequence
from pathlib import Path

from adapterxlt.store.files import sha256_kept
from adapterxlt.tasks.catalogue import Task, members_of, source_of
from adapterxlt.tasks.conllu import FORM
from adapterxlt.tasks.find import Found, find


def data_hash(task: Task, roots: Sequence[Path], languages: Sequence[str], split: str) -> str:
    """Hash the contents of a task's files and their layout with SHA-256 (hex).

    The place of the files and the order of `languages` do not matter. XNLI's training split has
    the hash of MNLI's, as it consists of the same files.

    Raises:
        MissingDataError: a language has no files.
    """
    parts: list[object] = []
    wanted = itertools.product(sorted(set(languages)), members_of(source_of(task, split)))
    for language, member in wanted:
        found = find(member, roots, language, split)
        files = {role: sha256_kept(path) for role, path in sorted(found.files.items())}
        part = [found.task.name, found.layout.name, found.split, language, files]
        parts.append(part if found.task.home is None else [*part, _reading(found)])
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


# Keys that were added to layouts later. Unused ones are not hashed, so that old addresses stay.
_LATER = ("drop_strange", "mend_spans", "codes")


def _reading(found: Found) -> dict[str, object]:
    """Return those parts of a user's entry that change examples or labels.

    Built-in entries need no hash: when one changes, the version of its reader changes too.
    """
    task, layout = found.task, found.layout
    unused = {key for key in _LATER if not getattr(layout, key)}
    return _revised(found) | {
        "kind": task.kind,
        "labels": task.labels,
        "no_answer": task.no_answer,
        "multi_label": task.multi_label,
        "name": task.language_names.get(found.language, ""),
        "layout": layout.model_dump(mode="json", exclude={"name", "files", "optional", *unused}),
    }


def _revised(found: Found) -> dict[str, object]:
    """Return what tells entries whose files were once read in another way, or codes unseen."""
    task, layout = found.task, found.layout
    revised: dict[str, object] = {}
    if layout.columns.get("token") == FORM:  # CoNLL-U's rows for contracted words were words
        revised["version"] = 2
    marked = layout.unlabelled or layout.drop_strange
    if marked and task.kind in ("tagging", "multiple_choice"):  # they had the last label
        revised["unlabelled"] = 2
    named = ("pair_classification", "regression", "tagging")
    if task.parallel == "id" and task.kind in named:  # their ids were the numbers of their rows
        revised["ids"] = 2
    if layout.language_column or any("{" in str(name) for name in layout.columns.values()):
        codes = {"iso3": task.iso3, "pivot": task.pivot}
        revised |= {key: value for key, value in codes.items() if value}
    return revised


def scored_by(task: Task) -> str:
    """Return what the entry of a user's task lets a measurement keep; "" for a built-in task."""
    if task.home is None:
        return ""
    parallel = () if task.parallel is None else (f"parallel={task.parallel}",)
    return "+".join((task.main_metric, *task.metrics, *parallel))


def same_content(one: Path, other: Path) -> bool:
    """Whether two files hold the same bytes."""
    return one.stat().st_size == other.stat().st_size and sha256_kept(one) == sha256_kept(other)
