from __future__ import annotations

import logging
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerBase

from adapterxlt.batching.encode import encode
from adapterxlt.errors import AdapterXLTError, MissingDataError
from adapterxlt.kinds.facts import Example
from adapterxlt.kinds.features import IGNORED, Feature
from adapterxlt.kinds.mlm import TextExample
from adapterxlt.kinds.multiple_choice import ChoiceExample
from adapterxlt.kinds.pair_classification import PairExample
from adapterxlt.kinds.span_qa import QAExample
from adapterxlt.kinds.span_qa.answering import _context_windows
from adapterxlt.kinds.tagging import TaggingExample
from adapterxlt.kinds.tagging.tags import _word_windows

CONTEXT = (
    "The old man walked slowly to the market and bought some bread. It rained all day, so we "
    "stayed at home and cooked soup. The train to Berlin leaves at half past seven."
)


def run(
    tokenizer: PreTrainedTokenizerBase,
    kind: str,
    *examples: Example,
    max_length: int = 64,
    labelled: bool = True,
) -> list[Feature]:
    return encode(examples, tokenizer, kind, max_length=max_length, doc_stride=8, labelled=labelled)


def test_pair_has_the_layout_of_xlm_r(tokenizer: PreTrainedTokenizerBase) -> None:
    [feature] = run(tokenizer, "pair_classification", PairExample("1", "a man", "is old", 2))
    ids = feature.input_ids[0]
    assert tokenizer.decode(ids) == "<s> a man</s></s> is old</s>"
    assert feature.label == 2
    assert feature.length == feature.width == len(ids)


def test_long_pair_loses_from_its_longer_text(tokenizer: PreTrainedTokenizerBase) -> None:
    [feature] = run(
        tokenizer, "pair_classification", PairExample("1", CONTEXT, "is old", 0), max_length=20
    )
    assert feature.length == 20
    assert tokenizer.decode(feature.input_ids[0]).endswith("</s></s> is old</s>")


def test_labels_are_left_out_when_not_asked_for(tokenizer: PreTrainedTokenizerBase) -> None:
    [feature] = run(
        tokenizer, "pair_classification", PairExample("1", "a", "b", None), labelled=False
    )
    assert feature.label is None


@pytest.mark.parametrize(
    ("kind", "example"),
    [
        ("pair_classification", PairExample("x7", "a", "b", None)),
        ("tagging", TaggingExample("x7", ("a",), None)),
        ("span_qa", QAExample("x7", "a", "b", None)),
        ("multiple_choice", ChoiceExample("x7", "a", ("b", "c"), None)),
    ],
)
def test_blanked_labels_cannot_be_trained_on(
    tokenizer: PreTrainedTokenizerBase, kind: str, example: Example
) -> None:
    with pytest.raises(MissingDataError, match="example `x7` has no label"):
        run(tokenizer, kind, example)


def test_tags_sit_on_the_first_token_of_each_word(tokenizer: PreTrainedTokenizerBase) -> None:
    example = TaggingExample("1", ("The", "river", "market"), (5, 6, 7))
    [feature] = run(tokenizer, "tagging", example)
    starts = [token for _, token in feature.word_positions]
    assert [word for word, _ in feature.word_positions] == [0, 1, 2]
    assert isinstance(feature.label, list)
    assert [feature.label[token] for token in starts] == [5, 6, 7]
    others = [tag for token, tag in enumerate(feature.label) if token not in starts]
    assert set(others) == {IGNORED}
    first = tokenizer.convert_ids_to_tokens([feature.input_ids[0][token] for token in starts])
    assert all(piece.startswith("▁") for piece in first)


def test_a_bare_word_mark_carries_no_tag(tokenizer: PreTrainedTokenizerBase) -> None:
    assert tokenizer.tokenize("老人") == ["▁", "老", "人"]
    [feature] = run(tokenizer, "tagging", TaggingExample("1", ("老人", "river"), (3, 4)))
    assert isinstance(feature.label, list)
    carriers = [feature.input_ids[0][token] for _, token in feature.word_positions]
    assert tokenizer.convert_ids_to_tokens(carriers)[0] == "老"
    assert [tag for tag in feature.label if tag != IGNORED] == [3, 4]


