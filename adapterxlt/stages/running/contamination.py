"""Finds texts of an evaluation that were seen in training or pretraining.

Every trained artifact carries `texts/<step>.u64`: sorted hashes of the normalised texts that the
step, and each step below it, was trained on. A backbone may carry `texts.u64`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from adapterxlt.tasks.fingerprint import normalise_text, text_digest

TEXTS_FOLDER = "texts"
BACKBONE_TEXTS = "texts.u64"

Hashes = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]


def hash_texts(texts: Iterable[str]) -> Hashes:
    """Return the sorted distinct hashes of texts; bare punctuation does not count."""
    normalised = set(map(normalise_text, texts)) - {""}
    return np.unique(np.frombuffer(b"".join(map(text_digest, normalised)), dtype="<u8"))


def are_among(hashes: Hashes, known: Hashes) -> Flags:
    """Which of some hashes are among sorted ones.

    `np.isin` would sort all the known ones again, of which a backbone may bring many.
    """
    if not known.size:
        return np.zeros(hashes.shape, dtype=bool)
    places = np.searchsorted(known, hashes)
    found: Flags = known[np.minimum(places, known.size - 1)] == hashes
    return found


def write_seen(folder: Path, texts: Mapping[str, Hashes], inputs: Sequence[Path]) -> None:
    """Write what a step was trained on besides what its inputs were trained on.

    Args:
        folder: the artifact being made.
        texts: hashes by name, `<task>-<first digits of the fingerprint>`.
        inputs: artifact folders of its inputs.
    """
    target = folder / TEXTS_FOLDER
    target.mkdir()
    for artifact in inputs:
        for path in sorted((artifact / TEXTS_FOLDER).glob("*.u64")):
            shutil.copyfile(path, target / path.name)
    for name, hashes in texts.items():
        (target / f"{name}.u64").write_bytes(hashes.astype("<u8").tobytes())


def read_seen(backbone: Path | None, artifact: Path | None) -> dict[str, Hashes]:
    """Return sorted hashes by where they were seen: `pretraining`, or the task that was trained."""
    seen: dict[str, Hashes] = {}
    if backbone is not None and (backbone / BACKBONE_TEXTS).is_file():
        seen["pretraining"] = _read(backbone / BACKBONE_TEXTS)
    if artifact is not None:
        for path in sorted((artifact / TEXTS_FOLDER).glob("*.u64")):
            task = path.stem.rpartition("-")[0]
            known = seen.get(task, np.empty(0, dtype="<u8"))
            seen[task] = np.union1d(known, _read(path))
    return seen


def describe_overlap(texts: Hashes, seen: dict[str, Hashes]) -> str:
    """Return `pretraining 12 of 400 texts; squad 3 of 400 texts`, "" when there is no overlap."""
    found = []
    for name, hashes in seen.items():
        count = int(are_among(texts, hashes).sum())
        if count:
            found.append(f"{name} {count} of {texts.size} texts")
    return "; ".join(found)


def seen_examples(texts: Iterable[Iterable[str]], seen: Mapping[str, Hashes]) -> Flags | None:
    """Which examples have a text that was seen; None where none has.

    Args:
        texts: those of each example.
        seen: as `read_seen` returns it.
    """
    if not any(hashes.size for hashes in seen.values()):
        return None
    owners: list[int] = []
    digests: dict[str, int] = {}  # of each distinct text, its place among them
    places: list[int] = []
    count = 0
    for count, own in enumerate(texts, start=1):
        for text in own:
            owners.append(count - 1)
            places.append(digests.setdefault(text, len(digests)))
    normalised = [normalise_text(text) for text in digests]
    hashed = np.frombuffer(b"".join(map(text_digest, normalised)), dtype="<u8")
    found = np.any([are_among(hashed, hashes) for hashes in seen.values()], axis=0)
    found &= np.array([bool(text) for text in normalised], dtype=bool)
    flags = np.zeros(count, dtype=bool)
    np.logical_or.at(flags, owners, found[places])
    return flags if flags.any() else None


def _read(path: Path) -> Hashes:
    """The hashes in a file, which are sorted there, unless others than this project wrote it."""
    found = np.frombuffer(path.read_bytes(), dtype="<u8")
    return found if (found[:-1] < found[1:]).all() else np.unique(found)
