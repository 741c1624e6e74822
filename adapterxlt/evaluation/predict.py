"""Makes predictions with a trained model: exactly one per example, in the input's order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from adapterxlt.batching.batches import budget_batches
from adapterxlt.batching.cache import encode_cached
from adapterxlt.batching.collate import collate
from adapterxlt.devices import moved
from adapterxlt.errors import AdapterXLTError
from adapterxlt.kinds.facts import Example, TaskFacts
from adapterxlt.kinds.features import Feature
from adapterxlt.kinds.registry import get_kind
from adapterxlt.kinds.workings import Logits, Prediction
from adapterxlt.models.clock import Clock
from adapterxlt.progress import Progress
from adapterxlt.token_budget import Budget, quickest

if TYPE_CHECKING:
    from adapterxlt.models.build import Built

# Each model input with its logits by name.
Outputs = Iterator[tuple[Feature, dict[str, Logits]]]


def predict(
    built: Built,
    examples: Sequence[Example],
    task: TaskFacts,
    *,
    max_length: int,
    doc_stride: int,
    token_budget: int,
    progress: Progress,
    description: str = "predicting",
    odds: dict[str, float] | None = None,
    cache: Path | None = None,
) -> list[Prediction]:
    """Predict with the model's active head.

    Args:
        built: a model in evaluation mode whose head fits the task.
        examples: examples of the task; their labels are not used.
        task: what is to be predicted.
        max_length: tokens per row at most.
        doc_stride: tokens that neighbouring windows of a long QA context share.
        token_budget: padded tokens at most in one forward pass.
        progress: told after every batch.
        description: what the progress bar says.
        odds: for span QA, a dictionary to fill: example id -> how much higher "no answer" scores
            than the best answer (`null_odds.json` of SQuAD 2.0's scripts).
        cache: folder of encoded examples, see `encode_cached`.

    Returns:
        For each example what its kind predicts: a class or choice index, one tag index per word,
        an answer text ("" if the context has none), a label or several, a number.
    """
    outputs = outputs_of(
        built,
        examples,
        task,
        max_length=max_length,
        doc_stride=doc_stride,
        token_budget=token_budget,
        progress=progress,
        description=description,
        cache=cache,
    )
    return decoded(examples, task, outputs, odds)


def outputs_of(
    built: Built,
    examples: Sequence[Example],
    task: TaskFacts,
    *,
    max_length: int,
    doc_stride: int,
    token_budget: int,
    progress: Progress,
    description: str,
    cache: Path | None,
    clock: Clock | None = None,
) -> Outputs:
    """Return the outputs of the model's active head for every input of the examples.

    Args:
        clock: measures the time of the forward passes; it does not count the examples, which
            several models may be given. For the other arguments see `predict`.
    """
    features = encode_cached(
        cache,
        examples,
        built.tokenizer,
        task.kind,
        max_length=max_length,
        doc_stride=doc_stride,
        labelled=False,
    )
    return forward(
        built, features, task.kind, token_budget, progress, description, clock or Clock()
    )


def decoded(
    examples: Sequence[Example],
    task: TaskFacts,
    outputs: Outputs,
    odds: dict[str, float] | None = None,
) -> list[Prediction]:
    """Return the prediction for every example from the outputs of one or more models."""
    return get_kind(task.kind).workings.decode(examples, outputs, task, odds)


def forward(
    built: Built,
    features: Sequence[Feature],
    kind: str,
    token_budget: int,
    progress: Progress,
    description: str,
    clock: Clock,
) -> Outputs:
    """Yield every feature once with its outputs, in batches of near-equal length."""
    device = built.model.device
    pad_id = built.tokenizer.pad_token_id
    tokens = quickest(token_budget, device)
    budget = Budget(tokens, progress.log)

    def run(
        batch: Sequence[Feature], clock: Clock = clock
    ) -> list[tuple[Feature, dict[str, Logits]]]:
        inputs = collate(batch, pad_id, kind)
        with built.inference(), clock.running(device):
            output = built.model(**{key: moved(value, device) for key, value in inputs.items()})
        return list(_split(batch, output))

    if device.type == "cuda" and features:
        # The first pass of a process also loads the GPU's programs, so it is not timed.
        for _ in budget.passes(features[:1], _widest, partial(run, clock=Clock()), device):
            pass
    with progress.bar(description, len(features), unit="inputs") as bar:
        for batch in _batches(features, tokens):
            for part, outputs in budget.passes(batch, _widest, run, device):
                yield from outputs
                bar.advance(len(part))


def _widest(features: Sequence[Feature]) -> int:
    return max(feature.width for feature in features)


def _batches(features: Sequence[Feature], token_budget: int) -> Iterator[list[Feature]]:
    # A batch is one tensor, so questions with 2 choices and questions with 5 are kept apart.
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
                hint="its training has diverged: lower the learning rate, or train in fp32 if it "
                "was trained in another precision",
            )
        yield feature, values
