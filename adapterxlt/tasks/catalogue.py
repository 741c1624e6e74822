"""The catalogue: one declarative file per task, from `entries/` or written by the user.

A new task whose files have a known format needs only one YAML file. A catalogue is an object: the
catalogue of a recipe holds the built-in tasks and the user's own, see `tasks.own`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, Field, PrivateAttr, model_validator

from adapterxlt.errors import UsageError
from adapterxlt.kinds.registry import get_kind
from adapterxlt.metrics.facts import METRICS, names
from adapterxlt.suggest import few, suggest
from adapterxlt.tasks.layout import Frozen, Hub, Layout
from adapterxlt.tasks.short_form import spelt_out


def _code(code: str) -> str:
    """Check the code or name that stands for a language in file names."""
    if len(code) > 80 or not re.fullmatch(r"[^\W_]+(?:[-_ ][^\W_]+)*", code):
        raise ValueError(f"`{code}` is not a code or a name of a language")
    return code


Code = Annotated[str, AfterValidator(_code)]

NAME, MAX_NAME = r"^[a-z0-9][a-z0-9_-]*$", 60  # of a task

# The command that lists all tasks, for hints.
LISTED = "adapterxlt list tasks"

# Phang et al. 2020's intermediate tasks; Hu et al. 2020; Ruder et al. 2021; Liang et al. 2020.
Benchmark = Literal["intermediate", "xtreme", "xtreme-translations", "xtreme-r", "xglue"]


@dataclass(frozen=True)
class Home:
    """Where a task that is not built in was found.

    Args:
        file: the file of its entry.
        folder: its data are searched here too, after the data folders.
    """

    file: Path
    folder: Path


class Task(Frozen):
    """All facts about a task; immutable."""

    name: str = Field(
        pattern=NAME,
        max_length=MAX_NAME,
        description="Name of the task; default: the name of its file.",
    )
    title: str = Field("", description="Full name of the task.")
    kind: str = Field(
        description="Kind of task: a built-in one, or one that an installed package adds."
    )
    benchmarks: tuple[Benchmark, ...] = Field(
        (), description="Benchmarks that the task belongs to."
    )
    labels: tuple[str, ...] = Field((), description="Labels, in the order of the outputs.")
    label_count: int | None = Field(
        None, description="Number of labels in the data's own label file, if there is one."
    )
    members: tuple[str, ...] = Field((), description="Tasks whose examples make up this task.")
    multi_label: bool = Field(False, description="An example may have several labels, or none.")
    no_answer: bool = Field(False, description="Some questions have no answer (SQuAD 2.0).")
    languages: tuple[Code, ...] = Field(
        min_length=1, description="Codes of the languages that have examples."
    )
    splits: tuple[Literal["train", "dev", "test"], ...] = Field(
        min_length=1, description="Splits of the task; default: those for which files exist."
    )
    train: str | None = Field(None, description="Task whose training split is used.")
    translated: str | None = Field(
        None, description="Task whose training split is a machine translation of this task's."
    )
    protocol: Literal["", "translate-test"] = Field(
        "", description="Name of the setting, for results that are not zero-shot."
    )
    layouts: tuple[Layout, ...] = Field(
        (), description="Arrangements of files in which the task is published."
    )
    hub: Hub | None = Field(None, description="Repository on the Hugging Face Hub.")
    elsewhere: str = Field(
        "", description="Where to get the data if the Hub does not have all of it as Parquet files."
    )
    metrics: tuple[str, ...] = Field(
        description="Metrics of the task; default: the usual metrics of its kind."
    )
    main_metric: str = Field(description="Main metric; default: the first of `metrics`.")
    licence: str = Field("not stated", description="Licence of the data.")
    citation: str = Field("", description="Publication to cite.")
    parallel: Literal["row", "id"] | None = Field(
        None,
        description="All languages have the same examples, translated. Examples match if they "
        "are in the same row, or if they have the same id (the data's own id, or the "
        "column `id` of the layout).",
    )
    made: str = Field(
        "",
        description="Origin of the texts in other languages: human, translated (by machine) or "
        "post-edited, or several of these by language.",
    )
    iso3: dict[str, Code] = Field({}, description="Value of `{iso3}` in a pattern, by language.")
    language_names: dict[str, Code] = Field(
        {}, description="Value of `{name}` in a pattern, by language."
    )
    pivot: str = Field(
        "", description="For translations, the language that a single language is paired with."
    )
    open: bool = Field(False, description="The task accepts every language for which files exist.")
    _catalogue: Catalogue | None = PrivateAttr(None)
    _home: Home | None = PrivateAttr(None)

    @property
    def home(self) -> Home | None:
        """Where the user keeps it; None for a built-in task."""
        return self._home

    @property
    def others(self) -> Catalogue:
        """The tasks that this one may name."""
        return catalogue() if self._catalogue is None else self._catalogue

    @model_validator(mode="before")
    @classmethod
    def _spelt_out(cls, entry: Any) -> Any:
        return spelt_out(entry, set(Layout.model_fields)) if isinstance(entry, dict) else entry

    @model_validator(mode="after")
    def _consistent(self) -> Task:
        self._check_kind()
        if self.main_metric not in self.metrics:
            raise ValueError(f"main metric `{self.main_metric}` is not one of {self.metrics}")
        for name in self.metrics:
            if name not in METRICS and name not in names():
                raise ValueError(f"unknown metric `{name}`; {suggest(name, names())}")
        for layout in self.layouts:
            if unknown := set(layout.files) - set(self.splits):
                raise ValueError(f"layout `{layout.name}` has files for unknown splits {unknown}")
            if unknown := set(layout.label_aliases.values()) - set(self.labels):
                raise ValueError(f"layout `{layout.name}` maps to unknown labels {unknown}")
        if bool(self.layouts) == bool(self.members):
            raise ValueError("a task has either layouts or members")
        if len(set(self.labels)) < len(self.labels):
            twice = next(label for label in self.labels if self.labels.count(label) > 1)
            raise ValueError(f"the label `{twice}` is listed twice")
        if self.hub is not None and (self.elsewhere or self.members):
            raise ValueError("`hub`, `elsewhere` and `members` exclude each other")
        return self

    def _check_kind(self) -> None:
        try:
            found = get_kind(self.kind)
        except UsageError as error:
            raise ValueError(f"{error.message}: {error.hint}") from None
        if self.multi_label and not found.several:
            raise ValueError(
                f"`multi_label` does not apply: an example of {found.words} has only one label"
            )


class Catalogue(Mapping[str, Task]):
    """Tasks by name, in alphabetical order; a recipe can only name tasks of its catalogue.

    Two catalogues are equal only if they are the same object.
    """

    def __init__(self, tasks: Mapping[str, Task]) -> None:
        self._tasks = {name: tasks[name] for name in sorted(tasks)}

    def __getitem__(self, name: str) -> Task:
        return self._tasks[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tasks)

    def __len__(self) -> int:
        return len(self._tasks)

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def with_own(self, tasks: Mapping[str, tuple[Task, Home]]) -> Catalogue:
        """Return a catalogue with the user's tasks added; each knows where it comes from."""
        found = dict(self._tasks)
        for name, (task, home) in tasks.items():
            found[name] = own = task.model_copy()
            own._home = home
        both = Catalogue(found)
        for name in tasks:
            found[name]._catalogue = both
        return both


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """The built-in tasks."""
    entries = built_in_entries()
    return Catalogue({name: Task.model_validate(inherited(entries, name)) for name in entries})


