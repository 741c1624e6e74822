"""Batches, masking and the ballast of the second phase."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from adapterxlt.pretraining.config import PretrainConfig, TransformerPhase
from adapterxlt.pretraining.network import BALLAST, build_model, with_ballast
from adapterxlt.pretraining.store import Groups, Spacing, TokenStore, padded
from adapterxlt.pretraining.transformer import (
    Bags,
    alignment_loss,
    batches,
    mask_tokens,
    mean_pool,
)

RANDOM = np.random.default_rng(0)


def _store(count: int, low: int, high: int, copies: int = 1) -> TokenStore:
    """Random sequences, ``copies`` of each length one after another."""
    lengths = np.repeat(RANDOM.integers(low, high, count), copies)
    return TokenStore.of([RANDOM.integers(4, 50, length).tolist() for length in lengths])


def test_ballast_makes_layer_normalisation_keep_lengths() -> None:
    generator = torch.Generator().manual_seed(0)
    vectors = torch.randn(40, 30, generator=generator) * torch.linspace(0.1, 3, 40)[:, None]
    vectors = vectors - vectors.mean(dim=1, keepdim=True)
    whole = with_ballast(vectors)
    norms = whole.norm(dim=1)
    assert torch.allclose(norms, norms.mean().expand(40), rtol=1e-4)
    factors = functional.layer_norm(whole, (32,))[:, :-BALLAST].norm(dim=1) / vectors.norm(dim=1)
    factors = factors[vectors.norm(dim=1).argsort()[:-1]]  # the longest is cut
    assert torch.allclose(factors, factors.mean().expand(39), rtol=1e-3)


def test_a_new_model_gives_the_bags_at_the_retrieval_layer() -> None:
    config = PretrainConfig(hidden_size=32, heads=2, intermediate_size=32, layers=2)
    generator = torch.Generator().manual_seed(0)
    vectors = torch.randn(60, 30, generator=generator) * torch.linspace(0.05, 1, 60)[:, None]
    vectors[:4] = 0
    model = build_model(vectors, torch.ones(60), config).eval()
    sequences = [np.array([0, 7, 40, 30, 2]), np.array([0, 55, 2])]
    ids, mask = padded(sequences)
    with torch.no_grad():
        states = model.roberta(ids, mask, output_hidden_states=True).hidden_states[2]
    bags = Bags(vectors, 32).of(sequences)
    assert functional.cosine_similarity(mean_pool(states, mask), bags).min() > 0.9


def test_batches_keep_to_their_budget_with_little_padding() -> None:
    sentences, paragraphs = _store(200, 4, 60, copies=3), _store(20, 100, 900)
    groups = Groups.of([{"en": "", "de": "", "fr": ""}] * 200, [], 0.0)
    spacing = Spacing(5, np.zeros(50, dtype=np.bool_))
    config = TransformerPhase(tokens=1024)
    source = batches(sentences, groups, paragraphs, spacing, config, 512, np.random.default_rng(1))
    real = wide = 0
    kinds = set()
    longest = 0
    for _ in range(200):
        batch = next(source)
        lengths = [len(sequence) for sequence in batch.sequences]
        kinds.add((batch.paired, max(lengths) > 130))
        longest = max(longest, *lengths)
        if batch.paired:
            assert len(lengths) % 2 == 0
            assert max(lengths) * (len(lengths) - 2) <= 1024  # one pair may come on top
            real, wide = real + sum(lengths), wide + max(lengths) * len(lengths)
        assert all(sequence[0] == 0 and sequence[-1] == 2 for sequence in batch.sequences)
    assert wide / real < 1.2
    assert longest == 512
    assert kinds == {(True, False), (False, False), (False, True)}


def test_pairs_are_different_members_of_one_group() -> None:
    groups = Groups.of([{"en": "", "de": "", "fr": ""}] * 5 + [{"de": "", "fr": ""}] * 5, [], 0.0)
    left, right = groups.pairs(np.random.default_rng(0), 10, english_share=1.0)
    owner = np.repeat(np.arange(10), groups.counts)
    assert (owner[left] == owner[right]).all()
    assert (left != right).all()
    assert len(set(owner[left])) == 10
    assert all(right[i] == groups.first[owner[right[i]]] for i in range(10) if owner[left[i]] < 5)


def test_phrases_get_their_share() -> None:
    sentences, phrases = [{"en": "", "de": ""}] * 30, [{"en": "", "de": ""}] * 70
    groups = Groups.of(sentences, phrases, 0.25)
    assert np.isclose(groups.probability[30:].sum(), 0.25)
    assert np.isclose(groups.probability.sum(), 1)
    assert np.isclose(Groups.of(sentences, [], 0.25).probability.sum(), 1)


def test_spacing_puts_the_word_mark_before_unspaced_pieces() -> None:
    unspaced = np.zeros(20, dtype=np.bool_)
    unspaced[[10, 11]] = True
    spacing = Spacing(5, unspaced)
    tokens = np.array([5, 10, 11, 7])
    assert spacing.apply(tokens, 1.0, RANDOM).tolist() == [5, 5, 10, 5, 11, 7]
    assert spacing.apply(tokens, 0.0, RANDOM).tolist() == [5, 10, 11, 7]


def test_masking_spares_special_tokens() -> None:
    ids = torch.tensor([[0, *range(4, 40), 2, 1, 1]] * 50)
    altered, chosen = mask_tokens(ids, 0.15, 49, np.random.default_rng(0))
    assert not chosen[ids < 4].any()
    assert torch.equal(altered[~chosen], ids[~chosen])
    assert 0.12 < chosen[ids >= 4].float().mean() < 0.18
    assert 0.7 < (altered[chosen] == 49).float().mean() < 0.9


def test_alignment_loss_is_low_for_the_right_translation() -> None:
    states, others = torch.eye(6)[:3], torch.eye(6)[3:]
    assert alignment_loss(states, states, others, 0.05) < 1e-3
    assert alignment_loss(states, states.roll(1, 0), others, 0.05) > 5
