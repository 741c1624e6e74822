"""Cloze questions: what they leave out, where the answer stands, and that they can be learnt."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import XLMRobertaConfig, XLMRobertaModel

from tools.mini.cloze import (
    ANSWER,
    STRETCH,
    WIDTHS,
    Cloze,
    cloze_batches,
    cloze_loss,
    make_cloze,
)
from tools.mini.store import BOS, EOS, TokenStore

MASK = 99
WORD_STARTS = np.arange(100) % 3 != 0  # every third id goes on with the word before it


@st.composite
def clozes(draw: st.DrawFn) -> tuple[np.ndarray, Cloze]:
    passage = np.array(draw(st.lists(st.integers(4, 98), min_size=24, max_size=200)))
    generator = np.random.default_rng(draw(st.integers(0, 10_000)))
    cloze = make_cloze(passage, WORD_STARTS, MASK, generator)
    if cloze is None:
        passage = np.arange(4, 64)
        cloze = make_cloze(passage, np.ones(100, dtype=np.bool_), MASK, generator)
        assert cloze is not None
    return passage, cloze


@given(clozes())
def test_the_passage_stands_whole_behind_a_question_of_its_own_pieces(
    made: tuple[np.ndarray, Cloze],
) -> None:
    passage, cloze = made
    tokens = cloze.tokens
    shift = len(tokens) - 1 - len(passage)
    assert tokens[shift:-1].tolist() == passage.tolist()
    assert (tokens[0], tokens[-1]) == (BOS, EOS)
    assert tokens[shift - 2 : shift].tolist() == [EOS, EOS]
    question = tokens[1 : shift - 2]
    asked = question[question != MASK]
    assert len(question) - len(asked) <= 1
    outside = np.concatenate(
        [tokens[cloze.stretch.start : cloze.first], tokens[cloze.last + 1 : cloze.stretch.stop]]
    ).tolist()
    remaining = iter(outside)
    assert all(piece in remaining for piece in asked.tolist())  # the same order, some left out
    assert len(asked) <= len(outside)


@given(clozes())
def test_answers_are_whole_words_inside_the_stretch(made: tuple[np.ndarray, Cloze]) -> None:
    passage, cloze = made
    assert cloze.stretch.start <= cloze.first <= cloze.last < cloze.stretch.stop
    assert ANSWER[0] <= cloze.last + 1 - cloze.first <= ANSWER[1]
    assert cloze.stretch.stop - cloze.stretch.start <= STRETCH[1]
    assert cloze.last + 1 - cloze.first < cloze.stretch.stop - cloze.stretch.start
    shift = len(cloze.tokens) - 1 - len(passage)
    if not np.array_equal(passage, np.arange(4, 64)):
        assert WORD_STARTS[cloze.tokens[cloze.first]]
        after = cloze.last + 1 - shift
        assert after == len(passage) or WORD_STARTS[passage[after]]


def test_no_question_where_no_word_ends() -> None:
    none = np.zeros(100, dtype=np.bool_)
    assert make_cloze(np.arange(4, 64), none, MASK, np.random.default_rng(0)) is None


def test_the_gap_is_in_place_at_the_front_or_unmarked() -> None:
    generator, passage = np.random.default_rng(3), np.arange(4, 64)
    ones = np.ones(100, dtype=np.bool_)
    seen = {"front": 0, "inside": 0, "none": 0}
    for _ in range(1000):
        cloze = make_cloze(passage, ones, MASK, generator)
        assert cloze is not None
        places = np.flatnonzero(cloze.tokens == MASK)
        seen["none" if not len(places) else "front" if places[0] == 1 else "inside"] += 1
    assert 150 < seen["none"] < 250
    assert seen["front"] > seen["inside"] > 250


def test_batches_keep_to_the_budget_and_use_every_width() -> None:
    store = TokenStore.of([np.arange(4, 98).tolist() * 5] * 3)
    source = cloze_batches(
        store, np.ones(100, dtype=np.bool_), MASK, 1024, np.random.default_rng(0)
    )
    widths = set()
    for _ in range(60):
        batch = next(source)
        longest = max(len(cloze.tokens) for cloze in batch)
        assert longest * len(batch) <= 1024
        widths |= {w for w in WIDTHS if any(w + 4 <= len(c.tokens) <= w + 24 for c in batch)}
    assert widths == set(WIDTHS)


def test_loss_is_low_for_a_pointer_that_points_right() -> None:
    config = XLMRobertaConfig(
        vocab_size=100, hidden_size=4, num_hidden_layers=1, num_attention_heads=1,
        intermediate_size=4, max_position_embeddings=64,
    )  # fmt: skip
    cloze = Cloze(np.array([0, 9, 2, 2, 9, 10, 11, 2]), first=5, last=6, stretch=slice(4, 7))
    states = torch.zeros(1, 8, 4)
    states[0, 5, 0] = states[0, 6, 1] = 40.0
    states[0, :, 2] = -40.0
    states[0, 4:7, 2] = 40.0

    class Told(XLMRobertaModel):
        def forward(self, **inputs: torch.Tensor) -> object:  # type: ignore[override]
            assert inputs["attention_mask"].sum() == 8
            return type("Output", (), {"last_hidden_state": states})

    pointer = torch.nn.Linear(4, 3)
    with torch.no_grad():
        pointer.weight.copy_(torch.eye(4)[:3])
        pointer.bias.zero_()
    told = Told(config, add_pooling_layer=False)
    assert cloze_loss(told, pointer, [cloze]) < 1e-6
    wrong = Cloze(cloze.tokens, first=4, last=6, stretch=slice(4, 7))
    assert abs(cloze_loss(told, pointer, [wrong]).item() - 40) < 1e-3
