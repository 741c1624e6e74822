"""The workings of tagging."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import PreTrainedTokenizerBase

from adapterxlt.errors import AdapterXLTError
from adapterxlt.kinds.answers import Answer, Entity, PredictedTags
from adapterxlt.kinds.ends import ends
from adapterxlt.kinds.facts import HeadFacts, Limits, TaskFacts
from adapterxlt.kinds.features import IGNORED, Feature
from adapterxlt.kinds.tagging import TaggingExample
from adapterxlt.kinds.workings import (
    Logits,
    Outputs,
    Prediction,
    Workings,
    missing_label,
    softmax,
)
from adapterxlt.lines import on_one_line
from adapterxlt.metrics.chunks import chunk_scores, chunks
from adapterxlt.metrics.columns import chunk_counts
from adapterxlt.metrics.counts import token_accuracy
from adapterxlt.metrics.statistics import Column

CONTEXT_SHARE = 4  # a follow-up window of a long sentence repeats up to 1/4 of the one before
WORD_MARK = "▁"  # what SentencePiece puts where a word begins


class Tagging(Workings):
    """Each word's first token carries its tag; long sentences are spread over windows."""

    def encode(
        self,
        examples: Sequence[TaggingExample],
        tokenizer: PreTrainedTokenizerBase,
        limits: Limits,
        labels: Sequence[str] | None,
    ) -> list[Feature]:
        cls, sep = ends(tokenizer)
        room = limits.max_length - 2
        bare = tokenizer.convert_tokens_to_ids(WORD_MARK)
        bare = None if bare == tokenizer.unk_token_id else bare  # WordPiece has none
        subwords = _word_ids((word for example in examples for word in example.words), tokenizer)
        features = []
        for index, example in enumerate(examples):
            if labels is not None and example.tags is None:
                raise missing_label(example)
            # A single word longer than a whole window loses its tail; its first token stays.
            words = [subwords[word][:room] for word in example.words]
            for first, start, end in _word_windows([len(ids) for ids in words], room):
                row = [cls]
                positions = []
                for word in range(first, end):
                    if word >= start:
                        # A bare word mark (most Chinese words begin with one) says nothing.
                        skip = len(words[word]) > 1 and words[word][0] == bare
                        positions.append((word, len(row) + skip))
                    row.extend(words[word])
                row.append(sep)
                label = None
                if labels is not None and example.tags is not None:
                    label = [IGNORED] * len(row)
                    for word, token in positions:
                        label[token] = example.tags[word]
                features.append(Feature(index, [row], label, word_positions=positions))
        return features

    def collate(self, features: Sequence[Feature], width: int) -> dict[str, Tensor]:
        return {"labels": padded_labels(features, width)}

    def add_head(self, model: Any, name: str, head: HeadFacts, activation: str) -> None:
        names = dict(enumerate(head.labels))
        model.add_tagging_head(name, num_labels=len(names), id2label=names)

    def loss(self, outputs: Any, batch: Mapping[str, Tensor]) -> Tensor:
        logits, labels = outputs.logits.float().flatten(0, 1), batch["labels"].flatten()
        return cross_entropy(logits, labels, ignore_index=IGNORED, reduction="sum")

    def count(self, features: Sequence[Feature]) -> int:
        return labelled_tokens(features)

    def decode(
        self,
        examples: Sequence[TaggingExample],
        outputs: Outputs,
        task: TaskFacts,
        odds: dict[str, float] | None,
    ) -> list[Prediction]:
        tags = [[-1] * len(example.words) for example in examples]
        for feature, output in outputs:
            best = output["logits"].argmax(axis=-1)
            for word, token in feature.word_positions:
                tags[feature.example][word] = int(best[token])
        for example, predicted in zip(examples, tags, strict=True):
            if -1 in predicted:
                raise AdapterXLTError(
                    f"sentence `{example.id}`: word {predicted.index(-1) + 1} got no prediction"
                )
        return list(tags)

    def answers(
        self,
        examples: Sequence[TaggingExample],
        outputs: Sequence[tuple[Feature, dict[str, Logits]]],
        task: TaskFacts,
    ) -> list[Answer]:
        """Chunks are read from the tags in the same way as for F1."""
        chosen: list[Any] = self.decode(examples, outputs, task, None)
        scores = [[0.0] * len(example.words) for example in examples]
        for feature, output in outputs:
            rows = softmax(output["logits"])
            for word, token in feature.word_positions:
                scores[feature.example][word] = float(rows[token].max())
        bio = any(label.startswith("B-") for label in task.labels)
        found: list[Answer] = []
        for numbers, row in zip(chosen, scores, strict=True):
            tags = tuple(task.labels[number] for number in numbers)
            entities = tuple(
                Entity(label, first, last + 1, sum(row[first : last + 1]) / (last + 1 - first))
                for label, first, last in sorted(chunks([tags]), key=itemgetter(1))
            )
            found.append(PredictedTags(tags, tuple(row), entities if bio else ()))
        return found

    def right(self, example: TaggingExample, task: TaskFacts) -> object:
        return [task.labels[tag] for tag in example.tags or ()]

    def named(self, prediction: list[int], task: TaskFacts) -> object:
        return [task.labels[tag] for tag in prediction]

    def score(
        self,
        examples: Sequence[TaggingExample],
        predictions: Sequence[list[int]],
        task: TaskFacts,
        language: str,
    ) -> dict[str, float]:
        # Chunks are read off tag names.
        gold = [[task.labels[tag] for tag in example.tags or ()] for example in examples]
        predicted = [[task.labels[tag] for tag in tags] for tags in predictions]
        accurate = token_accuracy(gold, predicted)  # first: it refuses what is not aligned
        return {**chunk_scores(gold, predicted), "token_accuracy": accurate}

    def outcomes(
        self,
        examples: Sequence[TaggingExample],
        predictions: Sequence[list[int]],
        task: TaskFacts,
        language: str,
    ) -> dict[str, Column]:
        """The words, the rightly tagged words and the chunks of each sentence."""
        tags = [example.tags or () for example in examples]
        right = [
            sum(map(int.__eq__, own, guesses))
            for own, guesses in zip(tags, predictions, strict=True)
        ]
        counts = chunk_counts(
            *([[task.labels[tag] for tag in one] for one in side] for side in (tags, predictions))
        )
        return {"words": np.array(list(map(len, tags))), "right": np.array(right), **counts}

    def submission(
        self,
        examples: Sequence[TaggingExample],
        predictions: Sequence[list[int]],
        task: TaskFacts,
    ) -> str:
        """One tag per line, and a blank line after each sentence."""
        sentences = (
            "".join(f"{on_one_line(task.labels[tag])}\n" for tag in tags) for tags in predictions
        )
        return "".join(f"{lines}\n" for lines in sentences)

    def shown(self, prediction: list[int], task: TaskFacts) -> str:
        return " ".join(task.labels[tag] for tag in prediction)


