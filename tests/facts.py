"""What kinds are told of a task, where a test has no task of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Facts:
    kind: str
    name: str = "test"
    labels: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    multi_label: bool = False
    no_answer: bool = False
