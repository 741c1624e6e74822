"""The labels of the benchmarks' files, where several tasks or benchmarks share them."""

from __future__ import annotations

NLI = ("entailment", "neutral", "contradiction")
BINARY = ("0", "1")
POS_TAGS = (
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN",
    "PUNCT", "SCONJ", "SYM", "VERB", "X", "_",
)  # fmt: skip
PANX_TAGS = ("O", *(f"{place}-{kind}" for kind in ("LOC", "ORG", "PER") for place in "BI"))
CONLL_TAGS = (*PANX_TAGS, "B-MISC", "I-MISC")
