"""DistilBERT (Sanh et al. 2019): distilbert-base-multilingual-cased."""

from __future__ import annotations

from adapterxlt.backbones import rules
from adapterxlt.backbones.architectures.entry import Architecture

DISTILBERT = Architecture(
    model_type="distilbert",
    classes="DistilBert",
    base="distilbert",
    sizes={
        "hidden_size": "dim",
        "intermediate_size": "hidden_dim",
        "num_attention_heads": "n_heads",
        "num_hidden_layers": "n_layers",
    },
    keys={
        "activation": rules.ACTIVATION,
        "attention_dropout": rules.SHARE,
        "dim": rules.SIZES["hidden_size"],
        "dropout": rules.SHARE,
        "hidden_dim": rules.SIZES["intermediate_size"],
        "initializer_range": rules.number(100),
        "max_position_embeddings": rules.SIZES["max_position_embeddings"],
        "model_type": rules.one_of("distilbert"),
        "n_heads": rules.SIZES["num_attention_heads"],
        "n_layers": rules.SIZES["num_hidden_layers"],
        "pad_token_id": rules.TOKEN,
        "qa_dropout": rules.SHARE,
        "seq_classif_dropout": rules.SHARE,
        "sinusoidal_pos_embds": rules.FLAG,
        "vocab_size": rules.SIZES["vocab_size"],
    },
    tensors={
        "embeddings.word_embeddings.weight": ("vocab_size", "hidden_size"),
        "embeddings.position_embeddings.weight": ("max_position_embeddings", "hidden_size"),
        "transformer.layer.{layer}.ffn.lin2.bias": ("hidden_size",),
    },
    optional={"transformer.layer.{layer}.ffn.lin1.bias": ("intermediate_size",)},
    defaults={"n_heads": 12, "hidden_dim": 3072},
    vocabularies=("tokenizer.json", "vocab.txt"),
    tokenizers=("Bert", "DistilBert", "PreTrained"),
    body=("embeddings", "transformer"),
    layers="transformer.layer",
    pooler=False,
    activation="relu",
    linear={"q": "q_lin", "k": "k_lin", "v": "v_lin", "intermediate": "ffn.lin1"},
    cannot={
        "prefix": (
            "`adapters` lets its prefixes attend to padding there, so the result for a "
            "text depends on its batch"
        )
    },
    models={"distilbert-base-multilingual-cased": (6, 768, "135M parameters, 0.5 GB")},
)
