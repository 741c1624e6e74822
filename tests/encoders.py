"""Random small backbones of every architecture, each with a tokenizer of its own kind."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import sentencepiece
import torch
import transformers
from tokenizers import BertWordPieceTokenizer

from adapterxlt.backbones.architectures import BUILT_IN
from adapterxlt.methods.checks import too_old
from tests import tiny

SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
POSITIONS = 130
_SHARED = {"intermediate_size": 64, "max_position_embeddings": POSITIONS, "initializer_range": 0.15}
# Class of the configuration, and what of it is neither the tokenizer's nor one of `SIZES`.
CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "bert": ("BertConfig", _SHARED),
    "distilbert": (
        "DistilBertConfig",
        {
            "hidden_dim": 64,
            "max_position_embeddings": POSITIONS,
            "initializer_range": 0.15,
        },
    ),
    "deberta-v2": (
        "DebertaV2Config",
        {
            **_SHARED, "relative_attention": True, "position_buckets": 8,
            "norm_rel_ebd": "layer_norm", "share_att_key": True, "pos_att_type": ["p2c", "c2p"],
            "position_biased_input": False, "type_vocab_size": 0,
        },
    ),
    "modernbert": (
        "ModernBertConfig",
        {
            **_SHARED, "global_attn_every_n_layers": 2, "local_attention": 16,
            "bos_token_id": 2, "eos_token_id": 3, "cls_token_id": 2, "sep_token_id": 3,
            "reference_compile": False,
        },
    ),
}  # fmt: skip
# What the installed version of `adapters` can have.
ALL = [name for name, entry in BUILT_IN.items() if too_old(name, entry.since) is None]
ENCODERS = [name for name, entry in BUILT_IN.items() if not entry.decoder]


def without_lm_head(backbone: Path, folder: Path) -> Path:
    """Save an encoder as those of sentences are: without its head of masked language modelling."""
    shutil.copytree(backbone, folder)
    model = transformers.AutoModel.from_pretrained(backbone)
    model.save_pretrained(folder, safe_serialization=True)
    return folder


def build(folder: Path, model_type: str) -> Path:
    """Write a random encoder with its head of masked language modelling into `folder`."""
    if model_type == "xlm-roberta":
        return tiny.build(folder)
    if model_type == "llama":
        return llama(folder)
    name, more = CONFIGS[model_type]
    folder.mkdir(parents=True, exist_ok=True)
    size = word_pieces(
        folder, "DistilBertTokenizer" if model_type == "distilbert" else "BertTokenizer"
    )
    torch.manual_seed(0)
    config = getattr(transformers, name)(**SIZES, **more, vocab_size=size, pad_token_id=0)
    model = transformers.AutoModelForMaskedLM.from_config(config)
    model.save_pretrained(folder, safe_serialization=True)
    if "vocab.txt" not in BUILT_IN[model_type].vocabularies:
        read = transformers.BertTokenizerFast.from_pretrained(folder)
        transformers.PreTrainedTokenizerFast(
            tokenizer_object=read.backend_tokenizer,
            model_max_length=512,
            model_input_names=["input_ids", "attention_mask"],
            **read.special_tokens_map,
        ).save_pretrained(folder)
        (folder / "vocab.txt").unlink()
    return folder


def llama(folder: Path) -> Path:
    """Write a random Llama with fewer keys and values than queries, and its tokenizer: one that
    puts a start token before a text, nothing behind it, and has no token to pad with."""
    folder.mkdir(parents=True, exist_ok=True)
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(tiny.SENTENCES),
        model_writer=model,
        vocab_size=tiny.VOCABULARY,
        model_type="unigram",
        num_threads=1,
        minloglevel=2,
    )
    (folder / "tokenizer.model").write_bytes(model.getvalue())
    told = {"tokenizer_class": "LlamaTokenizer", "legacy": False, "add_bos_token": True}
    (folder / "tokenizer_config.json").write_text(json.dumps(told))
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        **SIZES, **_SHARED, num_key_value_heads=2, vocab_size=tiny.VOCABULARY
    )
    transformers.LlamaForCausalLM(config).save_pretrained(folder, safe_serialization=True)
    return folder


def word_pieces(folder: Path, tokenizer_class: str) -> int:
    """Write a `vocab.txt` as BERT has it; returns the number of its pieces."""
    trainer = BertWordPieceTokenizer(lowercase=False, strip_accents=False)
    trainer.train_from_iterator(
        tiny.SENTENCES, vocab_size=400, min_frequency=1, show_progress=False
    )
    pieces = trainer.get_vocab()
    lines = sorted(pieces, key=lambda piece: pieces[piece])
    (folder / "vocab.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    told = {"tokenizer_class": tokenizer_class, "do_lower_case": False, "model_max_length": 512}
    (folder / "tokenizer_config.json").write_text(json.dumps(told))
    return len(lines)
