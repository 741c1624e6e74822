"""The encoder that a command line names: a backbone, with what was trained on it or without."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from adapterxlt.backbones import resolve_backbone
from adapterxlt.errors import InvalidArtifactError

if TYPE_CHECKING:
    from adapterxlt.models.build import Built


def load_encoder(backbone: str | None = None, artifact: Path | None = None) -> Built:
    """Load an encoder in evaluation mode, on the GPU if there is one.

    Args:
        backbone: as in recipes; None for the artifact's own, else `mini`.
        artifact: folder of a trained stage or of an artifact; None for the bare backbone.

    Raises:
        MissingBackboneError: the backbone is not there.
        InvalidArtifactError: the artifact is damaged, or of another backbone.
    """
    import torch

    from adapterxlt.models.build import load
    from adapterxlt.models.spec import SPEC_FILE, read_spec

    if artifact is not None:
        if not artifact.is_dir():
            raise InvalidArtifactError(
                f"`{artifact}` is no folder", hint="give the folder of a trained stage or artifact"
            )
        inner = artifact / "out"
        if not (artifact / SPEC_FILE).is_file() and (inner / SPEC_FILE).is_file():
            artifact = inner
        backbone = backbone or read_spec(artifact).backbone.name
    built = load(resolve_backbone(backbone or "mini", Path.cwd()), artifact)
    if torch.cuda.is_available():
        built.model.to("cuda")
    return built
