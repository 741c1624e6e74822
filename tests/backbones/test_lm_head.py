"""Checkpoints with and without their head of masked language modelling."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.backbones.lm_head import has_lm_head
from tests import encoders


@pytest.mark.parametrize("model_type", encoders.ENCODERS)
def test_has_lm_head(tmp_path: Path, model_type: str) -> None:
    whole = encoders.build(tmp_path / "whole", model_type)
    bare = encoders.without_lm_head(whole, tmp_path / "bare")
    assert has_lm_head(inspect_backbone("whole", whole))
    assert not has_lm_head(inspect_backbone("bare", bare))
