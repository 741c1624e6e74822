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
# WPR's ratings, by the names that some copies of the data give instead of the numbers.
RATINGS = {"bad": 0, "fair": 1, "good": 2, "excellent": 3, "perfect": 4}


def rating(label: str) -> float:
    """A rating by its number or its name; ValueError if it is neither."""
    return float(RATINGS.get(label.lower(), label))
