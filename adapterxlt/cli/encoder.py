"""The encoder that `--backbone` and `--artifact` name; packed files are checked and opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapterxlt.models.build import Built


def open_encoder(backbone: str | None, artifact: str | None) -> Built:
    """Load an encoder in evaluation mode; see `retrieval.encoder.load_encoder`.

    Args:
        backbone: as in recipes; None for the artifact's own, else `mini`.
        artifact: folder, packed file, or `WORKDIR:STAGE`; None for the bare backbone.

    Raises:
        UsageError: there is no such artifact.
        InvalidArtifactError: it is damaged, or of another backbone.
        MissingBackboneError: its backbone is not here.
    """
    from adapterxlt.artifacts.locate import find_backbone, locate
    from adapterxlt.artifacts.transport import prepared
    from adapterxlt.retrieval.encoder import load_encoder

    if artifact is None:
        return load_encoder(backbone)
    place = locate(artifact)
    if place.is_dir():
        return load_encoder(backbone, place)
    with prepared(place) as (source, manifest):
        # What a packed file says its backbone is called must not become a path.
        return load_encoder(str(find_backbone(manifest, backbone).path), source.where)
