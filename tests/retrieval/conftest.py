from __future__ import annotations

from types import SimpleNamespace

import pytest
from transformers import AutoModel, AutoTokenizer


@pytest.fixture(scope="session")
def encoder(tiny_backbone):
    """A random encoder with its tokenizer: what encoding needs of a built model."""
    model = AutoModel.from_pretrained(tiny_backbone, add_pooling_layer=False).eval()
    return SimpleNamespace(model=model, tokenizer=AutoTokenizer.from_pretrained(tiny_backbone))
