"""Llama (Touvron et al. 2023; Grattafiori et al. 2024) and models made from it: decoders."""

from __future__ import annotations

from adapterxlt.backbones import rules
from adapterxlt.backbones.architectures.entry import Architecture

LLAMA = Architecture(
    model_type="llama",
    classes="Llama",
    base="model",
    decoder=True,
    since="1.3",  # 1.2 mixes up heads and positions in its attention
    keys={
        **{key: rule for key, rule in rules.SIZES.items() if key != "type_vocab_size"},
        **rules.TOKENS,
        "attention_bias": rules.FLAG,
        "attention_dropout": rules.SHARE,
        "eos_token_id": rules.either(
            rules.or_none(rules.TOKEN), rules.list_that(rules.TOKEN, "of such numbers")
        ),
        "head_dim": rules.or_none(rules.whole(1, 1 << 12)),
        "hidden_act": rules.ACTIVATION,
        "initializer_range": rules.number(100),
        "mlp_bias": rules.FLAG,
        "model_type": rules.one_of("llama"),
        "num_key_value_heads": rules.or_none(rules.whole(1, 1 << 10)),
        "pad_token_id": rules.or_none(rules.TOKEN),
        "pretraining_tp": rules.whole(1, 1 << 10),
        "rms_norm_eps": rules.SHARE,
        "rope_scaling": rules.or_none(rules.ROPE_SCALING),
        "rope_theta": rules.number(1e12),
        "use_cache": rules.FLAG,
    },
    # The cache of keys and values serves generation, which does not happen here.
    fixed={"use_cache": False},
    tensors={
        "embed_tokens.weight": ("vocab_size", "hidden_size"),
        "layers.{layer}.input_layernorm.weight": ("hidden_size",),
        "layers.{layer}.mlp.down_proj.weight": ("hidden_size", "intermediate_size"),
        "norm.weight": ("hidden_size",),
    },
    optional={},
    required=(
        *("hidden_size", "intermediate_size", "num_attention_heads", "num_hidden_layers"),
        *("max_position_embeddings", "vocab_size"),
    ),
    vocabularies=("tokenizer.json", "tokenizer.model"),
    tokenizers=("Llama", "PreTrained"),
    body=("embed_tokens", "layers", "norm"),
    layers="layers",
    last="norm",
    words="embed_tokens.weight",
    pooler=False,
    # Up and down are not listed: `adapters` puts its parameters for them the other way round.
    linear={"q": "q_proj", "k": "k_proj", "v": "v_proj"},
    plain_heads=False,
    cannot={
        "bitfit": "its layers have no biases",
        "prefix": "`adapters` hides prefixes from its tokens where no text is padded",
        "prompt": "`adapters` has no prompt tuning for it",
        "residual_before_ln=post_add": "`adapters` has no such residual there",
        "vera_d": "its query and value may have different sizes, and VeRA shares projections",
    },
    models={
        "Lugha-Llama/Lugha-Llama-8B-wura": (32, 4096, "8.0B parameters, 16 GB"),
    },
)
