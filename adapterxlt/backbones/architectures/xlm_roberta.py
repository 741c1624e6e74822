"""XLM-R (Conneau et al. 2020): XTREME's and XGLUE's baseline."""

from __future__ import annotations

from adapterxlt.backbones import rules
from adapterxlt.backbones.architectures.entry import Architecture

XLM_ROBERTA = Architecture(
    model_type="xlm-roberta",
    classes="XLMRoberta",
    base="roberta",
    keys={**rules.BERT, "model_type": rules.one_of("xlm-roberta")},
    tensors={
        "embeddings.word_embeddings.weight": ("vocab_size", "hidden_size"),
        "embeddings.position_embeddings.weight": ("max_position_embeddings", "hidden_size"),
        "encoder.layer.{layer}.output.dense.bias": ("hidden_size",),
    },
    optional={
        "embeddings.token_type_embeddings.weight": ("type_vocab_size", "hidden_size"),
        "encoder.layer.{layer}.intermediate.dense.bias": ("intermediate_size",),
    },
    defaults={"num_attention_heads": 12, "type_vocab_size": 2, "intermediate_size": 3072},
    vocabularies=("tokenizer.json", "sentencepiece.bpe.model"),
    tokenizers=("Bert", "Camembert", "PreTrained", "Roberta", "XLMRoberta"),
    first_position=2,  # positions begin after the number of the padding token
    models={
        "xlm-roberta-base": (12, 768, "278M parameters, 1.1 GB"),
        "xlm-roberta-large": (24, 1024, "560M parameters, 2.2 GB"),
    },
)
