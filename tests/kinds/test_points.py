"""The points by which `suggest` tells classes apart, of kinds whose examples have parts."""

from __future__ import annotations

import numpy as np
import pytest
from transformers import PreTrainedTokenizerBase

from adapterxlt.batching.encode import encode
from adapterxlt.kinds.features import IGNORED, Feature
from adapterxlt.kinds.registry import KINDS, get_kind
from adapterxlt.kinds.span_qa import QAExample
from adapterxlt.kinds.workings import halves

CONTEXT = "The old house stands near the river, and the bread is in the new house."


def points(kind: str, features: list[Feature], seed: int = 1) -> list[Feature]:
    return get_kind(kind).workings.points(features, np.random.default_rng(seed))


def test_which_kinds_have_classes() -> None:
    without = {name for name, kind in KINDS.items() if kind.trainable and not kind.has_classes}
    assert without == {"mlm", "regression"}


@pytest.mark.parametrize(("count", "chosen"), [(0, 0), (1, 0), (2, 1), (5, 2), (10, 5)])
def test_a_random_half(count: int, chosen: int) -> None:
    found = halves(count, np.random.default_rng(1))
    assert (len(found), sum(found)) == (count, chosen)


def test_a_choice_is_right_or_wrong_and_each_example_gives_one() -> None:
    # Row r of example e is [10 e + r]; the right row is e % 3.
    features = [Feature(e, [[10 * e + r] for r in range(3)], e % 3) for e in range(20)]
    found = points("multiple_choice", features)
    assert [feature.example for feature in found] == list(range(20))
    assert sum(feature.label == 1 for feature in found) == 10
    wrong = set()
    for feature in found:
        ((token,),) = feature.input_ids
        example, row = divmod(token, 10)
        assert example == feature.example
        assert (row == example % 3) is (feature.label == 1)
        wrong |= {(row - example) % 3} - {0}
    assert wrong == {1, 2}  # each wrong choice may be drawn
    assert points("multiple_choice", features) == found
    assert points("multiple_choice", features, seed=2) != found


def test_one_choice_alone_is_no_point() -> None:
    features = [Feature(0, [[1]], 0), Feature(1, [[2], [3]], 0), Feature(2, [[4], [5]], 1)]
    found = points("multiple_choice", features)
    assert {feature.example for feature in found} == {1, 2}
    assert sorted(map(str, (feature.label for feature in found))) == ["0", "1"]


def test_a_word_of_the_context_is_in_the_answer_or_not(tokenizer: PreTrainedTokenizerBase) -> None:
    answers = ("old house", "the river", "bread", "new house")
    examples = [
        QAExample(str(n), "What?", CONTEXT, ((CONTEXT.index(text), text),))
        for n, text in enumerate(answers * 5)
    ]
    features = encode(examples, tokenizer, "span_qa", max_length=64, doc_stride=0, labelled=True)
    found = points("span_qa", features)
    assert [feature.example for feature in found] == list(range(20))
    assert sum(1 in feature.label for feature in found) == 10
    for feature in found:
        (token,) = [place for place, label in enumerate(feature.label) if label != IGNORED]
        span = features[feature.example].offsets[token]
        assert span is not None  # of the context, neither of the question nor a special token
        (start, text) = examples[feature.example].answers[0]
        inside = start < span[1] and span[0] < start + len(text)
        assert feature.label[token] == inside


def test_windows_without_an_answer_give_no_word(tokenizer: PreTrainedTokenizerBase) -> None:
    start = CONTEXT.index("bread")
    examples = [
        QAExample("a", "What?", CONTEXT, ((start, "bread"),)),
        QAExample("b", "What?", CONTEXT, ()),  # SQuAD 2.0's "no answer"
        QAExample("c", "What?", CONTEXT, ((0, CONTEXT),)),  # no word is outside
        QAExample("d", "What?", CONTEXT, ((start, "bread"),)),
    ]
    features = encode(examples, tokenizer, "span_qa", max_length=16, doc_stride=0, labelled=True)
    assert len(features) > len(examples)
    assert [feature.example for feature in points("span_qa", features)] == [0, 3]
