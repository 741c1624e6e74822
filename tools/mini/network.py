"""Put trained subword vectors under an XLM-R transformer without losing their lengths."""

from __future__ import annotations

import torch
from torch import Tensor
from transformers import XLMRobertaConfig, XLMRobertaForMaskedLM

from tools.mini.config import PretrainConfig
from tools.mini.store import BOS, EOS, PAD

BALLAST = 2
"""The last dimensions of the hidden state, see `with_ballast`."""

WORD_STD = 0.1
"""Standard deviation over the dimensions of a word embedding."""

POSITION_STD = 0.04
"""And of a position embedding: what neighbours have in common must show beside the words."""

RATES = 16
"""Of the sines and cosines that positions start as, from 1 down to 1/500 radians a position."""


def with_ballast(vectors: Tensor) -> Tensor:
    """Add two dimensions so that layer normalisation keeps the vectors' relative lengths.

    XLM-R normalises every token's embedding to the same length, which would undo what the first
    phase has learnt: that a long vector marks a telling subword. Each vector gets two entries
    ``+b`` and ``-b`` with ``b`` chosen so that all have mean 0 and the same norm; normalisation
    then scales all by the same factor, and a layer whose gain is 0 on those two dimensions gives
    the first phase's bags back exactly. Vectors are centred to mean 0 first; the longest 0.1 %
    are shortened to bound ``b``.
    """
    centred = vectors - vectors.mean(dim=1, keepdim=True)
    norms = centred.norm(dim=1, keepdim=True)
    longest = torch.quantile(norms, 0.999)
    centred = centred * (longest / norms.clamp_min(1e-9)).clamp(max=1)
    squares = centred.square().sum(dim=1, keepdim=True)
    ballast = ((longest.square() - squares).clamp_min(0) / 2).sqrt()
    whole = torch.cat([centred, ballast, -ballast], dim=1)
    scaled: Tensor = whole * (WORD_STD * whole.shape[1] ** 0.5 / longest)
    return scaled


def position_embeddings(count: int, dimension: int) -> Tensor:
    """Sines and cosines of the positions (Vaswani et al. 2017, 3.5) in random directions.

    Neighbours get similar embeddings from the start, which a short training on little text does
    not bring about by itself. Random directions, so that no dimension of the words bears them
    alone; fewer rates than half the dimensions leave most of the space to the words.
    """
    rates = torch.logspace(0, -2.7, min(RATES, dimension // 2))
    angles = torch.arange(count)[:, None] * rates
    waves = torch.cat([angles.sin(), angles.cos()], dim=1)
    directions = torch.linalg.qr(torch.randn(dimension, waves.shape[1])).Q
    embeddings: Tensor = waves @ directions.T
    return embeddings * (POSITION_STD / embeddings.std())


def build_model(vectors: Tensor, counts: Tensor, config: PretrainConfig) -> XLMRobertaForMaskedLM:
    """An XLM-R masked language model over the first phase's vectors.

    Attention and feed-forward outputs start near zero, so that every layer starts as a copy of
    the embeddings, and the decoder's bias at each id's log frequency, from ``counts``. Above the
    retrieval layer, attention starts by looking for what is like itself: a query and a key are
    turned alike.
    ``vectors`` has ``hidden_size - 2`` columns and a row for every id.
    """
    torch.manual_seed(config.seed)
    model = XLMRobertaForMaskedLM(
        XLMRobertaConfig(
            vocab_size=vectors.shape[0],
            hidden_size=config.hidden_size,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            intermediate_size=config.intermediate_size,
            max_position_embeddings=514,
            type_vocab_size=1,
            layer_norm_eps=1e-5,
            pad_token_id=PAD,
            bos_token_id=BOS,
            eos_token_id=EOS,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
    )
    with torch.no_grad():
        embeddings = model.roberta.embeddings
        embeddings.word_embeddings.weight.copy_(with_ballast(vectors))
        embeddings.word_embeddings.weight[PAD].zero_()
        embeddings.position_embeddings.weight.copy_(
            position_embeddings(model.config.max_position_embeddings, config.hidden_size)
        )
        embeddings.position_embeddings.weight[PAD].zero_()
        embeddings.token_type_embeddings.weight.zero_()
        weights = dict(model.named_parameters())
        for number in range(config.layers):
            for part in ("attention.output", "output"):
                weights[f"roberta.encoder.layer.{number}.{part}.dense.weight"].mul_(0.1)
        for number in range(config.retrieval_layer, config.layers):
            turn = torch.linalg.qr(torch.randn(config.hidden_size, config.hidden_size)).Q
            for part in ("query", "key"):
                weights[f"roberta.encoder.layer.{number}.attention.self.{part}.weight"].copy_(turn)
        smoothed = counts.double() + 0.5
        model.lm_head.bias.copy_((smoothed / smoothed.sum()).log().float())
        last = config.retrieval_layer - 1
        gain = weights[f"roberta.encoder.layer.{last}.output.LayerNorm.weight"]
        gain[-BALLAST:] = 0.0
    return model
