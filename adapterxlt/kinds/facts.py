"""The facts about a task and a head that a kind uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol


class Example(Protocol):
    """The fields of all examples, which are dataclasses; each kind adds its own fields."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def id(self) -> str:
        """Identifies the example within its file."""


class HeadFacts(Protocol):
    """The facts from which a head is built."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of its outputs in order; () if they have no names."""

    @property
    def multi_label(self) -> bool:
        """Whether an example may have several labels, or none of them."""


class TaskFacts(HeadFacts, Protocol):
    """The facts that predictions are read and scored with; catalogue entries have all of them."""

    @property
    def kind(self) -> str:
        """The name of its kind."""

    @property
    def name(self) -> str:
        """The name in recipes."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that it reports."""

    @property
    def no_answer(self) -> bool:
        """Whether some questions have no answer."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long inputs may be, in tokens.

    Args:
        max_length: of a row, special tokens included.
        doc_stride: that neighbouring windows of a long context share.
    """

    max_length: int
    doc_stride: int
