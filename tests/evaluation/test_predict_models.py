"""Predictions of real (untrained) models: every head kind, every input, whatever its length."""

from __future__ import annotations

import pytest
import torch

from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.batching.collate import collate
from adapterxlt.batching.encode import encode
from adapterxlt.evaluation.predict import predict
from adapterxlt.kinds.multiple_choice import ChoiceExample
from adapterxlt.kinds.pair_classification import PairExample
from adapterxlt.kinds.span_qa import QAExample
from adapterxlt.kinds.tagging import TaggingExample
from adapterxlt.models.build import build_train
from adapterxlt.models.spec import HeadSpec
from adapterxlt.progress import Silent
from tests import tiny
from tests.facts import Facts

LONG = " ".join(tiny.SENTENCES)
TEXTS = [*tiny.SENTENCES[:8], "", "a", LONG]
EXAMPLES = {
    "pair_classification": [PairExample(t, t, "It rained.", None) for t in TEXTS],
    "tagging": [TaggingExample(t, tuple(t.split()), None) for t in TEXTS],
    "span_qa": [QAExample(t, "Who is it?", t, None) for t in TEXTS],
    "multiple_choice": [ChoiceExample(t, t, ("yes", LONG, "no"), None) for t in TEXTS],
}
LABELS = {"pair_classification": ("x", "y", "z"), "tagging": ("A", "B", "C", "D")}


@pytest.fixture(scope="module")
def backbone(tiny_backbone):
    return inspect_backbone("tiny", tiny_backbone)


def build(backbone, kind, method="seq_bn"):
    head = HeadSpec(kind=kind, labels=LABELS.get(kind, ()), task="test")
    built = build_train(backbone, method=method, name="new", head=head, seed=3)
    built.model.eval()
    return built


def run(built, kind, token_budget=400):
    settings = {"max_length": 48, "doc_stride": 16, "token_budget": token_budget}
    return predict(built, EXAMPLES[kind], Facts(kind), progress=Silent(), **settings)


@pytest.mark.parametrize("kind", EXAMPLES)
@pytest.mark.parametrize("method", ["seq_bn", "prompt_tuning"])
def test_exactly_one_prediction_an_example(backbone, kind, method):
    built = build(backbone, kind, method)
    predictions = run(built, kind)
    assert len(predictions) == len(TEXTS)
    for example, predicted in zip(EXAMPLES[kind], predictions, strict=True):
        if kind == "tagging":
            assert len(predicted) == len(example.words)
            assert set(predicted) <= {0, 1, 2, 3}
        elif kind == "span_qa":
            assert predicted in example.context
        else:
            assert predicted in (0, 1, 2)
    assert run(built, kind) == predictions


@pytest.mark.parametrize("kind", ["pair_classification", "tagging", "multiple_choice"])
def test_batching_changes_no_prediction(backbone, kind):
    built = build(backbone, kind)
    assert run(built, kind, token_budget=1) == run(built, kind, token_budget=4000)


def test_classes_equal_a_plain_pass_one_by_one(backbone):
    kind = "pair_classification"
    built = build(backbone, kind)
    features = encode(
        EXAMPLES[kind], built.tokenizer, kind, max_length=48, doc_stride=16, labelled=False
    )
    plain = []
    for feature in features:
        with torch.no_grad():
            logits = built.model(**collate([feature], built.tokenizer.pad_token_id, kind)).logits
        plain.append(int(logits[0].argmax()))
    assert run(built, kind) == plain
