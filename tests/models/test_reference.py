from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import InvalidArtifactError
from adapterxlt.models import tensors
from adapterxlt.models.build import load
from adapterxlt.models.spec import REFERENCE_FILE

Artifacts = Callable[..., Path]


@pytest.fixture
def over(artifacts: Artifacts, tmp_path: Path) -> Path:
    return Path(shutil.copytree(artifacts("over"), tmp_path / "over"))


def test_changed_weights_give_other_outputs(backbone: Backbone, over: Path) -> None:
    load(backbone, over)
    file = over / "model_head.safetensors"
    weights = tensors.read(file)
    tensors.write({name: value + 0.1 for name, value in weights.items()}, file)
    with pytest.raises(InvalidArtifactError, match="no longer gives the same logits"):
        load(backbone, over)


@pytest.mark.parametrize(
    "ids", [torch.full((1, 4), 10**6), torch.ones(1, 4), torch.ones(1, 10**4, dtype=torch.int64)]
)
def test_an_input_that_no_model_takes_is_refused(
    backbone: Backbone, over: Path, ids: torch.Tensor
) -> None:
    stored = tensors.read(over / REFERENCE_FILE)
    tensors.write({**stored, "input_ids": ids}, over / REFERENCE_FILE)
    with pytest.raises(InvalidArtifactError, match="does not hold an input"):
        load(backbone, over)


def test_artifacts_without_a_reference_load(backbone: Backbone, over: Path) -> None:
    (over / REFERENCE_FILE).unlink()
    built = load(backbone, over)
    assert built.head is not None
    assert built.head.labels == tuple(
        json.loads((over / "model.json").read_text())["head"]["labels"]
    )
