"""Train the SentencePiece vocabulary and write it as an XLM-R tokenizer."""

from __future__ import annotations

import io
import random
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import sentencepiece as spm
from transformers import PreTrainedTokenizerFast, XLMRobertaTokenizerFast

from tools.mini.readers import Corpus
from tools.mini.store import Spacing

FAIRSEQ_OFFSET = 1
"""XLM-R inserts <pad> at id 1, so a SentencePiece id is one below the model's."""


def _balanced(corpus: Corpus, characters: int, seed: int) -> list[str]:
    """About as many characters of every language, short records first taken at random.

    Without this the pieces go to English, which is in every parallel source.
    """
    by_language: dict[str, list[str]] = {}
    for group in corpus.groups:
        for language, text in group.items():
            by_language.setdefault(language, []).append(text)
    for language, text in corpus.paragraphs:
        by_language.setdefault(language, []).append(text)
    chosen: list[str] = []
    for language in sorted(by_language):
        texts = sorted(set(by_language[language]))
        random.Random(f"{seed} {language}").shuffle(texts)
        left = characters
        for text in texts:
            if left <= 0:
                break
            chosen.append(text)
            left -= len(text)
    return chosen


def train_sentencepiece(
    corpus: Corpus, pieces: int, characters: int, seed: int, file: Path
) -> spm.SentencePieceProcessor:
    """Train a unigram model of ``pieces`` pieces and write it to ``file``.

    The special ids are fairseq's (<unk> 0, <s> 1, </s> 2), as XLM-R's tokenizers expect. One
    thread, because SentencePiece's result depends on the number of threads.
    """
    texts = _balanced(corpus, characters, seed)
    spm.set_random_generator_seed(seed)
    written = io.BytesIO()  # a file name given to the trainer would end up inside the model
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=written,
        model_type="unigram",
        vocab_size=pieces,
        character_coverage=0.9999,
        max_sentence_length=16_000,
        num_threads=1,
        hard_vocab_limit=False,
        input_sentence_size=0,
        minloglevel=2,
    )
    file.write_bytes(written.getvalue())
    return spm.SentencePieceProcessor(model_file=str(file))


def write_tokenizer(
    model_file: Path, out_dir: Path, max_length: int = 512
) -> PreTrainedTokenizerFast:
    """Write the files of an XLM-R tokenizer for a trained SentencePiece model.

    Ids are XLM-R's: <s> 0, <pad> 1, </s> 2, <unk> 3, then the pieces, <mask> last.
    """
    tokenizer = XLMRobertaTokenizerFast(vocab_file=str(model_file), model_max_length=max_length)
    tokenizer.save_pretrained(str(out_dir))
    return tokenizer


def encode(model: spm.SentencePieceProcessor, texts: Sequence[str]) -> list[list[int]]:
    """Model ids of the pieces of each text, without <s> and </s>."""
    unknown = 3
    return [
        [piece + FAIRSEQ_OFFSET if piece else unknown for piece in ids]
        for ids in model.encode(list(texts))
    ]


_UNSPACED = ("CJK UNIFIED", "CJK COMPATIBILITY", "HIRAGANA", "KATAKANA", "THAI")


def word_spacing(model: spm.SentencePieceProcessor) -> Spacing:
    """Which pieces belong to scripts that are written without spaces between words."""
    size = model.get_piece_size() + FAIRSEQ_OFFSET + 1
    unspaced = np.zeros(size, dtype=np.bool_)
    for piece in range(model.get_piece_size()):
        name = unicodedata.name(model.id_to_piece(piece)[0], "")
        unspaced[piece + FAIRSEQ_OFFSET] = name.startswith(_UNSPACED)
    return Spacing(model.piece_to_id("▁") + FAIRSEQ_OFFSET, unspaced)


def word_starts(model: spm.SentencePieceProcessor, spacing: Spacing) -> npt.NDArray[np.bool_]:
    """Which ids begin a word: marked pieces, and all of scripts without spaces."""
    starts = spacing.unspaced.copy()
    for piece in range(model.get_piece_size()):
        starts[piece + FAIRSEQ_OFFSET] |= model.id_to_piece(piece).startswith("▁")
    return starts
