"""Opens the encoder that `--backbone` and `--artifact` name, and checks artifacts first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapterxlt.devices import AUTO

if TYPE_CHECKING:
    from adapterxlt.models.build import Built


def open_encoder(backbone: str | None, artifact: str | None, device: str | None = None) -> Built:
    """Load an encoder in evaluation mode; see `retrieval.encoder.load_encoder`.

    Args:
        backbone: as in recipes; None for the artifact's own, else `mini`.
        artifact: folder, packed file, or `WORKDIR:STAGE`; None for the bare backbone.
        device: where it computes, see `devices.find_device`; None for `auto`.

    Raises:
        UsageError: there is no such artifact.
        InvalidArtifactError: it is damaged, or of another backbone.
        MissingBackboneError: its backbone is not here.
        MissingDeviceError: the device is not here.
    """
    from adapterxlt.cli.artifact.options import say_ignored
    from adapterxlt.sharing.check import check_fits
    from adapterxlt.sharing.locate import find_backbone, locate
    from adapterxlt.sharing.transport import is_artifact, prepared
    from adapterxlt.vectors.encoder import load_encoder

    device = device or AUTO
    if artifact is None:
        return load_encoder(backbone, device=device)
    place = locate(artifact)
    if place.is_dir() and not is_artifact(place):
        return load_encoder(backbone, place, device)
    with prepared(place) as (source, manifest):
        say_ignored(source.ignored)
        # What an artifact says its backbone is called must not become a path.
        found = find_backbone(manifest, backbone, place)
        check_fits(source.where, manifest, found)
        return load_encoder(str(found.path), source.where, device)
