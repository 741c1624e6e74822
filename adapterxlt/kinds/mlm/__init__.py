"""Masked language modelling: plain text, whose hidden words are to be predicted."""

from __future__ import annotations

from dataclasses import dataclass

from adapterxlt.kinds.kind import Head, Kind


@dataclass(frozen=True, slots=True)
class TextExample:
    """Plain text, for masked language modelling."""

    id: str
    text: str


MLM = Kind(
    name="mlm",
    example=TextExample,
    pipeline="fill-mask",
    title="masked language modelling",
    metrics=("perplexity", "loss"),
    workings_at="adapterxlt.kinds.mlm.hidden_words:MaskedLanguageModelling",
    texts=lambda example: (example.text,),
    any_text=True,
    predicts=False,
    head=Head(
        adapters="masked_lm",
        form={"layers": 2, "activation_function": "gelu", "layer_norm": True, "bias": True},
        transformers="ForMaskedLM",
        tied=True,
    ),
)
