"""What a stage's fingerprint says about its data: a hash of file contents."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Sequence
from pathlib import Path

from adapterxlt.store.files import sha256_kept
from adapterxlt.tasks.catalogue import Task, members_of, source_of
from adapterxlt.tasks.find import find


def data_hash(task: Task, roots: Sequence[Path], languages: Sequence[str], split: str) -> str:
    """SHA-256 (hex) over the contents of a task's files, and how they are laid out.

    Where the files lie does not matter, nor the order of `languages`; XNLI's training split
    hashes as MNLI's, whose files it is.

    Raises:
        MissingDataError: a language has no files.
    """
    parts = []
    wanted = itertools.product(sorted(set(languages)), members_of(source_of(task, split)))
    for language, member in wanted:
        found = find(member, roots, language, split)
        files = {role: sha256_kept(path) for role, path in sorted(found.files.items())}
        parts.append([found.task.name, found.layout.name, found.split, language, files])
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def same_content(one: Path, other: Path) -> bool:
    """Whether two files hold the same bytes."""
    return one.stat().st_size == other.stat().st_size and sha256_kept(one) == sha256_kept(other)
