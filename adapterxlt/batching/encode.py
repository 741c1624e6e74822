"""Turns examples into features: token ids, labels, and what maps tokens back to the text.

The tokenizer decides the layout of inputs: XLM-R's pairs are `<s> a </s></s> b </s>`, BERT's
`[CLS] a [SEP] b [SEP]`. Nothing is padded here.
"""

from __future__ import annotations

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

from adapterxlt.errors import AdapterXLTError
from adapterxlt.kinds.facts import Example, Limits
from adapterxlt.kinds.features import Feature
from adapterxlt.kinds.registry import get_kind


def encode(
    examples: Sequence[Example],
    tokenizer: PreTrainedTokenizerBase,
    kind: str,
    *,
    max_length: int,
    doc_stride: int,
    labelled: bool,
    labels: Sequence[str] = (),
) -> list[Feature]:
    """Encode examples of one kind, in order.

    Args:
        examples: examples of the type that belongs to `kind`.
        tokenizer: a fast tokenizer that puts texts between special tokens.
        kind: one of the trainable kinds.
        max_length: tokens per row at most, special tokens included. Longer pairs are cut (the
            longer text first), longer sentences and contexts are spread over several features.
        doc_stride: tokens that neighbouring windows of a long QA context share.
        labelled: whether to encode the labels too.
        labels: the task's labels in order, for examples that give labels by name.

    Raises:
        MissingDataError: `labelled` is true, but an example has no label.
        AdapterXLTError: `max_length` is more than the model accepts.
    """
    if max_length > tokenizer.model_max_length:
        raise AdapterXLTError(
            f"max_length {max_length} exceeds the backbone's {tokenizer.model_max_length} "
            "positions",
            hint="lower max_length",
        )
    found = get_kind(kind)
    if not found.trainable:
        raise ValueError(f"examples of kind `{kind}` cannot be trained on or predicted")
    if not examples:
        return []
    limits = Limits(max_length, doc_stride)
    return found.workings.encode(examples, tokenizer, limits, labels if labelled else None)
