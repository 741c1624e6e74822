from __future__ import annotations

from types import SimpleNamespace

import pytest
from transformers import AutoModel, AutoTokenizer

from tests import tiny


@pytest.fixture(scope="session")
def encoder(tmp_path_factory):
    """A random encoder with its tokenizer: what encoding needs of a built model."""
    folder = tiny.build(tmp_path_factory.mktemp("encoder"))
    model = AutoModel.from_pretrained(folder, add_pooling_layer=False).eval()
    return SimpleNamespace(model=model, tokenizer=AutoTokenizer.from_pretrained(folder))
