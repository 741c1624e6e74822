"""Reads from the description of an artifact what it consists of. No torch."""

from __future__ import annotations

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.methods.parser import ParsedMethod, parse_method
from adapterxlt.models.spec import (
    ADAPTER_FILE,
    DIFFERENCE_FILE,
    WEIGHTS_FILE,
    FuseSetup,
    ModelSpec,
    tower,
)
from adapterxlt.recipe.used import Form
from adapterxlt.store.manifest import Manifest


def parsed_methods(spec: ModelSpec, where: str) -> tuple[ParsedMethod, ...]:
    """The methods of its adapters, the lowest first.

    Raises:
        InvalidArtifactError: one of them is not known.
    """
    try:
        return tuple(parse_method(adapter.method) for adapter in spec.adapters)
    except ValueError as error:
        raise InvalidArtifactError(f"{where}: {str(error).splitlines()[0]}") from None


def form_of(spec: ModelSpec) -> Form:
    """What its parts make up; a fusion may stand on adapters."""
    if spec.setup is None:
        return "full"
    if isinstance(spec.setup, str):
        return "adapter"
    return "fusion" if isinstance(tower(spec.setup)[-1], FuseSetup) else "stack"


def known_by(spec: ModelSpec, manifest: Manifest) -> list[str]:
    """Hashes of the adapters that stand on one another, the lowest first; [""] without any.

    A fusion has that of its artifact.
    """
    folders = {adapter.name: adapter.folder for adapter in spec.adapters}
    found = []
    for part in tower(spec.setup) if spec.setup is not None else ():
        file = f"{folders[part]}/{ADAPTER_FILE}" if isinstance(part, str) else ""
        record = manifest.files.get(file.removeprefix("./"))
        found.append(record.sha256 if record is not None else manifest.fingerprint)
    return found or [""]


def own_weights(manifest: Manifest) -> str:
    """The hash of an artifact's own weights of the backbone."""
    records = map(manifest.files.get, (WEIGHTS_FILE, DIFFERENCE_FILE))
    return next((record.sha256 for record in records if record is not None), "")
