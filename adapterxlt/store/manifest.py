"""The manifest of a store entry: its presence makes the entry whole."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adapterxlt.errors import InvalidArtifactError

MANIFEST_SCHEMA = 1
MANIFEST_NAME = "manifest.json"
MAX_MANIFEST_BYTES = 64 << 20


class FileRecord(BaseModel):
    """Size in bytes and sha256 of one file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """What an entry is and what it came from.

    Args:
        schema_version: version of this layout.
        fingerprint: the entry's address.
        kind: step kind (`train`, `evaluate`, ...).
        title: id of the step in the recipe that made it.
        recipe: name of that recipe.
        parts: the parts of the fingerprint, for explanations.
        lineage: backbone and every training step above, oldest first.
        files: every file of the entry but the manifest itself, by relative path.
        environment: library versions at the time.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: int = MANIFEST_SCHEMA
    fingerprint: str = Field(pattern=r"^[0-9a-f]{64}$")
    kind: str
    title: str
    recipe: str
    parts: dict[str, object]
    lineage: dict[str, object]
    files: dict[str, FileRecord]
    environment: dict[str, str]

    @property
    def size(self) -> int:
        """Bytes of the entry's files."""
        return sum(record.size for record in self.files.values())


def read_manifest(folder: Path) -> Manifest:
    """Read and check the manifest of `folder`.

    Raises:
        InvalidArtifactError: it is missing, not JSON, of an unknown schema, or too large.
    """
    path = folder / MANIFEST_NAME
    try:
        if path.stat().st_size > MAX_MANIFEST_BYTES:
            raise InvalidArtifactError(f"{path}: the manifest is larger than any real one")
        manifest = Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise InvalidArtifactError(f"{folder}: there is no {MANIFEST_NAME}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InvalidArtifactError(f"{path}: {place}: {first['msg']}") from None
    if manifest.schema_version != MANIFEST_SCHEMA:
        raise InvalidArtifactError(
            f"{path}: schema version {manifest.schema_version}, this program reads "
            f"{MANIFEST_SCHEMA}",
            hint="it was written by another version of adapterxlt; upgrade this one",
        )
    return manifest