@lru_cache(maxsize=1)
def built_in_entries() -> Mapping[str, Mapping[str, Any]]:
    """The built-in tasks as they are written in their files."""
    folder = resources.files("adapterxlt.tasks") / "entries"
    return {
        entry.name.removesuffix(".yaml"): yaml.safe_load(entry.read_text(encoding="utf-8"))
        for entry in folder.iterdir()
        if entry.name.endswith(".yaml")
    }


def inherited(entries: Mapping[str, Mapping[str, Any]], name: str) -> dict[str, Any]:
    """Return an entry; keys that it leaves out are taken from the entry that it is `like`."""
    entry = {"name": name, **entries[name]}
    base = entry.pop("like", None)
    return entry if base is None else {**inherited(entries, base), **entry}


def get_task(name: str, tasks: Mapping[str, Task] | None = None) -> Task:
    """Return the task of that name from a catalogue (None: the built-in one).

    Raises:
        UsageError: there is no such task; the hint names the closest.
    """
    tasks = catalogue() if tasks is None else tasks
    if name not in tasks:
        raise UsageError(f"unknown task `{name}`", hint=suggest(name, tasks, see=LISTED))
    return tasks[name]


def stand_in(name: str, kind: str, labels: tuple[str, ...], multi_label: bool = False) -> Task:
    """Make a task from what a model knows about its head's task, if no entry is available."""
    said: dict[str, Any] = {"name": name, "title": name, "kind": kind, "labels": labels}
    said["multi_label"] = multi_label
    return Task.model_construct(**said)


def source_of(task: Task, split: str) -> Task:
    """Return the task whose files serve as `split` of `task`: XNLI's training split is MNLI's.

    Raises:
        UsageError: the task has no such split.
    """
    if split in task.splits:
        return task
    if split == "train" and task.train not in (None, task.name):
        return source_of(get_task(str(task.train), task.others), split)
    raise UsageError(
        f"task `{task.name}` has no split `{split}`", hint=f"it has {few(task.splits)}"
    )


def members_of(task: Task) -> tuple[Task, ...]:
    """Return the tasks that a task consists of; the task itself if it is not made of others."""
    return tuple(get_task(name, task.others) for name in task.members) or (task,)


def compatible(trained: Task, evaluated: Task) -> str | None:
    """Return why a model trained on one task cannot be evaluated on the other; None if it can."""
    if trained.kind != evaluated.kind:
        return (
            f"`{trained.name}` is {get_kind(trained.kind).words}, "
            f"`{evaluated.name}` is {get_kind(evaluated.kind).words}"
        )
    if trained.multi_label != evaluated.multi_label:
        several, one = (trained, evaluated) if trained.multi_label else (evaluated, trained)
        return f"examples of `{several.name}` have several labels, those of `{one.name}` have one"
    head = get_kind(trained.kind).head
    if head is not None and head.labelled and trained.labels != evaluated.labels:
        return (
            f"their labels differ: `{trained.name}` has {few(trained.labels)}; "
            f"`{evaluated.name}` has {few(evaluated.labels)}"
        )
    return None
