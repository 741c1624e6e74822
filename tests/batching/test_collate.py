from __future__ import annotations

import pytest

from adapterxlt.batching.collate import collate
from adapterxlt.kinds.features import Feature

PAD = 1


def test_rows_are_padded_to_the_longest_of_the_batch() -> None:
    batch = collate(
        [Feature(0, [[5, 6]], 1), Feature(1, [[7, 8, 9]], 0)], PAD, "pair_classification"
    )
    assert batch["input_ids"].tolist() == [[5, 6, 1], [7, 8, 9]]
    assert batch["attention_mask"].tolist() == [[1, 1, 0], [1, 1, 1]]
    assert batch["labels"].tolist() == [1, 0]


def test_tags_are_padded_with_ignored() -> None:
    features = [Feature(0, [[5, 6]], [-100, 3]), Feature(1, [[7, 8, 9]], [2, 4, -100])]
    assert collate(features, PAD, "tagging")["labels"].tolist() == [[-100, 3, -100], [2, 4, -100]]


def test_spans_become_start_and_end() -> None:
    batch = collate([Feature(0, [[5]], (0, 3)), Feature(1, [[7]], (2, 4))], PAD, "span_qa")
    assert batch["start_positions"].tolist() == [0, 2]
    assert batch["end_positions"].tolist() == [3, 4]


def test_choices_become_a_third_dimension() -> None:
    features = [Feature(0, [[5], [6, 7]], 1), Feature(1, [[8, 9, 4], [3]], 0)]
    batch = collate(features, PAD, "multiple_choice")
    assert batch["input_ids"].tolist() == [[[5, 1, 1], [6, 7, 1]], [[8, 9, 4], [3, 1, 1]]]
    assert batch["attention_mask"].sum().item() == 7
    assert batch["labels"].tolist() == [1, 0]


def test_different_numbers_of_choices_are_refused() -> None:
    with pytest.raises(ValueError, match="the same number of choices"):
        collate([Feature(0, [[5], [6]]), Feature(1, [[7]])], PAD, "multiple_choice")


def test_unlabelled_features_have_no_labels() -> None:
    assert set(collate([Feature(0, [[5]])], PAD, "tagging")) == {"input_ids", "attention_mask"}
