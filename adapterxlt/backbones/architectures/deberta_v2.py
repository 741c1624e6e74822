"""DeBERTa v2 and v3 (He et al. 2021, 2023): mDeBERTa."""

from __future__ import annotations

from adapterxlt.backbones import rules
from adapterxlt.backbones.architectures.entry import Architecture

_POSITIONS = ("c2p", "p2c", "c2p|p2c", "p2c|c2p")

DEBERTA_V2 = Architecture(
    model_type="deberta-v2",
    classes="DebertaV2",
    base="deberta",
    keys={
        **rules.BERT,
        "conv_kernel_size": rules.one_of(0),  # it would mix the layers' inputs
        "legacy": rules.FLAG,
        "max_relative_positions": rules.whole(-1, 1 << 20),
        "model_type": rules.one_of("deberta-v2"),
        "norm_rel_ebd": rules.one_of("layer_norm", "none"),
        "pooler_dropout": rules.SHARE,
        "pooler_hidden_act": rules.ACTIVATION,
        "pooler_hidden_size": rules.SIZES["hidden_size"],
        "pos_att_type": rules.either(
            rules.one_of(*_POSITIONS), rules.or_none(rules.list_of("c2p", "p2c"))
        ),
        "position_biased_input": rules.FLAG,
        "position_buckets": rules.whole(-1, 1 << 20),
        "relative_attention": rules.FLAG,
        "share_att_key": rules.FLAG,
        "type_vocab_size": rules.whole(0, 1 << 16),
    },
    tensors={
        "embeddings.word_embeddings.weight": ("vocab_size", "hidden_size"),
        "encoder.layer.{layer}.output.dense.bias": ("hidden_size",),
    },
    optional={
        "embeddings.position_embeddings.weight": ("max_position_embeddings", "hidden_size"),
        "embeddings.token_type_embeddings.weight": ("type_vocab_size", "hidden_size"),
        "encoder.layer.{layer}.intermediate.dense.bias": ("intermediate_size",),
    },
    defaults={"num_attention_heads": 24, "type_vocab_size": 0, "intermediate_size": 6144},
    vocabularies=("tokenizer.json", "spm.model"),
    tokenizers=("DebertaV2", "PreTrained"),
    layerless=False,
    pooler=False,
    segments=True,
    activation="gelu",
    linear={
        "q": "query_proj",
        "k": "key_proj",
        "v": "value_proj",
        "intermediate": "intermediate.dense",
    },
    cannot={
        "prompt": (
            "`adapters` lets its prompt attend to padding there, so the result for a text "
            "depends on its batch"
        )
    },
    models={"microsoft/mdeberta-v3-base": (12, 768, "mDeBERTa: 279M parameters, 1.1 GB")},
)
