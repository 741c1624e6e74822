"""Examples for training and scoring: read, and refused when their labels are withheld."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from adapterxlt.errors import AdapterXLTError
from adapterxlt.kinds.facts import Example
from adapterxlt.plan.plan import Sources
from adapterxlt.recipe.steps import Step
from adapterxlt.recipe.task_data import Part
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.check_columns import without_answers
from adapterxlt.tasks.label_file import with_labels
from adapterxlt.tasks.labels import is_labelled, require_labels
from adapterxlt.tasks.read import read_examples, sample
from adapterxlt.tasks.shots import draw_shots


def labelled_examples(
    task: Task,
    roots: Sequence[Path],
    language: str,
    split: str,
    cap: int | None = None,
    instead: Sequence[str] = ("dev", "test"),
) -> list[Example]:
    """The examples of a split in file order, or the first `cap` of them.

    Args:
        instead: the splits that may be named where this one has no labels.

    Raises:
        MissingDataError: no files, malformed files, or withheld labels.
    """
    examples = read_examples(task, roots, language, split, cap)
    require_labels(
        task,
        examples,
        language,
        split,
        lambda: [
            name for name in instead if name != split and _has_labels(task, roots, language, name)
        ],
        lambda: without_answers(task, roots, language, split),
    )
    return examples


def _has_labels(task: Task, roots: Sequence[Path], language: str, split: str) -> bool:
    """Whether there is such a split, and its first examples have labels."""
    try:
        first = read_examples(task, roots, language, split, 10)
    except AdapterXLTError:
        return False
    return bool(first) and all(map(is_labelled, first))


def training_examples(part: Part, step: Step, sources: Sources) -> list[Example]:
    """The examples of one part of what a step trains on: shots, or capped by a seeded sample.

    Raises:
        MissingDataError: as `labelled_examples`; there are fewer examples than shots.
    """
    instead = ("train", "dev", "test")
    task, roots = sources.tasks[part.read], sources.roots
    examples = labelled_examples(task, roots, part.language, part.split, instead=instead)
    if part.shots is not None:
        task = with_labels(task, roots, part.language, part.split)
        where = f"in language `{part.language}` ({part.split})"
        return draw_shots(task, examples, part.shots, shot_seed(part, step), where)
    return sample(examples, part.cap, step.number("seed"))


def shot_seed(part: Part, step: Step) -> int:
    """The seed that shots are drawn by: their own, or that of the stage."""
    return step.number("seed") if part.shot_seed is None else part.shot_seed


def dev_examples(part: Part, sources: Sources) -> list[Example]:
    """The examples that the epochs of one part of a training are compared on.

    Args:
        part: as `Step.dev_parts` has it.

    Raises:
        MissingDataError: as `labelled_examples`.
    """
    task = sources.tasks[part.task]
    return labelled_examples(task, sources.roots, part.language, part.split, part.cap)


def evaluation_examples(step: Step, sources: Sources, language: str) -> list[Example]:
    """The examples that a step measures in one language: all, the first few, or a seeded sample.

    They need labels unless the step writes prediction files.

    Raises:
        MissingDataError: as `labelled_examples`.
    """
    read = read_examples if "predictions" in step.params else labelled_examples
    cap = None if step.params["cap"] is None else step.number("cap")
    task = sources.tasks[step.text("task")]
    examples = read(task, sources.roots, language, step.text("split"), cap)
    if "sample" in step.params:
        return sample(examples, step.number("sample"), step.number("seed"))
    return examples
