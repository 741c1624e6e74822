"""A trained stage gives the same vectors by whatever name it is opened."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from adapterxlt.cli.encoder import open_encoder
from adapterxlt.errors import InvalidArtifactError, MissingBackboneError
from adapterxlt.progress import Silent
from adapterxlt.sharing.locate import locate
from adapterxlt.sharing.transport import pack, prepared
from adapterxlt.vectors.encode import encode_sentences
from tests import tiny
from tests.sharing.trained import tiny as named_tiny
from tests.sharing.trained import trained_stages


@pytest.fixture(scope="module")
def workdir(tmp_path_factory: pytest.TempPathFactory, tiny_backbone: Path) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    trained_stages(folder, named_tiny(tiny_backbone))
    return folder


@pytest.fixture(scope="module")
def bundle(workdir: Path, tiny_backbone: Path) -> Path:
    file = workdir / "nli.axlt"
    with prepared(locate(f"{workdir}:nli"), backbone=str(tiny_backbone)) as (source, _):
        pack(source, file)
    return file


def vectors(backbone: Path, artifact: str | None) -> np.ndarray:
    return encode_sentences(
        open_encoder(str(backbone), artifact), tiny.SENTENCES[:5], layers=[2], pooling="mean",
        max_length=40, token_budget=512, progress=Silent(),
    )[2]  # fmt: skip


def test_folder_stage_and_packed_file_are_the_same_encoder(
    workdir: Path, bundle: Path, tiny_backbone: Path
) -> None:
    stage = f"{workdir}:nli"
    trained = vectors(tiny_backbone, stage)
    assert np.array_equal(vectors(tiny_backbone, str(locate(stage))), trained)
    assert np.array_equal(vectors(tiny_backbone, str(bundle)), trained)
    assert not np.array_equal(vectors(tiny_backbone, None), trained)


def test_a_packed_file_is_checked_and_names_no_folder_of_ours(
    bundle: Path, tiny_backbone: Path, tmp_path: Path
) -> None:
    with pytest.raises(MissingBackboneError, match="its backbone `tiny`"):
        open_encoder(None, str(bundle))
    with pytest.raises(InvalidArtifactError, match="not on `mini`"):
        open_encoder("mini", str(bundle))
    content = bytearray(bundle.read_bytes())
    content[-2000] ^= 1
    spoilt = tmp_path / "spoilt.axlt"
    spoilt.write_bytes(content)
    with pytest.raises(InvalidArtifactError):
        open_encoder(str(tiny_backbone), str(spoilt))
