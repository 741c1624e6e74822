"""What a trained model predicts: exactly one prediction an example, in the order of the input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from adapterxlt.batching.batches import budget_batches
from adapterxlt.batching.cache import encode_cached
from adapterxlt.batching.collate import collate
from adapterxlt.batching.encode import Feature
from adapterxlt.errors import AdapterXLTError
from adapterxlt.evaluation.decode import Logits, Span, best_span, null_score
from adapterxlt.progress import Progress
from adapterxlt.tasks.types import Example, Kind, QAExample, TaggingExample

if TYPE_CHECKING:
    from adapterxlt.models.build import Built

# Class or choice index | one tag index a word | answer text.
Prediction = int | list[int] | str
# Each model input with its logits by name.
Outputs = Iterator[tuple[Feature, dict[str, Logits]]]


def predict(
    built: Built,
    examples: Sequence[Example],
    kind: Kind,
    *,
    max_length: int,
    doc_stride: int,
    token_budget: int,
    progress: Progress,
    description: str = "predicting",
    no_answer: bool = False,
    odds: dict[str, float] | None = None,
    cache: Path | None = None,
) -> list[Prediction]:
    """Predict with the model's active head.

    Args:
        built: a model in evaluation mode whose head fits `kind`.
        examples: examples of the type that belongs to `kind`; labels are not looked at.
        kind: one of the four trainable kinds.
        max_length: tokens a row at most.
        doc_stride: tokens that neighbouring windows of a long QA context share.
        token_budget: padded tokens at most in one forward pass.
        progress: told after every batch.
        description: what the progress bar says.
        no_answer: span QA: predict "" where that scores higher than the best answer (SQuAD 2.0).
        odds: span QA: filled by example id with how much higher "no answer" scores than the best
            answer (`null_odds.json` of SQuAD 2.0's scripts).
        cache: folder of encoded examples, see `encode_cached`.

    Returns:
        For each example a class or choice index, one tag index a word, or an answer text ("" if
        the context has none).
    """
    outputs = outputs_of(
        built,
        examples,
        kind,
        max_length=max_length,
        doc_stride=doc_stride,
        token_budget=token_budget,
        progress=progress,
        description=description,
        cache=cache,
    )
    return decoded(examples, kind, outputs, no_answer, odds)


def outputs_of(
    built: Built,
    examples: Sequence[Example],
    kind: Kind,
    *,
    max_length: int,
    doc_stride: int,
    token_budget: int,
    progress: Progress,
    description: str,
    cache: Path | None,
) -> Outputs:
    """The outputs of the model's active head for every input of the examples; see `predict`."""
    features = encode_cached(
        cache,
        examples,
        built.tokenizer,
        kind,
        max_length=max_length,
        doc_stride=doc_stride,
        labelled=False,
    )
    return _forward(built, features, kind, token_budget, progress, description)


def decoded(
    examples: Sequence[Example],
    kind: Kind,
    outputs: Outputs,
    no_answer: bool = False,
    odds: dict[str, float] | None = None,
) -> list[Prediction]:
    """What outputs of a model, or of several together, say of every example; see `predict`."""
    if kind == "tagging":
        return _tags(examples, outputs)
    if kind == "span_qa":
        return _answers(examples, outputs, no_answer, odds)
    classes: list[Prediction] = [-1] * len(examples)
    for feature, output in outputs:
        classes[feature.example] = int(output["logits"].argmax())
    return classes


def _tags(examples: Sequence[Example], outputs: Outputs) -> list[Prediction]:
    tags: list[list[int]] = []
    for example in examples:
        assert isinstance(example, TaggingExample)
        tags.append([-1] * len(example.words))
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


def _answers(
    examples: Sequence[Example],
    outputs: Outputs,
    no_answer: bool,
    odds: dict[str, float] | None,
) -> list[Prediction]:
    spans: dict[int, Span] = {}
    nulls: dict[int, float] = {}
    for feature, output in outputs:
        start, end = output["start_logits"], output["end_logits"]
        span = best_span(feature, start, end)
        null = null_score(start, end)
        nulls[feature.example] = min(null, nulls.get(feature.example, null))
        known = spans.get(feature.example)
        if span and (known is None or _rank(span) < _rank(known)):
            spans[feature.example] = span
    answers: list[Prediction] = []
    for index, example in enumerate(examples):
        assert isinstance(example, QAExample)
        found = spans.get(index)
        odd = nulls.get(index, 0.0) - (found.score if found else 0.0)
        if odds is not None:
            odds[example.id] = odd
        if no_answer and odd > 0:
            found = None
        answers.append(example.context[found.start : found.end] if found else "")
    return answers


def _rank(span: Span) -> tuple[float, int, int]:
    # Windows arrive longest first, not in the order of the text: equal scores need a rule.
    return -span.score, span.start, span.end


def _forward(
    built: Built,
    features: Sequence[Feature],
    kind: Kind,
    token_budget: int,
    progress: Progress,
    description: str,
) -> Outputs:
    """Every feature once with its outputs, in batches of near-equal length."""
    device = built.model.device
    pad_id = built.tokenizer.pad_token_id
    with progress.bar(description, len(features), unit="inputs") as bar:
        for batch in _batches(features, token_budget):
            inputs = collate(batch, pad_id, kind)
            with torch.inference_mode():
                output = built.model(**{key: value.to(device) for key, value in inputs.items()})
            yield from _split(batch, output)
            bar.advance(len(batch))


def _batches(features: Sequence[Feature], token_budget: int) -> Iterator[list[Feature]]:
    # A batch is one tensor, so multiple-choice questions of 2 and of 5 choices do not mix.
    for rows in sorted({len(feature.input_ids) for feature in features}):
        alike = [feature for feature in features if len(feature.input_ids) == rows]
        for batch in budget_batches([feature.width for feature in alike], token_budget):
            yield [alike[i] for i in batch]


def _split(batch: Sequence[Feature], output: Any) -> Outputs:
    names = [name for name in ("logits", "start_logits", "end_logits") if name in output]
    arrays = {name: output[name].float().cpu().numpy() for name in names}
    for row, feature in enumerate(batch):
        values = {name: array[row] for name, array in arrays.items()}
        if not all(np.isfinite(value).all() for value in values.values()):
            raise AdapterXLTError(
                "the model's outputs hold NaN or infinity",
                hint="its training has diverged: lower the learning rate, or use precision fp32",
            )
        yield feature, values
