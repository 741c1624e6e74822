"""Heads that other libraries wrote: which of ours they are, and what their outputs are called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapterxlt.artifacts.foreign_config import read_config
from adapterxlt.errors import InvalidArtifactError, UsageError
from adapterxlt.show import brief
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.types import Kind

UNKNOWN = "unknown"
MAX_LABELS = 10_000
MAX_LABEL = 200  # characters
# Type of a head of `adapters` -> our kind, and the form in which we build it.
_TYPES: dict[str, tuple[Kind, dict[str, object]]] = {
    "classification": (
        "pair_classification",
        {"layers": 2, "activation_function": "tanh", "use_pooler": False, "bias": True},
    ),
    "tagging": ("tagging", {"layers": 1}),
    "question_answering": ("span_qa", {"layers": 1, "num_labels": 2}),
    "multiple_choice": (
        "multiple_choice",
        {"layers": 2, "activation_function": "tanh", "use_pooler": False},
    ),
}
_LABELLED: tuple[Kind, ...] = ("pair_classification", "tagging")


@dataclass(frozen=True)
class ForeignHead:
    """A head as it was found.

    Args:
        name: what its library calls it, a part of its tensors' names.
        kind: what it predicts.
        labels: names of its outputs in order; () for those that have none.
    """

    name: str
    kind: Kind
    labels: tuple[str, ...]


def head_from_adapters(path: Path) -> ForeignHead | str:
    """Read a `head_config.json`; of a head that we have not, why it must be left out.

    Raises:
        InvalidArtifactError: it cannot be read.
    """
    found = read_config(path)
    config, name = found.get("config"), found.get("name")
    if not isinstance(config, dict) or not isinstance(name, str) or len(name) > MAX_LABEL:
        raise InvalidArtifactError(f"{path}: is of no head")
    kind = brief(config.get("head_type"))
    if kind not in _TYPES:
        return f"its head is of the type `{kind}`, which is not read"
    ours, form = _TYPES[kind]
    for key, value in form.items():
        if config.get(key, value) != value:
            return f"its head has `{key}: {brief(config[key])}`, which is not built here"
    return ForeignHead(name, ours, _labels(config, path) if ours in _LABELLED else ())


def _labels(config: dict[str, Any], path: Path) -> tuple[str, ...]:
    count, ids = config.get("num_labels"), config.get("label2id")
    if type(count) is not int or not 0 < count <= MAX_LABELS:
        raise InvalidArtifactError(f"{path}: `num_labels` is no number of labels")
    if ids is None:
        return numbered(count)
    if not isinstance(ids, dict) or not all(type(number) is int for number in ids.values()):
        raise InvalidArtifactError(f"{path}: `label2id` does not give a number for each label")
    if sorted(ids.values()) != list(range(count)) or max(map(len, ids)) > MAX_LABEL:
        raise InvalidArtifactError(f"{path}: `label2id` does not name {count} labels")
    return tuple(sorted(ids, key=lambda label: int(ids[label])))


def numbered(count: int) -> tuple[str, ...]:
    """Names of labels that nobody named."""
    return tuple(f"LABEL_{number}" for number in range(count))


def order_for(
    head: ForeignHead, task: str | None, given: Sequence[str]
) -> tuple[tuple[str, ...], list[int]]:
    """Names of a head's outputs as its task has them, and where each lies in the file.

    Args:
        task: what it predicts, from the user; None if unknown.
        given: names of its outputs in the order of the file, from the user.

    Raises:
        UsageError: they are not those of the task, or their order is unknown.
    """
    if given and len(given) != len(head.labels):
        raise UsageError(f"--labels names {len(given)}, the head has {len(head.labels)} outputs")
    names = tuple(given) or head.labels
    plain = list(range(len(names)))
    if task is None:
        return names, plain
    known = get_task(task)
    if known.kind != head.kind:
        raise UsageError(
            f"--task {task}: is {known.kind.replace('_', ' ')}, the head {_words(head.kind)}"
        )
    if head.kind not in _LABELLED:
        return (), []
    wanted = [label.casefold() for label in known.labels]
    there = [label.casefold() for label in names]
    if sorted(wanted) != sorted(there):
        raise UsageError(
            f"--task {task}: has the labels {', '.join(known.labels)}, the head "
            f"{', '.join(names[:20])}",
            hint="name the head's outputs in their order by --labels",
        )
    return known.labels, [there.index(label) for label in wanted]


def _words(kind: Kind) -> str:
    return kind.replace("_", " ")
