"""Are the labels there? The official test sets withhold theirs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from adapterxlt.errors import MissingDataError
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.types import Example, QAExample, TaggingExample, TextExample


def is_labelled(example: Example) -> bool:
    """Whether an example has its gold label, tags or answers."""
    if isinstance(example, TextExample):  # its words are what is to be predicted
        return True
    if isinstance(example, TaggingExample):
        return example.tags is not None
    if isinstance(example, QAExample):
        return example.answers is not None  # () is SQuAD 2.0's "no answer"
    return example.label is not None


def require_labels(
    task: Task,
    examples: Sequence[Example],
    language: str,
    split: str,
    labelled: Callable[[], Sequence[str]] | None = None,
) -> None:
    """Refuse examples that cannot be trained on or scored against.

    Args:
        labelled: finds the other splits that could be used instead, for the hint.

    Raises:
        MissingDataError: some have no label; says how many.
    """
    blanked = sum(not is_labelled(example) for example in examples)
    if blanked:
        raise MissingDataError(
            f"{blanked} of {len(examples)} {split} examples of `{task.name}` in language "
            f"`{language}` have no label, so there is nothing to learn from or to score against",
            hint=_instead(split, labelled),
        )


def _instead(split: str, labelled: Callable[[], Sequence[str]] | None) -> str:
    why = (
        "the labels of official test sets are withheld"
        if split == "test"
        else f"its {split} files are a copy whose labels were blanked, or of another format"
    )
    if labelled is None:
        return why
    if found := labelled():
        return f"{why}: use " + " or ".join(f"`split: {name}`" for name in found)
    return f"{why}; no other split here has labels: get the original files"
