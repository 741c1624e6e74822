"""Loads the encoder that a command names: a backbone, with or without a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from adapterxlt.backbones.find import resolve_backbone
from adapterxlt.devices import AUTO, find_device
from adapterxlt.errors import InvalidArtifactError

if TYPE_CHECKING:
    from adapterxlt.models.build import Built


def load_encoder(
    backbone: str | None = None, artifact: Path | None = None, device: str = AUTO
) -> Built:
    """Load an encoder in evaluation mode.

    Args:
        backbone: name as in recipes; None: the backbone of the artifact, or `mini` without one.
        artifact: folder of a trained stage or of an artifact; None for the bare backbone.
        device: where it computes, see `devices.find_device`.

    Raises:
        MissingBackboneError: the backbone is not there.
        InvalidArtifactError: the artifact is damaged, or belongs to another backbone.
        MissingDeviceError: the device is not there.
        UsageError: the backbone is a decoder.
    """
    from adapterxlt.models.build import load
    from adapterxlt.models.spec import SPEC_FILE, read_spec

    place = find_device(device)  # before anything is loaded
    if artifact is not None:
        if not artifact.is_dir():
            raise InvalidArtifactError(
                f"`{artifact}` is not a folder",
                hint="give the folder of a trained stage or artifact",
            )
        inner = artifact / "out"
        if not (artifact / SPEC_FILE).is_file() and (inner / SPEC_FILE).is_file():
            artifact = inner
        backbone = backbone or read_spec(artifact).backbone.name
    found = resolve_backbone(backbone or "mini", Path.cwd())
    found.must_be_encoder("this command")
    built = load(found, artifact)
    built.move(place)
    return built