def padded_labels(features: Sequence[Feature], width: int) -> Tensor:
    """One label per token, [batch, width]; none on padding."""
    rows = [feature.label for feature in features if isinstance(feature.label, list)]
    return torch.tensor([tags + [IGNORED] * (width - len(tags)) for tags in rows])


def labelled_tokens(features: Sequence[Feature]) -> int:
    """The number of tokens that carry a label, at least 1."""
    labels = (feature.label for feature in features)
    return max(1, sum(tag != IGNORED for row in labels if isinstance(row, list) for tag in row))


def _word_ids(words: Iterable[str], tokenizer: PreTrainedTokenizerBase) -> dict[str, list[int]]:
    """Subwords of each distinct word, encoded on its own as XTREME's scripts do.

    A word that the tokenizer's normaliser deletes altogether becomes `<unk>`, so that every
    word has a token to carry its tag.
    """
    distinct = sorted(set(words))
    # Not verbose: what is too long for the model is cut.
    encoded = tokenizer(
        distinct, add_special_tokens=False, return_attention_mask=False, verbose=False
    )
    unknown = [cast(int, tokenizer.unk_token_id)]
    return {
        word: ids or unknown
        for word, ids in zip(distinct, cast(list[list[int]], encoded["input_ids"]), strict=True)
    }


def _word_windows(lengths: Sequence[int], room: int) -> list[tuple[int, int, int]]:
    """Cut a sentence into windows of at most `room` tokens, never inside a word.

    Returns (first, start, end) a window: it shows the words first..end-1 and owns the words
    start..end-1; those before `start` are repeated from the window before, as context.
    """
    windows = []
    first = start = used = 0
    for word, length in enumerate(lengths):
        if used + length > room:
            windows.append((first, start, word))
            first = start = word
            used = length
            while first > 0 and used - length + lengths[first - 1] <= room // CONTEXT_SHARE:
                if used + lengths[first - 1] > room:
                    break
                first -= 1
                used += lengths[first]
        else:
            used += length
    windows.append((first, start, len(lengths)))
    return windows
