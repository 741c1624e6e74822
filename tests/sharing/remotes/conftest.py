from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.sharing.source import FolderSource
from tests.sharing.make import small_artifact


@pytest.fixture
def made(tmp_path: Path) -> FolderSource:
    return small_artifact(tmp_path / "made")