def test_word_that_normalises_to_nothing_keeps_its_tag(tokenizer: PreTrainedTokenizerBase) -> None:
    assert tokenizer.tokenize("\u200b") == []
    example = TaggingExample("1", ("a", "\u200b", "b"), (0, 1, 2))
    [feature] = run(tokenizer, "tagging", example)
    assert isinstance(feature.label, list)
    (word, token) = feature.word_positions[1]
    assert (word, feature.label[token]) == (1, 1)
    assert feature.input_ids[0][token] == tokenizer.unk_token_id


@pytest.mark.parametrize(
    ("kind", "example"),
    [
        ("tagging", TaggingExample("1", ("x" * 3000, "man"), (0, 1))),
        ("span_qa", QAExample("1", "y" * 3000, "x" * 3000, ((0, "x" * 3000),))),
        ("pair_classification", PairExample("1", "x" * 3000, "y" * 3000, 0)),
        ("multiple_choice", ChoiceExample("1", "x" * 3000, ("y" * 3000, "z"), 0)),
        ("mlm", TextExample("1", "x" * 3000)),
    ],
)
def test_what_is_too_long_is_cut_without_a_warning(
    tokenizer: PreTrainedTokenizerBase,
    kind: str,
    example: Example,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The library says it once for a tokenizer, to a logger of its own.
    monkeypatch.setattr(tokenizer, "deprecation_warnings", {})
    monkeypatch.setattr(logging.getLogger("transformers"), "propagate", True)
    features = run(tokenizer, kind, example, max_length=32)
    assert max(len(row) for feature in features for row in feature.input_ids) <= 32
    assert caplog.messages == []


def test_long_sentence_has_each_word_in_exactly_one_window(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    words = tuple(CONTEXT.split())
    features = run(
        tokenizer, "tagging", TaggingExample("1", words, (1,) * len(words)), max_length=24
    )
    assert len(features) > 2
    owned = [word for feature in features for word, _ in feature.word_positions]
    assert owned == list(range(len(words)))
    assert all(feature.length <= 24 and feature.example == 0 for feature in features)
    # Later windows repeat some words before the first one they own, unlabelled.
    assert all(feature.word_positions[0][1] > 1 for feature in features[1:])


@given(st.lists(st.integers(1, 10), min_size=1, max_size=60), st.integers(10, 40))
def test_word_windows_partition_and_fit(lengths: list[int], room: int) -> None:
    windows = _word_windows(lengths, room)
    assert [start for _, start, _ in windows[1:]] == [end for _, _, end in windows[:-1]]
    assert windows[0][:2] == (0, 0)
    assert windows[-1][2] == len(lengths)
    for first, start, end in windows:
        assert first <= start < end
        assert sum(lengths[first:end]) <= room


def test_answer_span_decodes_to_the_answer(tokenizer: PreTrainedTokenizerBase) -> None:
    start = CONTEXT.index("at half past seven")
    example = QAExample("1", "When does it leave?", CONTEXT, ((start, "at half past seven"),))
    features = run(tokenizer, "span_qa", example, max_length=48)
    assert len(features) > 1
    spans = []
    for feature in features:
        assert len(feature.offsets) == len(feature.input_ids[0]) <= 48
        assert feature.offsets[0] is None
        assert feature.offsets[-1] is None
        assert isinstance(feature.label, tuple)
        if feature.label != (0, 0):
            left, right = feature.offsets[feature.label[0]], feature.offsets[feature.label[1]]
            assert left is not None
            assert right is not None
            spans.append(CONTEXT[left[0] : right[1]])
    assert spans
    assert set(spans) == {"at half past seven"}


def test_a_question_without_answer_points_at_the_first_token(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    example = QAExample("1", "Who sings?", CONTEXT, ())
    features = run(tokenizer, "span_qa", example, max_length=32)
    assert len(features) > 1
    assert {feature.label for feature in features} == {(0, 0)}
    blanked = QAExample("1", "Who sings?", CONTEXT, None)
    with pytest.raises(MissingDataError, match="example `1` has no label"):
        run(tokenizer, "span_qa", blanked)


WORDS = st.lists(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=24),
    min_size=1,
    max_size=60,
)


@given(st.lists(WORDS, min_size=1, max_size=4), st.integers(8, 40))
def test_every_word_of_every_sentence_is_read_off_exactly_once(
    tokenizer: PreTrainedTokenizerBase, sentences: list[list[str]], max_length: int
) -> None:
    examples = [
        TaggingExample(str(i), tuple(words), tuple(range(len(words))))
        for i, words in enumerate(sentences)
    ]
    features = run(tokenizer, "tagging", *examples, max_length=max_length)
    assert max(feature.length for feature in features) <= max_length
    put_together: list[list[int]] = [[] for _ in sentences]
    for feature in features:
        assert isinstance(feature.label, list)
        # What carries a word's tag is a token of its own, and labelled with that very tag.
        tokens = [token for _, token in feature.word_positions]
        assert tokens == sorted(set(tokens))
        assert [feature.label[token] for token in tokens] == [
            word for word, _ in feature.word_positions
        ]
        assert sum(tag != IGNORED for tag in feature.label) == len(tokens)
        put_together[feature.example] += [word for word, _ in feature.word_positions]
    assert put_together == [list(range(len(words))) for words in sentences]


def test_every_context_token_is_in_some_window(tokenizer: PreTrainedTokenizerBase) -> None:
    whole = run(tokenizer, "span_qa", QAExample("1", "Who?", CONTEXT, None), max_length=128,
                labelled=False)  # fmt: skip
    parts = run(tokenizer, "span_qa", QAExample("1", "Who?", CONTEXT, None), max_length=40,
                labelled=False)  # fmt: skip
    assert len(whole) == 1
    assert {o for o in whole[0].offsets if o} == {o for p in parts for o in p.offsets if o}


def test_endless_question_leaves_room_for_the_context(tokenizer: PreTrainedTokenizerBase) -> None:
    features = run(
        tokenizer, "span_qa", QAExample("1", CONTEXT, CONTEXT, ((0, "The"),)), max_length=32
    )
    assert all(feature.length <= 32 for feature in features)
    assert any(feature.label != (0, 0) for feature in features)


def test_empty_context_gives_one_feature(tokenizer: PreTrainedTokenizerBase) -> None:
    [feature] = run(tokenizer, "span_qa", QAExample("1", "Who?", "", None), labelled=False)
    assert set(feature.offsets) == {None}


@given(st.integers(0, 300), st.integers(1, 50), st.integers(1, 80))
def test_context_windows_cover_everything(length: int, room: int, overlap: int) -> None:
    windows = _context_windows(length, room, overlap)
    assert windows[0][0] == 0
    assert windows[-1][1] == length
    for (start, end), (following, _) in pairwise(windows):
        assert start < following <= end
        assert end - start == room


def test_choices_are_rows(tokenizer: PreTrainedTokenizerBase) -> None:
    example = ChoiceExample("1", "The man", ("is old", "walks to the market"), 1)
    [feature] = run(tokenizer, "multiple_choice", example)
    assert [tokenizer.decode(row) for row in feature.input_ids] == [
        "<s> The man</s></s> is old</s>",
        "<s> The man</s></s> walks to the market</s>",
    ]
    assert feature.label == 1
    assert feature.length == sum(map(len, feature.input_ids))
    assert feature.width == 2 * len(feature.input_ids[1]) > feature.length


def test_max_length_beyond_the_positions_is_refused(tokenizer: PreTrainedTokenizerBase) -> None:
    with pytest.raises(AdapterXLTError, match="max_length 200 exceeds the backbone's 128"):
        run(tokenizer, "pair_classification", PairExample("1", "a", "b", 0), max_length=200)


def test_no_examples_no_features(tokenizer: PreTrainedTokenizerBase) -> None:
    assert run(tokenizer, "tagging") == []
