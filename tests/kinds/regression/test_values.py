from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from scipy import stats
from transformers import PreTrainedTokenizerBase

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.batching.cache import encode_cached
from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.facts import Limits
from adapterxlt.kinds.features import Feature
from adapterxlt.kinds.registry import get_kind
from adapterxlt.kinds.regression import ValuedText
from adapterxlt.metrics.facts import reported
from tests.facts import Facts
from tests.kinds.learning import learnt, predictions
from tests.tiny import SENTENCES

KIND = get_kind("regression")
TASK = Facts("regression", metrics=("pearson", "spearman"))
EXAMPLES = [
    ValuedText(str(n), text, text if n % 2 else None, len(text) / 20)
    for n, text in enumerate(SENTENCES[:16])
]


def test_the_loss_is_the_squared_difference() -> None:
    batch = KIND.workings.collate([Feature(0, [[1]], 2.5), Feature(1, [[1]], -1.0)], 1)
    outputs = SimpleNamespace(logits=torch.tensor([[2.0], [1.0]]))
    assert KIND.workings.loss(outputs, batch).item() == pytest.approx(0.25 + 4)


def test_a_number_is_learnt(backbone: Backbone, tmp_path: Path) -> None:
    built, loss = learnt(backbone, tmp_path, TASK, EXAMPLES)
    assert loss < 1  # about 7 where nothing is known
    found = predictions(built, TASK, EXAMPLES)
    mean = sum(example.value or 0 for example in EXAMPLES) / len(EXAMPLES)
    assert all(abs(float(each) - mean) < 2 for each in found)  # type: ignore[arg-type]


def test_correlations_are_those_of_scipy() -> None:
    guesses = [0.5, 3.0, 2.5, 2.5] * 4
    right = [KIND.workings.right(example, TASK) for example in EXAMPLES]
    scores = reported(TASK.metrics, {}, right, guesses)
    assert scores == {
        "pearson": pytest.approx(100 * stats.pearsonr(right, guesses)[0]),
        "spearman": pytest.approx(100 * stats.spearmanr(right, guesses)[0]),
    }


def test_a_number_that_is_withheld_is_refused(tokenizer: PreTrainedTokenizerBase) -> None:
    example = ValuedText("7", "It rained.")
    with pytest.raises(MissingDataError, match="example `7` has no label"):
        KIND.workings.encode([example], tokenizer, Limits(32, 8), ())
    assert not KIND.is_labelled(example)


def test_encoded_numbers_are_found_again(
    tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    def read() -> list[Feature]:
        return encode_cached(
            tmp_path,
            EXAMPLES,
            tokenizer,
            "regression",
            max_length=32,
            doc_stride=8,
            labelled=True,
        )

    made = read()
    assert [feature.label for feature in made] == [example.value for example in EXAMPLES]
    assert read() == made
    assert len([*tmp_path.iterdir()]) == 1
