"""What a task is and what its examples look like. Plain data, no torch."""

from __future__ import annotations

from adapterxlt.kinds.bitext_mining import MiningSet
from adapterxlt.kinds.facts import Example
from adapterxlt.kinds.mlm import TextExample
from adapterxlt.kinds.multiple_choice import ChoiceExample
from adapterxlt.kinds.pair_classification import PairExample
from adapterxlt.kinds.registry import trainable
from adapterxlt.kinds.sentence_retrieval import Bitext
from adapterxlt.kinds.span_qa import QAExample
from adapterxlt.kinds.tagging import TaggingExample

__all__ = [
    "TRAINABLE_KINDS",
    "Bitext",
    "ChoiceExample",
    "Example",
    "Kind",
    "MiningSet",
    "PairExample",
    "QAExample",
    "TaggingExample",
    "TextExample",
]

Kind = str  # the name of one, see `adapterxlt.kinds`
TRAINABLE_KINDS: tuple[Kind, ...] = tuple(found.name for found in trainable())
