"""Does an artifact load? Its parts against its backbone, then its reference input."""

from __future__ import annotations

from pathlib import Path

from adapterxlt.artifacts.locate import check_backbone
from adapterxlt.backbones import Backbone
from adapterxlt.errors import AdapterXLTError, InvalidArtifactError, MissingError
from adapterxlt.store.manifest import Manifest


def check_loads(folder: Path, manifest: Manifest, backbone: Backbone) -> None:
    """Load a verified artifact on its backbone and compare the reference outputs.

    Raises:
        InvalidArtifactError: it does not fit, in any way.
    """
    from adapterxlt.models.fit import check_fit
    from adapterxlt.models.load import load
    from adapterxlt.models.spec import backbone_spec

    check_backbone(manifest, backbone)
    try:
        spec = check_fit(backbone, folder)
        if manifest.artifact is not None:
            labels = {head.task: head.labels for head in spec.heads}
            if (
                labels != manifest.artifact.labels
                or spec.backbone.hash != backbone_spec(backbone).hash
            ):
                raise InvalidArtifactError(f"{folder}: manifest.json and model.json disagree")
        load(backbone, folder)
    except (InvalidArtifactError, MissingError):
        raise
    except (AdapterXLTError, RuntimeError, ValueError, TypeError, KeyError, OSError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InvalidArtifactError(f"{folder}: does not load: {first}") from error
