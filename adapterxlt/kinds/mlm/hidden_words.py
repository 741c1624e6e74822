"""The workings of masked language modelling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, cast

from torch import Tensor
from torch.nn.functional import cross_entropy, pad
from transformers import PreTrainedTokenizerBase

from adapterxlt.kinds.ends import ends
from adapterxlt.kinds.facts import HeadFacts, Limits, TaskFacts
from adapterxlt.kinds.features import IGNORED, Feature
from adapterxlt.kinds.mlm import TextExample
from adapterxlt.kinds.mlm.masking import Masking
from adapterxlt.kinds.tagging.tags import labelled_tokens, padded_labels
from adapterxlt.kinds.workings import Outputs, Prediction, Workings


class MaskedLanguageModelling(Workings):
    """A line is an input of its own; `masking` says which of its tokens are hidden.

    Nothing is decoded: a model is measured by its loss.
    """

    def encode(
        self,
        examples: Sequence[TextExample],
        tokenizer: PreTrainedTokenizerBase,
        limits: Limits,
        labels: Sequence[str] | None,
    ) -> list[Feature]:
        """A long line is cut into windows of equal length."""
        cls, sep = ends(tokenizer)
        encoded = tokenizer(
            [example.text for example in examples],
            add_special_tokens=False,
            return_attention_mask=False,
            verbose=False,
        )
        room = limits.max_length - 2
        features = []
        for index, ids in enumerate(cast(list[list[int]], encoded["input_ids"])):
            size = -(-len(ids) // max(1, -(-len(ids) // room)))
            for start in range(0, len(ids), max(1, size)):
                features.append(Feature(index, [[cls, *ids[start : start + size], sep]]))
        return features

    def collate(self, features: Sequence[Feature], width: int) -> dict[str, Tensor]:
        labels = padded_labels(features, width)
        return {"labels": labels, "masked": labels != IGNORED}

    def add_head(self, model: Any, name: str, head: HeadFacts, activation: str) -> None:
        """Add the head, its decoder tied to the word embeddings; it scores marked tokens only.

        A forward pass must be given `masked` [batch, length], and its logits are [1, marked
        tokens, vocabulary]: those of all tokens of a batch would fill the memory with numbers
        nobody reads.
        """
        model.add_masked_lm_head(name)
        model.heads[name].register_forward_pre_hook(_keep_masked, with_kwargs=True)

    def loss(self, outputs: Any, batch: Mapping[str, Tensor]) -> Tensor:
        """Over the masked tokens, the only ones that the head scores."""
        hidden = batch["labels"][batch["masked"]]
        return cross_entropy(outputs.logits.float().flatten(0, 1), hidden, reduction="sum")

    def count(self, features: Sequence[Feature]) -> int:
        return labelled_tokens(features)

    def hiding(self, tokenizer: PreTrainedTokenizerBase) -> Masking:
        return Masking.of(tokenizer)

    def decode(
        self,
        examples: Sequence[TextExample],
        outputs: Outputs,
        task: TaskFacts,
        odds: dict[str, float] | None,
    ) -> list[Prediction]:
        raise NotImplementedError("masked language models are measured by their loss")

    def right(self, example: TextExample, task: TaskFacts) -> object:
        raise NotImplementedError("masked language models are measured by their loss")


def _keep_masked(
    head: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    outputs, *rest = args
    masked: Tensor = kwargs.pop("masked")
    states: Tensor = outputs[0]
    # Prompt tuning puts tokens in front (or behind <s>, which is never masked).
    masked = pad(masked, (states.shape[1] - masked.shape[1], 0))
    kept = copy(outputs)
    kept["last_hidden_state"] = states[masked].unsqueeze(0)  # invertible adapters want three axes
    return (kept, *rest), kwargs
