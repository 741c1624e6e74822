"""The manifest of a store entry: its presence makes the entry whole."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.show import brief
from adapterxlt.store.inside import open_inside

MANIFEST_SCHEMA = 1
MANIFEST_NAME = "manifest.json"
SIGNATURE_NAME = "manifest.json.sig"
MAX_MANIFEST_BYTES = 2 << 20
# Names are printed in messages, so they cannot contain what steers a terminal or starts a line.
Name = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")]


class FileRecord(BaseModel):
    """Size and content of one file.

    Args:
        size: number of bytes.
        sha256: hash of its content, as 64 hexadecimal digits.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: int = Field(ge=0, lt=1 << 48)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class BackboneFacts(BaseModel):
    """The backbone that an artifact was trained on.

    Args:
        name: its name in the recipe.
        hash: sha256 of its content: the settings, the tokenizer and the weights.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    hash: str = Field(pattern=r"^[0-9a-f]{64}$")


class ArtifactFacts(BaseModel):
    """What an entry says of itself once it has been packed for others.

    Args:
        backbone: the backbone that it fits.
        labels: label names by task, in the order of the head's outputs.
        license: licence of the weights, "" if it was not given.
        tensors: hash of every tensor (its name, type, shape and bytes) by file; the order of
            tensors within the file does not count.
        seal: sha256 of the manifest with an empty seal. It shows accidental changes; only a
            signature shows deliberate ones.
        override: the backbone that it was trained on, if it was put on another one on purpose.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    backbone: BackboneFacts
    labels: dict[str, tuple[str, ...]]
    license: str = ""
    tensors: dict[str, dict[str, str]]
    override: BackboneFacts | None = None
    seal: str = ""


class Manifest(BaseModel):
    """What an entry is and what it came from.

    Args:
        schema_version: version of this layout.
        fingerprint: the entry's address.
        kind: step kind (`train`, `evaluate`, ...).
        title: name of the step in the recipe that made it.
        recipe: name of that recipe.
        parts: the parts of the fingerprint, from which `plan --explain` explains it.
        lineage: the backbone and every training step up to this one, oldest first. The `origins`
            of a step say where the data of its tasks are from; old entries have none.
        files: every file of the entry except the manifest itself, by relative path.
        environment: versions of the libraries that made it.
        artifact: what others need to use it; None if the entry was never packed or pushed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: int = MANIFEST_SCHEMA
    fingerprint: str = Field(pattern=r"^[0-9a-f]{64}$")
    kind: Name
    title: Name
    recipe: Name
    parts: dict[str, object]
    lineage: dict[str, object]
    files: dict[str, FileRecord]
    environment: dict[str, str]
    artifact: ArtifactFacts | None = None

    @property
    def size(self) -> int:
        """Bytes of the entry's files."""
        return sum(record.size for record in self.files.values())

    def text(self) -> str:
        """The content of `manifest.json`."""
        without = None if self.artifact else {"artifact"}
        return self.model_dump_json(indent=1, exclude=without) + "\n"

    def sealed(self) -> Manifest:
        """The manifest with the right seal; an entry that never left its store has no seal."""
        if self.artifact is None:
            return self
        empty = self.model_copy(update={"artifact": self.artifact.model_copy(update={"seal": ""})})
        seal = hashlib.sha256(empty.text().encode()).hexdigest()
        facts = self.artifact.model_copy(update={"seal": seal})
        return self.model_copy(update={"artifact": facts})


def read_manifest(folder: Path) -> Manifest:
    """Read and check the manifest of `folder`.

    Raises:
        InvalidArtifactError: it is missing, not JSON, of an unknown schema, or too large.
    """
    path = folder / MANIFEST_NAME
    try:
        with open_inside(folder, MANIFEST_NAME) as stream:
            content = stream.read(MAX_MANIFEST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise InvalidArtifactError(f"{folder}: there is no {MANIFEST_NAME}") from None
    if len(content) > MAX_MANIFEST_BYTES:
        raise InvalidArtifactError(
            f"{path}: the manifest exceeds the {MAX_MANIFEST_BYTES >> 20} MiB limit"
        )
    return parse_manifest(content, str(path))


def parse_manifest(content: bytes, where: str) -> Manifest:
    """Check the content of a manifest.

    Args:
        where: what it comes from, for messages.

    Raises:
        InvalidArtifactError: it is not JSON, of an unknown schema, or says what cannot be.
    """
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        version = _schema_version(content)
        if version is None or version == MANIFEST_SCHEMA:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(brief(part) for part in first["loc"])  # "" of what is not JSON
            raise InvalidArtifactError(
                ": ".join(filter(None, (where, place, first["msg"]))),
                hint="the file is damaged: get the artifact again, or run its recipe again",
            ) from None
    else:
        version = manifest.schema_version
    if version != MANIFEST_SCHEMA:
        raise InvalidArtifactError(
            f"{where}: has schema version {brief(version)}, but this version reads "
            f"{MANIFEST_SCHEMA}",
            hint="it was written by another version of adapterxlt; upgrade adapterxlt",
        )
    return manifest


def _schema_version(content: bytes) -> object:
    """The version that an unreadable manifest states; None if it does not even state that."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found.get("schema_version") if isinstance(found, dict) else None
