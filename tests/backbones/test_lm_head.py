"""Checkpoints with and without their head of masked language modelling."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.backbones.check import inspect_backbone
from tests import encoders


@pytest.mark.parametrize("model_type", encoders.ENCODERS)
def test_has_lm_head(tmp_path: Path, model_type: str) -> None:
    whole = encoders.build(tmp_path / "whole", model_type)
    bare = encoders.without_lm_head(whole, tmp_path / "bare")
    assert inspect_backbone("whole", whole).lm_head
    assert not inspect_backbone("bare", bare).lm_head
