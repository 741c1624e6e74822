"""A work folder with trained stages, and a packed artifact, whole and spoilt."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.artifact.commands import well
from tests.sharing.trained import tiny as named_tiny
from tests.sharing.trained import trained_stages


@pytest.fixture(scope="package")
def workdir(tmp_path_factory: pytest.TempPathFactory, tiny_backbone: Path) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    trained_stages(folder, named_tiny(tiny_backbone))
    return folder


@pytest.fixture(scope="package")
def bundle(workdir: Path, tiny_backbone: Path) -> Path:
    file = workdir.parent / f"{workdir.name}-nli.axlt"
    well("pack", f"{workdir}:nli", "--out", file, "--license", "mit", "--backbone", tiny_backbone)
    return file


@pytest.fixture
def spoilt(bundle: Path, tmp_path: Path) -> Path:
    content = bytearray(bundle.read_bytes())
    content[content.rindex(b"adapter_down") + 2] ^= 1
    file = tmp_path / "spoilt.axlt"
    file.write_bytes(content)
    return file
