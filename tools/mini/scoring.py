"""Score a backbone as its card reports it: sentence retrieval, and linear probes for tagging."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from seqeval.metrics import f1_score
from torch import Tensor
from torch.nn import functional
from transformers import AutoTokenizer, XLMRobertaModel

from adapterxlt.tasks.reading import read_lines

TATOEBA = {
    "de": "deu", "es": "spa", "fr": "fra", "ru": "rus", "zh": "cmn", "ar": "ara", "hi": "hin",
    "tr": "tur", "vi": "vie", "sw": "swh", "th": "tha", "bg": "bul", "el": "ell", "ur": "urd",
    "fi": "fin", "ja": "jpn", "ko": "kor",
}  # fmt: skip

Tagged = list[tuple[list[str], list[str]]]


class Encoder:
    """Hidden states of every layer of a backbone, dropout off."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(str(folder))
        model = XLMRobertaModel.from_pretrained(str(folder), add_pooling_layer=False)
        self.model = model.float().eval()
        self.layers = self.model.config.num_hidden_layers + 1

    @torch.no_grad()
    def _states(self, **inputs: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.model(output_hidden_states=True, **inputs).hidden_states)

    def sentences(self, texts: Sequence[str], batch: int = 128) -> Tensor:
        """Unit vectors (layers x texts x dimension): mean over the attention mask."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        pooled = torch.zeros(self.layers, len(texts), self.model.config.hidden_size)
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            inputs = self.tokenizer(
                [texts[i] for i in chosen], padding=True, truncation=True, return_tensors="pt"
            )
            weights = inputs["attention_mask"].unsqueeze(-1).float()
            for layer, states in enumerate(self._states(**inputs)):
                pooled[layer, chosen] = (states * weights).sum(1) / weights.sum(1)
        return functional.normalize(pooled, dim=-1)

    def words(self, sentences: Tagged, batch: int = 64) -> tuple[Tensor, list[str], list[int]]:
        """First subword of each word (layers x words x dimension), its tag, its sentence."""
        vectors: list[Tensor] = []
        tags: list[str] = []
        owner: list[int] = []
        for start in range(0, len(sentences), batch):
            part = sentences[start : start + batch]
            inputs = self.tokenizer(
                [words for words, _ in part],
                is_split_into_words=True,
                padding=True,
                truncation=True,
                return_tensors="pt",
            )
            states = torch.stack(self._states(**inputs))
            for row, (_, labels) in enumerate(part):
                seen: set[int] = set()
                for position, word in enumerate(inputs.word_ids(row)):
                    if word is not None and word not in seen:
                        seen.add(word)
                        vectors.append(states[:, row, position])
                        tags.append(labels[word])
                        owner.append(start + row)
        return torch.stack(vectors, dim=1), tags, owner


def _lines(file: Path) -> list[str]:
    return [line for line in read_lines(file) if line.strip()]


def tatoeba_accuracy(encoder: Encoder, folder: Path) -> dict[str, list[float]]:
    """Per cent of English sentences whose nearest foreign one is right, per language and layer.

    As XTREME does it: ``tatoeba.xxx-eng`` files, English queries, cosine, no centring.
    """
    scores: dict[str, list[float]] = {}
    for language, code in TATOEBA.items():
        stem = folder / f"tatoeba.{code}-eng"
        if not Path(f"{stem}.eng").is_file():
            continue
        english = encoder.sentences(_lines(Path(f"{stem}.eng")))
        foreign = encoder.sentences(_lines(Path(f"{stem}.{code}")))
        best = (english @ foreign.transpose(1, 2)).argmax(dim=2)
        right = (best == torch.arange(best.shape[1])).float().mean(dim=1)
        scores[language] = [round(100 * float(value), 1) for value in right]
    return scores


def read_tagged(file: Path, limit: int) -> Tagged:
    """The first ``limit`` sentences of a ``token TAB tag`` file with blank lines between them."""
    sentences: Tagged = []
    for block in "\n".join(read_lines(file)).split("\n\n")[:limit]:
        rows = [line.split("\t") for line in block.split("\n") if line.strip()]
        if rows:
            sentences.append(([row[0] for row in rows], [row[1] for row in rows]))
    return sentences


def bare_mark_share(encoder: Encoder, sentences: Tagged) -> float:
    """Per cent of words whose first piece is the word mark alone, as a tagger meets them."""
    words = [[word] for row, _ in sentences for word in row]
    ids = encoder.tokenizer(words, is_split_into_words=True, add_special_tokens=False)["input_ids"]
    mark = encoder.tokenizer.convert_tokens_to_ids("▁")
    return round(100 * float(np.mean([row[:1] == [mark] for row in ids])), 1)


def fit_linear(vectors: Tensor, labels: Tensor, classes: int, seed: int) -> torch.nn.Linear:
    """Softmax regression on standardised vectors by 600 Adam steps of 1024 words."""
    torch.manual_seed(seed)
    linear = torch.nn.Linear(vectors.shape[1], classes)
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(linear.parameters(), lr=1e-2, weight_decay=1e-4)
    for step in range(600):
        for group in optimizer.param_groups:
            group["lr"] = 1e-2 * (1 - step / 600)
        chosen = torch.randint(len(vectors), (1024,), generator=generator)
        loss = functional.cross_entropy(linear(vectors[chosen]), labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return linear


def probe(
    encoder: Encoder,
    folder: Path,
    languages: Sequence[str],
    metric: str,
    train_limit: int = 2000,
    test_limit: int = 300,
    seed: int = 1,
) -> dict[str, list[float]]:
    """Zero-shot score of a linear tagger trained on English, per language and layer.

    ``folder`` holds ``train-en.tsv`` and ``dev-XX.tsv``. ``metric`` is ``accuracy`` (words) or
    ``f1`` (spans, seqeval). The backbone is frozen; a word is its first subword.
    """
    train, tags, _ = encoder.words(read_tagged(folder / "train-en.tsv", train_limit))
    names = sorted(set(tags))
    labels = torch.tensor([names.index(tag) for tag in tags])
    means, stds = train.mean(dim=1, keepdim=True), train.std(dim=1, keepdim=True) + 1e-6
    linears = [
        fit_linear(((train - means) / stds)[layer], labels, len(names), seed)
        for layer in range(encoder.layers)
    ]
    scores: dict[str, list[float]] = {}
    for language in languages:
        file = folder / f"dev-{language}.tsv"
        if not file.is_file():
            continue
        vectors, gold, owner = encoder.words(read_tagged(file, test_limit))
        vectors = (vectors - means) / stds
        breaks = np.flatnonzero(np.diff(owner)) + 1
        scores[language] = []
        for layer, linear in enumerate(linears):
            with torch.no_grad():
                guess = [names[i] for i in linear(vectors[layer]).argmax(dim=1).tolist()]
            if metric == "accuracy":
                value = float(np.mean([a == b for a, b in zip(gold, guess, strict=True)]))
            else:
                value = float(
                    f1_score(
                        [list(part) for part in np.split(np.array(gold), breaks)],
                        [list(part) for part in np.split(np.array(guess), breaks)],
                    )
                )
            scores[language].append(round(100 * value, 1))
    return scores
