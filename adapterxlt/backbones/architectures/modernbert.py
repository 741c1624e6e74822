"""ModernBERT (Warner et al. 2024): mmBERT."""

from __future__ import annotations

from adapterxlt.backbones import rules
from adapterxlt.backbones.architectures.entry import Architecture

_SHARED = (
    "its query, key and value are one matrix, which `adapters` does not support for this method"
)

MODERNBERT = Architecture(
    model_type="modernbert",
    classes="ModernBert",
    base="model",
    model="adapterxlt.models.modernbert:ModernBertAdapterModel",
    keys={
        **{key: rule for key, rule in rules.SIZES.items() if key != "type_vocab_size"},
        **rules.TOKENS,
        "attention_bias": rules.FLAG,
        "attention_dropout": rules.SHARE,
        "classifier_dropout": rules.SHARE,
        "cls_token_id": rules.or_none(rules.TOKEN),
        "embedding_dropout": rules.SHARE,
        "global_attn_every_n_layers": rules.whole(1, 1000),
        "global_rope_theta": rules.number(1e9),
        "hidden_activation": rules.ACTIVATION,
        "initializer_cutoff_factor": rules.number(100),
        "initializer_range": rules.number(100),
        "local_attention": rules.whole(1, 1 << 20),
        "local_rope_theta": rules.or_none(rules.number(1e9)),
        "mlp_bias": rules.FLAG,
        "mlp_dropout": rules.SHARE,
        "model_type": rules.one_of("modernbert"),
        "norm_bias": rules.FLAG,
        "norm_eps": rules.SHARE,
    },
    # It would compile the model, which has not been tested here.
    fixed={"reference_compile": False},
    attention="sdpa",
    tensors={
        "embeddings.tok_embeddings.weight": ("vocab_size", "hidden_size"),
        "final_norm.weight": ("hidden_size",),
        "layers.{layer}.mlp_norm.weight": ("hidden_size",),
    },
    optional={},
    defaults={"num_attention_heads": 12, "intermediate_size": 1152},
    vocabularies=("tokenizer.json",),
    tokenizers=("Gemma", "PreTrained"),
    body=("embeddings", "layers", "final_norm"),
    words="embeddings.tok_embeddings.weight",
    layers="layers",
    last="final_norm",
    pooler=False,
    activation="gelu",
    linear={},
    plain_heads=("mlm",),
    cannot={
        "bitfit": "its layers have no biases",
        "prefix": "`adapters` has no prefix tuning for it",
        "prompt": "`adapters` has no prompt tuning for it",
        "mtl_lora": "`adapters` has no such LoRA for it",
        "use_dora": _SHARED,
        "vera_d": _SHARED,
        "original_ln_after=false": "`adapters` needs the norm after its bottlenecks there",
        "residual_before_ln=post_add": "`adapters` has no such residual there",
    },
    models={"jhu-clsp/mmBERT-base": (22, 768, "mmBERT: 307M parameters, 1.2 GB")},
)
