"""Checks that an artifact loads: its parts on its backbone, then its reference input."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import InvalidArtifactError, MissingError
from adapterxlt.sharing.locate import check_backbone
from adapterxlt.store.manifest import Manifest


def check_fits(
    folder: Path, manifest: Manifest, backbone: Backbone, where: Path | None = None
) -> None:
    """Compare what an artifact says it is with its files and its backbone; takes little memory.

    Args:
        where: what to call it in messages, if `folder` is a copy.

    Raises:
        InvalidArtifactError: it does not fit, in any way.
    """
    from adapterxlt.models.fit import check_fit

    check_backbone(manifest, backbone)
    with refusing(folder, where):
        spec = check_fit(backbone, folder)
        labels = {head.task: head.labels for head in spec.heads}
        if manifest.artifact is not None and labels != manifest.artifact.labels:
            raise InvalidArtifactError(f"{folder}: manifest.json and model.json disagree")


def check_loads(
    folder: Path, manifest: Manifest, backbone: Backbone, where: Path | None = None
) -> None:
    """Load a verified artifact on its backbone and compare the reference outputs.

    Args:
        where: what to call it in messages, if `folder` is a copy.

    Raises:
        InvalidArtifactError: it does not fit, in any way, or holds no reference outputs.
    """
    from adapterxlt.models.load import load
    from adapterxlt.models.spec import REFERENCE_FILE

    check_fits(folder, manifest, backbone, where)
    if manifest.artifact is not None and REFERENCE_FILE not in manifest.files:
        raise InvalidArtifactError(
            f"{where or folder}: has no reference outputs ({REFERENCE_FILE})"
        )
    with refusing(folder, where):
        load(backbone, folder)


@contextmanager
def refusing(folder: Path, where: Path | None = None) -> Iterator[None]:
    """Turn every exception that an artifact causes in a library into one error that refuses it."""
    shown = str(where or folder)
    try:
        yield
    except MissingError:
        raise
    except InvalidArtifactError as error:
        message = error.message.replace(str(folder), shown)
        raise InvalidArtifactError(message, hint=error.hint) from None
    except Exception as error:  # what a hostile description makes of a model can be anything
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise InvalidArtifactError(f"{shown}: does not load: {first[:300]}") from error
