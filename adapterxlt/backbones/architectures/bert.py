"""BERT (Devlin et al. 2019): mBERT, LaBSE, multilingual-e5-small, multilingual MiniLM."""

from __future__ import annotations

from adapterxlt.backbones import rules
from adapterxlt.backbones.architectures.entry import Architecture

BERT = Architecture(
    model_type="bert",
    classes="Bert",
    base="bert",
    keys={**rules.BERT, "model_type": rules.one_of("bert")},
    tensors={
        "embeddings.word_embeddings.weight": ("vocab_size", "hidden_size"),
        "embeddings.position_embeddings.weight": ("max_position_embeddings", "hidden_size"),
        "embeddings.token_type_embeddings.weight": ("type_vocab_size", "hidden_size"),
        "encoder.layer.{layer}.output.dense.bias": ("hidden_size",),
    },
    optional={"encoder.layer.{layer}.intermediate.dense.bias": ("intermediate_size",)},
    defaults={"num_attention_heads": 12, "type_vocab_size": 2, "intermediate_size": 3072},
    # Some BERTs have XLM-R's vocabulary: multilingual-e5-small, multilingual MiniLM.
    vocabularies=("tokenizer.json", "vocab.txt", "sentencepiece.bpe.model"),
    tokenizers=("Bert", "PreTrained", "XLMRoberta"),
    segments=True,
    models={
        "bert-base-multilingual-cased": (12, 768, "mBERT: 178M parameters, 0.7 GB"),
        "intfloat/multilingual-e5-small": (12, 384, "118M parameters, 0.5 GB"),
        "sentence-transformers/LaBSE": (12, 768, "471M parameters, 1.9 GB"),
    },
)
