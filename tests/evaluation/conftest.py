from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from transformers import AutoTokenizer


@pytest.fixture(scope="session")
def tokenizer(tiny_backbone):
    return AutoTokenizer.from_pretrained(tiny_backbone)


@pytest.fixture
def scripted(tokenizer):
    """A built model whose outputs are a given function of the token ids; it counts its batches.

    `answer(ids)` gets one row [length] (multiple choice: [choices, length]) and returns the
    outputs for it by name.
    """

    def build(answer):
        shapes = []

        def model(input_ids, attention_mask):
            shapes.append(tuple(input_ids.shape))
            assert torch.equal(attention_mask, (input_ids != tokenizer.pad_token_id).long())
            assert torch.is_inference_mode_enabled()
            rows = [answer(ids) for ids in input_ids]
            return {name: torch.stack([row[name] for row in rows]) for name in rows[0]}

        model.device = torch.device("cpu")
        parts = {"model": model, "tokenizer": tokenizer, "shapes": shapes}
        return SimpleNamespace(**parts, inference=torch.inference_mode)

    return build
