"""Loss and perplexity of masked language modelling."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from torch.nn.functional import cross_entropy

from adapterxlt.batching.batches import budget_batches
from adapterxlt.batching.collate import collate
from adapterxlt.batching.encode import encode
from adapterxlt.devices import moved
from adapterxlt.errors import AdapterXLTError
from adapterxlt.kinds.facts import Example
from adapterxlt.kinds.mlm.masking import Masking
from adapterxlt.metrics.statistics import Column
from adapterxlt.progress import Progress
from adapterxlt.token_budget import Budget, quickest

if TYPE_CHECKING:
    from adapterxlt.models.build import Built

SEED = 0  # the same words are hidden from every model


def masked_scores(
    built: Built,
    examples: Sequence[Example],
    *,
    max_length: int,
    token_budget: int,
    progress: Progress,
    description: str = "predicting",
) -> tuple[dict[str, float], dict[str, Column]]:
    """Score the model's active head, which must be one for masked language modelling.

    Args:
        built: a model in evaluation mode.
        examples: plain texts.
        max_length: tokens per row at most; longer texts are cut into several rows.
        token_budget: padded tokens at most in one forward pass.
        progress: told after every batch.
        description: what the progress bar says.

    Returns:
        The figures and the outcomes. `loss` is the mean cross entropy in nats of the tokens to be
        guessed (15 %, hidden as BERT does), over all texts; `perplexity` is e to the power of it.
        The outcome of a text is the sum of its `loss` over its `tokens` to be guessed.

    Raises:
        AdapterXLTError: the model's outputs are not finite.
    """
    masking, device = Masking.of(built.tokenizer), built.model.device
    features = [
        masking(feature, (SEED, index))
        for index, feature in enumerate(
            encode(
                examples,
                built.tokenizer,
                "mlm",
                max_length=max_length,
                doc_stride=0,
                labelled=True,
            )
        )
    ]
    tokens_a_pass = quickest(token_budget, device)
    budget = Budget(tokens_a_pass, progress.log)

    def widest(rows: Sequence[int]) -> int:
        return max(features[row].width for row in rows)

    def run(rows: Sequence[int]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Return the number of the text of each token to be guessed, and the token's loss."""
        batch = collate([features[row] for row in rows], int(built.tokenizer.pad_token_id), "mlm")
        hidden = batch["masked"]
        wanted = batch.pop("labels")[hidden].to(device)
        owners = np.array([features[row].example for row in rows])
        with built.inference():
            output = built.model(**{key: moved(value, device) for key, value in batch.items()})
            logits = output.logits.float().flatten(0, 1)
            each = cross_entropy(logits, wanted, reduction="none").double().cpu().numpy()
        return np.repeat(owners, hidden.sum(dim=1).numpy()), each

    losses, tokens = np.zeros(len(examples)), np.zeros(len(examples), dtype=np.int64)
    with progress.bar(description, len(features), unit="inputs") as bar:
        for batch in budget_batches([feature.width for feature in features], tokens_a_pass):
            for part, (text_of, each) in budget.passes(batch, widest, run, device):
                np.add.at(losses, text_of, each)
                np.add.at(tokens, text_of, 1)
                bar.advance(len(part))
    total = float(losses.sum())
    if not math.isfinite(total):
        raise AdapterXLTError(
            "the model's outputs hold NaN or infinity",
            hint="its training has diverged: lower the learning rate, or train in fp32 if it "
            "was trained in another precision",
        )
    loss = total / max(1, int(tokens.sum()))
    values = {"perplexity": math.exp(min(loss, 700.0)), "loss": loss}
    return values, {"loss": losses, "tokens": tokens}
