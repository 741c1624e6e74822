from __future__ import annotations

import numpy as np
import pytest

from adapterxlt.errors import AdapterXLTError
from adapterxlt.retrieval.tatoeba import tatoeba_accuracy


def test_english_looks_among_the_foreign_sentences():
    english = np.array([[1, 0], [0, 1], [1, 1]], np.float32)
    foreign = np.array([[1, 0], [3, 0], [0, 1]], np.float32)
    # English 0 and 2 meet foreign 1 first; English 1 meets foreign 2: none right.
    # Foreign 0: English 0 and 2 tie, the first counts; foreign 1 likewise; foreign 2: 1 and 2 tie.
    assert tatoeba_accuracy(foreign, english) == {
        "accuracy": 0.0,
        "accuracy_xx_en": pytest.approx(100 / 3),
    }


def test_equal_vectors_are_all_right_only_in_order():
    vectors = np.eye(4, dtype=np.float32)
    assert tatoeba_accuracy(vectors, vectors) == {"accuracy": 100.0, "accuracy_xx_en": 100.0}
    assert tatoeba_accuracy(vectors[::-1], vectors)["accuracy"] == 0.0
    same = np.ones((4, 3), np.float32)
    assert tatoeba_accuracy(same, same)["accuracy"] == 25.0  # ties go to the first


def test_unaligned_sides_are_refused():
    with pytest.raises(AdapterXLTError, match="2 foreign and 3 English"):
        tatoeba_accuracy(np.ones((2, 2), np.float32), np.ones((3, 2), np.float32))
