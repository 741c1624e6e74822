"""Draws few examples of a task for few-shot transfer: a number per class, or in total.

The draw depends only on the texts and the seed, not on the order of a file. The examples of each
class are ranked by a hash of both, and the first ones are taken. So 5 shots are among the 10 shots
of the same seed, and the examples of one class do not affect another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.facts import Example
from adapterxlt.kinds.registry import get_kind
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.fingerprint import normalise_text

E = TypeVar("E", bound=Example)


def draw_shots(task: Task, examples: Sequence[E], count: int, seed: int, where: str) -> list[E]:
    """Draw examples per class, or in total if examples have no class; no text twice.

    A text that occurs under several classes is left out, as one of the classes must be wrong.

    Args:
        task: the task with its labels.
        examples: all labelled examples to draw from.
        count: number of examples per class, or in total.
        seed: seed of the draw.
        where: describes the examples in messages: `in language sw (dev)`.

    Raises:
        MissingDataError: a class has fewer examples.
    """
    kind = get_kind(task.kind)
    distinct: dict[str, E] = {}
    classes: dict[str, set[str]] = {}
    for example in examples:
        text = "\0".join(map(normalise_text, kind.texts(example)))
        distinct.setdefault(text, example)
        label = "" if kind.class_of is None else _name(task, kind.class_of(example))
        classes.setdefault(text, set()).add(label)
    by_class: dict[str, list[str]] = {label: [] for label in task.labels if kind.class_of}
    for text, labels in classes.items():
        if len(labels) == 1:
            by_class.setdefault(labels.pop(), []).append(text)
    chosen: list[tuple[bytes, str]] = []
    for label, texts in by_class.items():
        if len(texts) < count:
            of = f" of class `{label}`" if label else ""
            raise MissingDataError(
                f"`{task.name}` has only {len(texts)} distinct examples{of} {where}, fewer than "
                f"{count} shots",
                hint=f"use `shots: {len(texts)}` or less" if texts else "train on another split",
            )
        chosen += sorted((_rank(seed, text), text) for text in texts)[:count]
    return [distinct[text] for _, text in sorted(chosen)]


def _name(task: Task, label: object) -> str:
    return task.labels[label] if isinstance(label, int) else str(label)


def _rank(seed: int, text: str) -> bytes:
    return hashlib.blake2b(f"{seed}\0{text}".encode(), digest_size=16).digest()
