"""Build a backbone from the declared sources: vocabulary, embeddings, transformer, files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from transformers import XLMRobertaForMaskedLM

from tools.mini.alignment import Bags
from tools.mini.config import PretrainConfig
from tools.mini.embeddings import train_embeddings
from tools.mini.lineage import file_hashes, make_lineage, write_text_hashes
from tools.mini.network import BALLAST, build_model
from tools.mini.phrases import extract_phrases
from tools.mini.readers import read_corpus
from tools.mini.sources import SOURCES, Source
from tools.mini.store import Groups, TokenStore, members
from tools.mini.transformer import Text, train_transformer
from tools.mini.vocabulary import (
    encode,
    train_sentencepiece,
    word_spacing,
    word_starts,
    write_tokenizer,
)

POSITIONS = 512

Progress = Callable[[str, int, int], None]


def save_model(model: XLMRobertaForMaskedLM, folder: Path) -> None:
    """Write config.json and float16 weights; the decoder, tied to the embeddings, is left out."""
    tied = ("lm_head.decoder.weight", "lm_head.decoder.bias")
    weights = {
        name: tensor.detach().to(torch.float16).contiguous()
        for name, tensor in model.state_dict().items()
        if name not in tied and tensor.is_floating_point()
    }
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    model.config.architectures = ["XLMRobertaForMaskedLM"]
    # transformers before 4.56 have no `dtype`, later ones warn of `torch_dtype`.
    setattr(
        model.config, "dtype" if hasattr(model.config, "dtype") else "torch_dtype", torch.float16
    )
    model.config.hidden_dropout_prob = 0.1
    model.config.attention_probs_dropout_prob = 0.1
    model.config.save_pretrained(folder)


def build_backbone(
    config: PretrainConfig,
    sources_dir: Path,
    out_dir: Path,
    progress: Callable[[str, int, int], None] | None = None,
    *,
    sources: Sequence[Source] = SOURCES,
) -> dict[str, Any]:
    """Train a backbone on the sources below ``sources_dir`` and write it to ``out_dir``.

    ``out_dir`` is replaced as a whole once everything is written beside it. Returns the lineage,
    which is also in ``lineage.json``. The same configuration, files, library versions and machine
    give the same bytes. Raises MissingDataError when a source is absent.
    """
    report: Progress = progress or (lambda phase, done, total: None)
    corpus = read_corpus(sources_dir, config.languages, sources)
    partial = out_dir.with_name(out_dir.name + ".partial")
    if partial.exists():
        shutil.rmtree(partial)
    partial.mkdir(parents=True)
    threads = torch.get_num_threads()
    torch.set_num_threads(config.threads)
    try:
        report("vocabulary", 0, 1)
        piece_model = train_sentencepiece(
            corpus,
            config.vocabulary,
            config.vocabulary_characters,
            config.seed,
            partial / "pieces.model",
        )
        tokenizer = write_tokenizer(partial / "pieces.model", partial, POSITIONS)
        for leftover in ("pieces.model", "added_tokens.json"):
            (partial / leftover).unlink(missing_ok=True)
        report("vocabulary", 1, 1)
        report("phrases", 0, 1)
        phrases = extract_phrases(corpus.groups, config.languages, piece_model, config.seed)
        report("phrases", 1, 1)
        sentences = TokenStore.of(encode(piece_model, members([*corpus.groups, *phrases])))
        paragraphs = TokenStore.of(encode(piece_model, [text for _, text in corpus.paragraphs]))
        vectors = train_embeddings(
            sentences,
            Groups.of(corpus.groups, phrases, config.embeddings.phrase_share),
            len(tokenizer),
            config.hidden_size - BALLAST,
            config.embeddings,
            config.seed,
            lambda done, total: report("embeddings", done, total),
        )
        counts = torch.from_numpy(
            sentences.counts(len(tokenizer)) + paragraphs.counts(len(tokenizer))
        )
        vectors[counts == 0] = 0.0
        model = build_model(vectors, counts, config)
        spacing = word_spacing(piece_model)
        train_transformer(
            model,
            Text(
                sentences,
                Groups.of(corpus.groups, phrases, config.transformer.phrase_share),
                paragraphs,
                spacing,
                word_starts(piece_model, spacing),
                Bags(vectors, config.hidden_size),
                int(tokenizer.mask_token_id),
                POSITIONS,
            ),
            config,
            lambda done, total: report("transformer", done, total),
        )
    finally:
        torch.set_num_threads(threads)
    save_model(model, partial)
    lineage = make_lineage(corpus, sources, config, write_text_hashes(corpus, partial))
    lineage["files"] = file_hashes(partial)
    text = json.dumps(lineage, indent=1, ensure_ascii=False, sort_keys=True)
    (partial / "lineage.json").write_text(text + "\n", encoding="utf-8")
    if out_dir.exists():
        shutil.rmtree(out_dir)
    partial.rename(out_dir)
    return lineage
