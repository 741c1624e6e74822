"""The data that a stage trains on: its tasks, with their amounts and languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from adapterxlt.errors import UsageError
from adapterxlt.recipe.fields import (
    MAX_LENGTH,
    MAX_SEED,
    Split,
    TrainingLanguages,
    listed_tasks,
    mapping_of,
)
from adapterxlt.recipe.strict import Strict
from adapterxlt.tasks.catalogue import Catalogue, Task, source_of
from adapterxlt.tasks.find import available_languages, find, has_files
from adapterxlt.tasks.task_languages import language_in, may_be_in

ALL = "all"  # instead of a language: every language that has files


class TaskData(Strict):
    """One of several tasks that a stage trains on: `{task: squad, split: dev, cap: 1000}`.

    None means: as the stage says.
    """

    task: str = Field(description="Name of the task; see `adapterxlt list tasks`.")
    language: TrainingLanguages | None = Field(
        None,
        description="Language or languages of the examples; `all` means all languages for "
        "which files exist.",
    )
    split: Split | None = Field(
        None,
        description="Split to train on; shots come from dev if there are no training files in the "
        "language, but dev files.",
    )
    cap: int | None = Field(None, gt=0, description="Maximum number of training examples.")
    max_length: int | None = Field(
        None, ge=8, le=MAX_LENGTH, description="Maximum length of an input, in subwords."
    )
    shots: int | None = Field(
        None,
        gt=0,
        description="Number of examples to train on: per class for classification tasks, in "
        "total for other tasks (sentences, questions).",
    )
    shot_seed: int | None = Field(
        None,
        ge=0,
        le=MAX_SEED,
        description="Seed that draws the shots; default: the seed of the stage.",
    )
    translated: TrainingLanguages | None = Field(
        None,
        description="Train on machine translations into these languages, or into all languages "
        "for which files exist.",
    )
    weight: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Share of the training steps, divided equally among the task's languages; "
        "tasks without a weight share the rest.",
    )

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, value: object) -> object:
        return mapping_of(value, "task", "a task")


TrainingTasks = Annotated[list[TaskData], BeforeValidator(listed_tasks), Field(min_length=1)]


@dataclass(frozen=True)
class Part:
    """One task in one language that a stage trains on, every default resolved.

    Args:
        shots: examples of a class, or in all, see `TaskData`; None: all that `cap` leaves.
        shot_seed: None: the shots are drawn by the seed of the stage.
        weight: share of the steps; None: as the sampling says.
        translated: the task whose files are its training data, translated; None: they are not.
    """

    task: str
    language: str
    split: Split
    cap: int | None
    max_length: int
    shots: int | None = None
    shot_seed: int | None = None
    weight: float | None = None
    translated: str | None = None

    @property
    def read(self) -> str:
        """The task whose files are read."""
        return self.translated or self.task

    def said(self) -> dict[str, Any]:
        """The form in steps. Unused newer keys are left out, so that addresses stay."""
        return {
            key: value
            for key, value in asdict(self).items()
            if value is not None or key not in _LATER
        }


_LATER = ("shots", "shot_seed", "weight", "translated")


def parts_of(
    data: TaskData,
    tasks: Catalogue,
    *,
    languages: list[str],
    split: Split,
    cap: int | None,
    max_length: int,
    roots: Sequence[Path] | None = None,
) -> list[Part]:
    """The parts that an item of `train` stands for: one per language.

    Args:
        languages, split, cap, max_length: what the stage says of all its tasks.
        roots: data folders, which tell what languages `all` are; None: those of the catalogue.

    Raises:
        MissingDataError: `all` languages are asked for, and there are files in none.
    """
    task = tasks.get(data.task)
    asked = data.language or languages
    translated = None
    if data.translated is not None and task is not None and task.translated is not None:
        translated, asked = task.translated, data.translated
        task = tasks.get(translated)
    if asked == [ALL] and task is not None:
        few = data.shots is not None
        asked = _all_of(task, data.split or default_split(task, ALL, split, few=few), roots)
    found = []
    for language in asked:
        few = data.shots is not None
        chosen = data.split or default_split(task, language, split, few=few, roots=roots)
        found.append(
            Part(
                task=data.task,
                language=_called(task, language, chosen),
                split=chosen,
                cap=None if data.shots else data.cap or cap,
                max_length=data.max_length or max_length,
                shots=data.shots,
                shot_seed=data.shot_seed,
                weight=data.weight and data.weight / len(asked),
                translated=translated,
            )
        )
    return found


def _all_of(task: Task, split: Split, roots: Sequence[Path] | None) -> list[str]:
    try:
        source = source_of(task, split)
    except (KeyError, UsageError):  # the checks tell
        return [task.languages[0]]
    if roots is None:
        return list(source.languages)
    there = list(available_languages(source, roots, split))
    if not there:
        find(source, roots, source.languages[0], split)  # its error lists what was looked for
    return there


def default_split(
    task: Task | None,
    language: str,
    split: Split,
    *,
    few: bool,
    roots: Sequence[Path] | None = None,
) -> Split:
    """The split: dev for shots in a language without a training split, or without files of it.

    Args:
        roots: data folders; None: the catalogue alone decides.
    """
    if not few or task is None or split != "train" or "dev" not in task.splits:
        return split
    try:
        source = source_of(task, split)
    except (KeyError, UsageError):
        return "dev"
    code = language_in(source, language)
    if not may_be_in(source, code):
        return "dev"
    only_dev = (
        roots is not None
        and not has_files(task, roots, code, split)
        and has_files(task, roots, language_in(task, language), "dev")
    )
    return "dev" if only_dev else split


def _called(task: Task | None, language: str, split: str) -> str:
    """The code of a language in the files of a split."""
    try:
        return language if task is None else language_in(source_of(task, split), language)
    except (KeyError, UsageError):  # the checks tell
        return language
