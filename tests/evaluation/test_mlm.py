from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch.nn.functional import cross_entropy
from transformers import XLMRobertaForMaskedLM

from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.batching.encode import encode
from adapterxlt.evaluation.mlm import SEED, masked_scores
from adapterxlt.kinds.features import IGNORED
from adapterxlt.kinds.mlm import TextExample
from adapterxlt.kinds.mlm.masking import Masking
from adapterxlt.metrics.statistics import STATISTICS
from adapterxlt.models.build import HeadSpec, build_train
from adapterxlt.progress import Silent
from tests.tiny import SENTENCES

TEXTS = [TextExample(str(i), text) for i, text in enumerate(SENTENCES[:9])]


def test_the_loss_is_the_backbones_own(tiny_backbone: Path) -> None:
    tiny = inspect_backbone("tiny", tiny_backbone)
    built = build_train(
        tiny, method="lora", name="a", head=HeadSpec(kind="mlm", task="mlm"), seed=1
    )
    built.model.eval()
    for budget in (64, 4096):
        found, columns = masked_scores(
            built, TEXTS, max_length=32, token_budget=budget, progress=Silent()
        )
        assert STATISTICS["loss"][0].of(columns) == pytest.approx(found["loss"], rel=1e-6)
        assert len(columns["loss"]) == len(TEXTS)
        assert list(found) == ["perplexity", "loss"]
        assert found["perplexity"] == pytest.approx(math.exp(found["loss"]))

        # One text after the other through the model that transformers has for it.
        plain = XLMRobertaForMaskedLM.from_pretrained(tiny.path).eval()
        masking = Masking.of(built.tokenizer)
        features = encode(TEXTS, built.tokenizer, "mlm", max_length=32, doc_stride=0, labelled=True)
        total, count = 0.0, 0
        for index, feature in enumerate(features):
            hidden = masking(feature, (SEED, index))
            labels = torch.tensor(hidden.label)
            with torch.no_grad():
                logits = plain(input_ids=torch.tensor(hidden.input_ids)).logits[0]
            total += float(cross_entropy(logits, labels, ignore_index=IGNORED, reduction="sum"))
            count += int((labels != IGNORED).sum())
        assert found["loss"] == pytest.approx(total / count, rel=1e-5)
