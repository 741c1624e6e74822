"""The data part of a stage's fingerprint: a hash of file contents."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Sequence
from pathlib import Path

from adapterxlt.store.files import sha256_kept
from adapterxlt.tasks.catalogue import Task, members_of, source_of
from adapterxlt.tasks.find import Found, find


def data_hash(task: Task, roots: Sequence[Path], languages: Sequence[str], split: str) -> str:
    """SHA-256 (hex) over the contents of a task's files, and how they are laid out.

    Where the files lie does not matter, nor the order of `languages`; XNLI's training split
    hashes as MNLI's, whose files it is.

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


# What layouts could not say once: addresses stay where it is not said.
_LATER = ("drop_strange", "mend_spans", "codes")


def _reading(found: Found) -> dict[str, object]:
    """What the user's entry says that changes examples or labels.

    Built-in entries change with the version of what reads them.
    """
    task, layout = found.task, found.layout
    unused = {key for key in _LATER if not getattr(layout, key)}
    return {
        "kind": task.kind,
        "labels": task.labels,
        "no_answer": task.no_answer,
        "multi_label": task.multi_label,
        "name": task.language_names.get(found.language, ""),
        "layout": layout.model_dump(mode="json", exclude={"name", "files", "optional", *unused}),
    }


def scored_by(task: Task) -> str:
    """What is kept of a measurement on a user's task, by its entry; "" of a built-in one."""
    if task.home is None:
        return ""
    parallel = () if task.parallel is None else (f"parallel={task.parallel}",)
    return "+".join((task.main_metric, *task.metrics, *parallel))


def same_content(one: Path, other: Path) -> bool:
    """Whether two files hold the same bytes."""
    return one.stat().st_size == other.stat().st_size and sha256_kept(one) == sha256_kept(other)
