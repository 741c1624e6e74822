"""Checks that labels exist; official test sets withhold theirs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.facts import Example
from adapterxlt.kinds.registry import kind_of
from adapterxlt.tasks.catalogue import Task

RENAME = "if the labels have another column there, rename it; if they have none: "


def is_labelled(example: Example) -> bool:
    """Whether an example has a gold label, tags or answers."""
    return kind_of(example).is_labelled(example)


def require_labels(
    task: Task,
    examples: Sequence[Example],
    language: str,
    split: str,
    labelled: Callable[[], Sequence[str]] | None = None,
    lacking: Callable[[], str] | None = None,
) -> None:
    """Refuse examples that cannot be trained on or scored against.

    Args:
        labelled: finds the other splits that could be used instead, for the hint.
        lacking: names the file that lacks the column of the labels, "" if none does.

    Raises:
        MissingDataError: some have no label; the error says how many.
    """
    blanked = sum(not is_labelled(example) for example in examples)
    if blanked:
        told = lacking() if lacking is not None else ""
        raise MissingDataError(
            f"{told}{told and ': '}{blanked} of {len(examples)} {split} examples of "
            f"`{task.name}` in language `{language}` have no label, so they cannot be trained on "
            "or scored",
            hint=f"{RENAME if told else ''}{_instead(split, labelled)}",
        )


def _instead(split: str, labelled: Callable[[], Sequence[str]] | None) -> str:
    return _why(split) if labelled is None else other_splits(split, labelled())


def other_splits(split: str, labelled: Sequence[str]) -> str:
    """Say why a split has no labels, and which splits have some."""
    if labelled:
        return f"{_why(split)}: use " + " or ".join(f"`split: {name}`" for name in labelled)
    return f"{_why(split)}; no other split here has labels, so get the original files"


def _why(split: str) -> str:
    if split == "test":
        return "the labels of official test sets are withheld"
    return f"its {split} files have another format, or their labels were removed"
