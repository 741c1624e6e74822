from __future__ import annotations

from pathlib import Path

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.check import inspect_backbone


@pytest.fixture(scope="session")
def tokenizer(tiny_backbone: Path) -> PreTrainedTokenizerBase:
    """The tiny backbone's tokenizer; longest input 128."""
    return AutoTokenizer.from_pretrained(tiny_backbone)


@pytest.fixture(scope="session")
def backbone(tiny_backbone: Path) -> Backbone:
    return inspect_backbone("tiny", tiny_backbone)
