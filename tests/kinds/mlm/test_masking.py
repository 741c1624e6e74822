from __future__ import annotations

import numpy as np
import pytest
from transformers import PreTrainedTokenizerBase

from adapterxlt.batching.collate import collate
from adapterxlt.batching.encode import encode
from adapterxlt.kinds.features import IGNORED, Feature
from adapterxlt.kinds.mlm import TextExample
from adapterxlt.kinds.mlm.masking import Masking

TEXT = "The old woman walked slowly to the market and bought some bread."


def features(tokenizer: PreTrainedTokenizerBase, *texts: str, length: int = 64) -> list[Feature]:
    examples = [TextExample(str(index), text) for index, text in enumerate(texts)]
    return encode(examples, tokenizer, "mlm", max_length=length, doc_stride=8, labelled=True)


def test_bert_s_shares(tokenizer: PreTrainedTokenizerBase) -> None:
    masking = Masking.of(tokenizer)
    ids = [0, *np.resize(masking.ordinary, 20_000).tolist(), 2]
    found = masking(Feature(0, [ids]), (1, 2, 3))
    assert isinstance(found.label, list)
    before, after, labels = np.array(ids), np.array(found.input_ids[0]), np.array(found.label)
    chosen = labels != IGNORED
    assert (labels[chosen] == before[chosen]).all()
    assert (after[~chosen] == before[~chosen]).all()
    assert chosen.mean() == pytest.approx(0.15, abs=0.01)
    assert not chosen[[0, -1]].any()
    hidden = after[chosen] == tokenizer.mask_token_id
    same = after[chosen] == before[chosen]
    assert hidden.mean() == pytest.approx(0.8, abs=0.03)
    # A random token is the old one now and then.
    assert same.mean() == pytest.approx(0.1, abs=0.025)
    drawn = after[chosen][~hidden & ~same]
    assert not set(drawn.tolist()) & set(tokenizer.all_special_ids)
    assert len(set(drawn.tolist())) > 50


def test_the_seed_decides_and_nothing_else(tokenizer: PreTrainedTokenizerBase) -> None:
    masking = Masking.of(tokenizer)
    [feature] = features(tokenizer, TEXT)
    first, again, other = (masking(feature, seed) for seed in ((1, 0, 5), (1, 0, 5), (1, 1, 5)))
    assert (first.input_ids, first.label) == (again.input_ids, again.label)
    assert first.label != other.label
    assert feature.label is None


def test_the_shortest_text_has_something_to_predict(tokenizer: PreTrainedTokenizerBase) -> None:
    masking = Masking.of(tokenizer)
    [feature] = features(tokenizer, "bread")
    for seed in range(20):
        label = masking(feature, (seed,)).label
        assert isinstance(label, list)
        assert any(tag != IGNORED for tag in label)


def test_long_texts_are_cut_into_windows_that_lose_nothing(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    whole = tokenizer(TEXT, add_special_tokens=False)["input_ids"]
    found = features(tokenizer, TEXT, "", "bread", length=12)
    windows = [feature for feature in found if feature.example == 0]
    assert [token for feature in windows for token in feature.input_ids[0][1:-1]] == whole
    sizes = [feature.length for feature in windows]
    assert max(sizes) <= 12
    assert max(sizes) - min(sizes) < len(windows)
    assert [feature.example for feature in found[len(windows) :]] == [2]  # an empty line is none


def test_batches_say_which_tokens_are_asked_for(tokenizer: PreTrainedTokenizerBase) -> None:
    masking = Masking.of(tokenizer)
    rows = [
        masking(feature, (1, i)) for i, feature in enumerate(features(tokenizer, TEXT, "bread"))
    ]
    batch = collate(rows, 1, "mlm")
    assert batch["masked"].shape == batch["input_ids"].shape
    assert (batch["masked"] == (batch["labels"] != IGNORED)).all()
    assert batch["masked"].any(dim=1).all()
    assert not (batch["masked"] & (batch["attention_mask"] == 0)).any()
