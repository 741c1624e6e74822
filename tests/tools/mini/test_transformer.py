"""Batches, masking, the ballast and the passes of the second phase."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from tools.mini.alignment import Bags, alignment_loss, mean_pool
from tools.mini.batches import batches, mask_tokens
from tools.mini.config import PretrainConfig, TransformerPhase
from tools.mini.network import (
    BALLAST,
    POSITION_STD,
    build_model,
    position_embeddings,
    with_ballast,
)
from tools.mini.store import Groups, Spacing, TokenStore, padded
from tools.mini.transformer import Text, train_transformer

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


def _vectors() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    vectors = torch.randn(60, 30, generator=generator) * torch.linspace(0.05, 1, 60)[:, None]
    vectors[:4] = 0
    return vectors


CONFIG = PretrainConfig(hidden_size=32, heads=2, intermediate_size=32, layers=3)


def test_a_new_model_gives_the_bags_at_the_retrieval_layer() -> None:
    vectors = _vectors()
    model = build_model(vectors, torch.ones(60), CONFIG).eval()
    model.roberta.embeddings.position_embeddings.weight.data.zero_()  # bags know no order
    sequences = [np.array([0, 7, 40, 30, 2]), np.array([0, 55, 2])]
    ids, mask = padded(sequences)
    with torch.no_grad():
        states = model.roberta(ids, mask, output_hidden_states=True).hidden_states[2]
    bags = Bags(vectors, 32).of(sequences)
    assert functional.cosine_similarity(mean_pool(states, mask), bags).min() > 0.9


def test_positions_start_alike_the_nearer_they_are() -> None:
    positions = position_embeddings(514, 192)
    assert torch.isclose(positions.std(), torch.tensor(POSITION_STD), rtol=1e-4)
    unit = functional.normalize(positions, dim=1)
    likeness = [float((unit[:-gap] * unit[gap:]).sum(1).mean()) for gap in (1, 4, 32, 256)]
    assert likeness == sorted(likeness, reverse=True)
    assert likeness[0] > 0.9
    assert likeness[-1] < 0.7


def test_attention_above_the_retrieval_layer_starts_on_the_same_pieces() -> None:
    model = build_model(_vectors(), torch.ones(60), CONFIG).eval()
    model.roberta.embeddings.position_embeddings.weight.data.zero_()
    if hasattr(model, "set_attn_implementation"):  # before it, attention was told when asked for
        model.set_attn_implementation("eager")
    ids, mask = padded([np.array([0, 50, 55, 59, 2, 2, 55, 50, 57, 2])])
    with torch.no_grad():
        attention = model.roberta(ids, mask, output_attentions=True).attentions
    upper = attention[CONFIG.retrieval_layer][0].mean(dim=0)
    assert upper[1, [1, 7]].sum() > 2 * upper[1, [2, 3, 6, 8]].sum()
    assert upper[2, [2, 6]].sum() > 2 * upper[2, [1, 3, 7, 8]].sum()
    lower = attention[0][0].mean(dim=0)
    assert lower[1, [1, 7]].sum() < lower[1, [2, 3, 6, 8]].sum()


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


def _trained(alignment_steps: int, upper_steps: int) -> dict[str, torch.Tensor]:
    """Parameters after one step on all tasks and so many of the other passes."""
    random = np.random.default_rng(0)
    store = [TokenStore.of([random.integers(4, 50, 40).tolist() for _ in range(40)])] * 2
    config = CONFIG.model_copy(
        update={
            "transformer": TransformerPhase(
                steps=1, alignment_steps=alignment_steps, upper_steps=upper_steps, tokens=256
            )
        }
    )
    text = Text(
        sentences=store[0],
        groups=Groups.of([{"en": "", "de": ""}] * 20, [], 0.0),
        paragraphs=store[1],
        spacing=Spacing(5, np.zeros(60, dtype=np.bool_)),
        word_starts=np.ones(60, dtype=np.bool_),
        bags=Bags(_vectors(), 32),
        mask_id=59,
        positions=96,
    )
    model = build_model(_vectors(), torch.ones(60), config)
    losses = train_transformer(model, text, config, lambda done, total: None)
    assert len(losses) == 1 + alignment_steps + upper_steps
    assert all(parameter.requires_grad for parameter in model.parameters())
    return {name: p.detach().clone() for name, p in model.named_parameters()}


def _changed(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> set[str]:
    names = {name for name in before if not torch.equal(before[name], after[name])}
    return {
        name.split("layer.")[-1][0] if "encoder" in name else name.split(".")[0] for name in names
    }


def test_each_pass_trains_its_own_layers() -> None:
    first, aligned = _trained(0, 0), _trained(3, 0)
    # The embeddings and layers 0 and 1, below the retrieval layer, which is the second.
    assert _changed(first, aligned) == {"roberta", "0", "1"}
    assert _changed(aligned, _trained(3, 3)) == {"2", "lm_head"}
