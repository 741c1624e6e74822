"""What a task is and what its examples look like. Plain data, no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "pair_classification",
    "tagging",
    "span_qa",
    "multiple_choice",
    "mlm",
    "sentence_retrieval",
    "bitext_mining",
]
TRAINABLE_KINDS: tuple[Kind, ...] = (
    "pair_classification",
    "tagging",
    "span_qa",
    "multiple_choice",
    "mlm",
)


@dataclass(frozen=True, slots=True)
class PairExample:
    """Two texts and a label: an index into the task's `labels`, None where it is blanked."""

    id: str
    text_a: str
    text_b: str
    label: int | None


@dataclass(frozen=True, slots=True)
class TaggingExample:
    """Words and one tag a word (indices into the task's `labels`), None where blanked."""

    id: str
    words: tuple[str, ...]
    tags: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class QAExample:
    """A question on a context.

    `answers` holds (start, text) pairs, start in characters of `context`; none of them where the
    context does not answer the question (SQuAD 2.0); None where blanked.
    """

    id: str
    question: str
    context: str
    answers: tuple[tuple[int, str], ...] | None


@dataclass(frozen=True, slots=True)
class ChoiceExample:
    """A context (premise and question in one string), its candidate continuations, and the
    index of the right one, None where blanked."""

    id: str
    context: str
    choices: tuple[str, ...]
    label: int | None


@dataclass(frozen=True, slots=True)
class TextExample:
    """Plain text, for masked language modelling."""

    id: str
    text: str


Example = PairExample | TaggingExample | QAExample | ChoiceExample | TextExample


@dataclass(frozen=True, slots=True)
class Bitext:
    """Sentence retrieval: `source[i]` and `target[i]` are translations of each other.

    `target` is the English side.
    """

    language: str
    source: tuple[str, ...]
    target: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MiningSet:
    """Bitext mining: sentences with ids on both sides, and the gold pairs of ids.

    `gold` is None where it is withheld. `target` is the English side.
    """

    language: str
    source_ids: tuple[str, ...]
    source: tuple[str, ...]
    target_ids: tuple[str, ...]
    target: tuple[str, ...]
    gold: frozenset[tuple[str, str]] | None
