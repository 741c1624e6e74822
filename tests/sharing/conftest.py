from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.backbones.backbone import Backbone
from tests.sharing.trained import tiny, trained_stages


@pytest.fixture(scope="session")
def backbone(tiny_backbone: Path) -> Backbone:
    return tiny(tiny_backbone)


@pytest.fixture(scope="session")
def stages(backbone: Backbone, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Store entries of trained stages, by name."""
    return trained_stages(tmp_path_factory.mktemp("trained"), backbone)
