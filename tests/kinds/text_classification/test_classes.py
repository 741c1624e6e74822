from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from transformers import PreTrainedTokenizerBase

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.facts import Limits
from adapterxlt.kinds.features import Feature
from adapterxlt.kinds.registry import get_kind
from adapterxlt.kinds.text_classification import LabelledText
from tests.facts import Facts
from tests.kinds.learning import learnt, predictions
from tests.tiny import SENTENCES

KIND = get_kind("text_classification")
LIMITS = Limits(32, 8)
ONE = Facts("text_classification", labels=("english", "german", "other"))
SEVERAL = replace(ONE, labels=("long", "capital", "never"), multi_label=True)


def test_one_text_or_two_in_any_order(tokenizer: PreTrainedTokenizerBase) -> None:
    texts = [("It rained.", None), ("It rained.", "The room was warm."), ("Zwei Kinder.", None)]
    examples = [LabelledText(str(n), one, two) for n, (one, two) in enumerate(texts)]
    features = KIND.workings.encode(examples, tokenizer, LIMITS, None)
    assert [feature.example for feature in features] == [0, 1, 2]
    assert [feature.label for feature in features] == [None] * 3
    for feature, (one, two) in zip(features, texts, strict=True):
        expected = tokenizer(one) if two is None else tokenizer(one, two)
        assert feature.input_ids == [expected["input_ids"]]


def test_labels_become_numbers(tokenizer: PreTrainedTokenizerBase) -> None:
    def label(task: Facts, **given: object) -> object:
        example = LabelledText("7", "It rained.", **given)  # type: ignore[arg-type]
        return KIND.workings.encode([example], tokenizer, LIMITS, task.labels)[0].label

    assert label(ONE, label="german") == 1
    assert label(SEVERAL, labels=("never", "long")) == [1, 0, 1]
    assert label(SEVERAL, labels=()) == [0, 0, 0]
    with pytest.raises(MissingDataError, match="example `7` has no label"):
        label(ONE)
    with pytest.raises(MissingDataError, match="has the label `dutch`, which is not a label"):
        label(ONE, label="dutch")


def test_losses_are_those_of_torch() -> None:
    logits = torch.tensor([[2.0, -1.0, 0.5], [0.0, 1.0, -3.0]])
    outputs = SimpleNamespace(logits=logits)
    one = KIND.workings.collate([Feature(0, [[1]], 2), Feature(1, [[1]], 0)], 1)
    expected = torch.nn.CrossEntropyLoss(reduction="sum")(logits, torch.tensor([2, 0]))
    torch.testing.assert_close(KIND.workings.loss(outputs, one), expected)
    several = KIND.workings.collate([Feature(0, [[1]], [1, 0, 1]), Feature(1, [[1]], [0, 0, 0])], 1)
    whole = torch.nn.BCEWithLogitsLoss()(logits, torch.tensor([[1.0, 0, 1], [0, 0, 0]]))
    torch.testing.assert_close(KIND.workings.loss(outputs, several) / 2, whole)


def test_one_label_is_learnt(backbone: Backbone, tmp_path: Path) -> None:
    # Two texts that are nothing like each other: a random encoder tells them apart.
    texts = [("It rained.", "english"), (SENTENCES[12], "german")] * 8
    examples = [LabelledText(str(n), text, label=kind) for n, (text, kind) in enumerate(texts)]
    built, loss = learnt(backbone, tmp_path, ONE, examples, epochs=30)
    assert loss < 0.5  # 0.69 where only the third label is known never to be right
    assert predictions(built, ONE, examples) == ["english", "german"] * 8


def test_several_labels_are_learnt(backbone: Backbone, tmp_path: Path) -> None:
    examples = [
        LabelledText(str(n), text, labels=tuple(label for label, is_so in facts if is_so))
        for n, text in enumerate(SENTENCES[:12])
        for facts in [[("long", len(text) > 55), ("capital", "Berlin" in text or "The" in text)]]
    ]
    assert {example.labels for example in examples} > {(), ("long",)}
    built, loss = learnt(backbone, tmp_path, SEVERAL, examples)
    assert loss < 0.6  # 0.69 where nothing is known
    # No example has the last label.
    assert all("never" not in each for each in predictions(built, SEVERAL, examples))  # type: ignore[operator]


def test_what_is_right_stands_in_the_task_s_order() -> None:
    example = LabelledText("1", "text", labels=("never", "long"))
    assert KIND.workings.right(example, SEVERAL) == ("long", "never")
    assert KIND.workings.submission([example] * 2, [("long", "never"), ()], SEVERAL) == (
        "long|never\n\n"
    )
    assert KIND.workings.submission([example], ["german"], ONE) == "german\n"


def test_the_highest_output_or_all_above_zero() -> None:
    examples = [LabelledText("1", "a"), LabelledText("2", "b")]
    logits = [np.array(row, dtype=np.float32) for row in ([2.0, -1.0, 0.5], [-3.0, -1.0, -2.0])]
    outputs = [(Feature(n, [[1]]), {"logits": row}) for n, row in enumerate(logits)]
    assert KIND.workings.decode(examples, outputs, ONE, None) == ["english", "german"]
    assert KIND.workings.decode(examples, outputs, SEVERAL, None) == [("long", "never"), ()]
