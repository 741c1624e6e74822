"""How huggingface_hub lays out its cache: `models--OWNER--NAME/snapshots/REVISION`, `.../blobs`."""

from __future__ import annotations

from pathlib import Path

_MODEL = "models--"


def repository_of(snapshot: Path) -> Path | None:
    """The folder of the repository of a snapshot; None if the folder is not a snapshot."""
    repository = snapshot.parent.parent
    if snapshot.parent.name == "snapshots" and repository.name.startswith(_MODEL):
        return repository
    return None


def id_of(repository: Path) -> str:
    """`OWNER/NAME` of a model's repository in the cache."""
    return repository.name.removeprefix(_MODEL).replace("--", "/")


def blobs_of(repository: Path) -> Path:
    """Where what the links in its snapshots lead to lies."""
    return repository / "blobs"
