"""The catalogue: one small declarative file a task, in `entries/`.

Adding a task whose files have a known format is adding one YAML file, nothing else.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from adapterxlt.errors import UsageError
from adapterxlt.suggest import suggest
from adapterxlt.tasks.types import Kind


def _roles(value: Any) -> Any:
    """A split's files: one pattern, or a pattern for each role (source, target, ...)."""
    return {"data": value} if isinstance(value, str) else value


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Layout(_Frozen):
    """Where one published arrangement of files keeps a task, and how to read it.

    Patterns are relative to a data folder; `{lang}` stands for the language code, `{iso3}` for
    the task's three-letter code of it. Without either, the file is in the task's one language.
    """

    name: str
    format: str = Field(description="the reader, see `tasks/readers`")
    files: dict[str, Annotated[dict[str, str], BeforeValidator(_roles)]] = Field(
        description="split -> role -> pattern"
    )
    optional: tuple[str, ...] = Field((), description="roles whose file may be missing")
    header: bool = Field(False, description="the first line names the columns")
    columns: dict[str, int | str | tuple[str, ...]] = Field({}, description="field -> column(s)")
    label_aliases: dict[str, str] = Field({}, description="other spellings of labels")
    unlabelled: tuple[str, ...] = Field((), description="labels whose records are dropped")
    blanked_when_constant: bool = Field(False, description="one label throughout is no label")
    word_prefix: str = Field("", description="dropped from words when every word has it")
    question_text: dict[str, str] = Field({}, description="what a coded question reads as")


class Task(_Frozen):
    """What there is to know about a task; immutable."""

    name: str
    title: str
    kind: Kind
    labels: tuple[str, ...] = ()
    languages: tuple[str, ...]
    splits: tuple[str, ...]
    train: str | None = Field(None, description="the task whose training split it learns from")
    layouts: tuple[Layout, ...]
    metrics: tuple[str, ...]
    main_metric: str
    licence: str
    citation: str
    iso3: dict[str, str] = {}

    @model_validator(mode="after")
    def _consistent(self) -> Task:
        if self.main_metric not in self.metrics:
            raise ValueError(f"main metric `{self.main_metric}` is not one of {self.metrics}")
        for layout in self.layouts:
            if unknown := set(layout.files) - set(self.splits):
                raise ValueError(f"layout `{layout.name}` has files for unknown splits {unknown}")
            if unknown := set(layout.label_aliases.values()) - set(self.labels):
                raise ValueError(f"layout `{layout.name}` maps to unknown labels {unknown}")
        return self


@lru_cache(maxsize=1)
def catalogue() -> dict[str, Task]:
    """Every task by name, in alphabetical order."""
    folder = resources.files("adapterxlt.tasks") / "entries"
    tasks = [
        Task.model_validate(yaml.safe_load(entry.read_text(encoding="utf-8")))
        for entry in folder.iterdir()
        if entry.name.endswith(".yaml")
    ]
    return {task.name: task for task in sorted(tasks, key=lambda task: task.name)}


def get_task(name: str) -> Task:
    """The task of that name.

    Raises:
        UsageError: there is none; the hint names the closest.
    """
    tasks = catalogue()
    if name not in tasks:
        raise UsageError(f"unknown task `{name}`", hint=suggest(name, tasks, show=len(tasks)))
    return tasks[name]


def source_of(task: Task, split: str) -> Task:
    """The task whose files serve as `split` of `task`: XNLI's training split is MNLI's.

    Raises:
        UsageError: the task has no such split.
    """
    if split in task.splits:
        return task
    if split == "train" and task.train not in (None, task.name):
        return source_of(get_task(str(task.train)), split)
    raise UsageError(
        f"task `{task.name}` has no split `{split}`", hint=f"it has {', '.join(task.splits)}"
    )


def compatible(trained: Task, evaluated: Task) -> str | None:
    """Why a model trained on one task cannot be evaluated on the other; None if it can."""
    if trained.kind != evaluated.kind:
        return (
            f"`{trained.name}` is {trained.kind.replace('_', ' ')}, "
            f"`{evaluated.name}` is {evaluated.kind.replace('_', ' ')}"
        )
    # A multiple-choice head scores one choice at a time: how many there are does not matter.
    if trained.kind != "multiple_choice" and trained.labels != evaluated.labels:
        return (
            f"their labels differ: `{trained.name}` has {', '.join(trained.labels)}; "
            f"`{evaluated.name}` has {', '.join(evaluated.labels)}"
        )
    return None
