"""The catalogue: one small declarative file a task, in `entries/` or of the user's own.

Adding a task whose files have a known format is adding one YAML file, nothing else. A catalogue is
an object: that of a recipe holds the built-in tasks and the user's, see `tasks.own`.
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
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    model_validator,
)

from adapterxlt.errors import UsageError
from adapterxlt.kinds.registry import get_kind
from adapterxlt.languages import named_among
from adapterxlt.metrics.facts import METRICS, names
from adapterxlt.suggest import suggest
from adapterxlt.tasks.short_form import spelt_out


def _roles(value: Any) -> Any:
    """A split's files: one pattern, several to be read one after the other (`data`, `data.1`,
    ...), or a pattern for each role (source, target, ...)."""
    if isinstance(value, list):
        return {f"data.{n}" if n else "data": pattern for n, pattern in enumerate(value)}
    return {"data": value} if isinstance(value, str) else value


# What patterns of files may hold in braces; `{source}` and `{target}` are `{context}` and
# `{question}` under the names that translations have for them.
PLACEHOLDERS = ("lang", "iso3", "name", "context", "question", "source", "target")


def _inside(pattern: str) -> str:
    """A pattern that stays inside of the folder that it is looked for in."""
    parts = pattern.split("/")
    if "" in parts or ".." in parts or "\\" in pattern:
        raise ValueError(f"`{pattern}` is not a path inside of a data folder, with `/` in it")
    for name in re.findall(r"\{([^}]*)\}", pattern):
        if name not in PLACEHOLDERS:
            known = ", ".join(f"{{{known}}}" for known in PLACEHOLDERS[:3])
            raise ValueError(f"`{{{name}}}` stands for nothing: write {known} or {{split}}")
    return pattern


def _code(code: str) -> str:
    """What stands for a language in the name of a file."""
    if len(code) > 80 or not re.fullmatch(r"[^\W_]+(?:[-_ ][^\W_]+)*", code):
        raise ValueError(f"`{code}` is not a code or a name of a language")
    return code


Column = int | str | tuple[int, ...] | tuple[str, ...]
Pattern = Annotated[str, AfterValidator(_inside)]
Code = Annotated[str, AfterValidator(_code)]


# Phang et al. 2020's intermediate tasks; Hu et al. 2020; Ruder et al. 2021; Liang et al. 2020.
Benchmark = Literal["intermediate", "xtreme", "xtreme-r", "xglue"]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Layout(_Frozen):
    """Where one published arrangement of files keeps a task, and how to read it.

    Patterns are relative to a data folder; `{lang}` stands for the language code, `{iso3}` for
    the task's three-letter code of it, `{name}` for its English name, `{context}` and `{question}`
    for the two halves of `de-en`. Without any of these, the file is in the task's one language.
    """

    name: str
    format: str = Field(description="the reader, see `tasks/readers`")
    files: dict[str, Annotated[dict[str, Pattern], BeforeValidator(_roles)]] = Field(
        description="split -> role -> pattern"
    )
    optional: tuple[str, ...] = Field((), description="roles whose file may be missing")
    header: bool = Field(False, description="the first line names the columns")
    columns: dict[str, Column] = Field(
        {},
        description="field -> column(s): names, or positions (negative: from the right)",
    )
    language_column: str = Field("", description="names the language of a record, others are left")
    language_of: dict[str, str] = Field(
        {}, description="split -> the one language of its files, where their names do not tell it"
    )
    select_by_id: bool = Field(False, description="question ids begin with the language's name")
    separator: str = Field(
        "\t", min_length=1, description="between a word and its tag; of `conll`: any blanks"
    )
    quoting: Literal["csv", "none"] = Field(
        "csv", description="of `csv` and `tsv`: whether quotes enclose fields, or are text"
    )
    comments: str = Field("", description="of `conll`: how a line before a sentence begins")
    skip_short_rows: bool = Field(False, description="rows with too few columns are dropped")
    iob1: bool = Field(False, description="chunks may be tagged as IOB1; they are read as IOB2")
    label_aliases: dict[str, str] = Field({}, description="other spellings of labels")
    unlabelled: tuple[str, ...] = Field((), description="labels whose records are dropped")
    blanked_when_constant: bool = Field(False, description="one label throughout is no label")
    word_prefix: str = Field("", description="dropped from words when most of them have it")
    question_text: dict[str, str] = Field({}, description="what a coded question reads as")


class Hub(_Frozen):
    """Where the Hugging Face Hub keeps a task: a repository of data files, of Parquet mostly.

    Layouts whose patterns begin with `id` read it, from a local copy of the repository too.
    `revision` is a commit, or `refs/convert/parquet`: the Hub's own conversion of a repository
    whose data once came from a script (scripts are never run here).
    """

    id: str
    revision: str


@dataclass(frozen=True)
class Home:
    """Where a task that is not built in was found.

    Args:
        file: its entry.
        folder: data are looked for here too, after the data folders.
    """

    file: Path
    folder: Path


class Task(_Frozen):
    """What there is to know about a task; immutable."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60, description="default: that of its file"
    )
    title: str = ""
    kind: str = Field(description="one of `kinds`, or one that an installed package adds")
    benchmarks: tuple[Benchmark, ...] = Field((), description="the suites it belongs to")
    labels: tuple[str, ...] = ()
    label_count: int | None = Field(
        None, description="how many labels the data's own label file has, where it has one"
    )
    members: tuple[str, ...] = Field((), description="the tasks whose examples it consists of")
    multi_label: bool = Field(
        False, description="an example may have several labels, or none of them"
    )
    no_answer: bool = Field(False, description="some questions have no answer (SQuAD 2.0)")
    languages: tuple[Code, ...] = Field(min_length=1)
    splits: tuple[Literal["train", "dev", "test"], ...] = Field(
        min_length=1, description="default: those that there are files of"
    )
    train: str | None = Field(None, description="the task whose training split it learns from")
    layouts: tuple[Layout, ...] = ()
    hub: Hub | None = None
    elsewhere: str = Field(
        "", description="where it is to be had, if the Hub has no Parquet files of all of it"
    )
    metrics: tuple[str, ...] = Field(description="default: the usual ones of its kind")
    main_metric: str = Field(description="default: the first of `metrics`")
    licence: str = "not stated"
    citation: str = ""
    parallel: Literal["row", "id"] | None = Field(
        None,
        description="its languages have the same examples, translated: those of the same row, or "
        "of the same id (the data's own, or the columns `id` of its layouts)",
    )
    made: str = Field(
        "",
        description="how texts of other languages came about: human, translated (by machine), "
        "post-edited, or several of them by language",
    )
    iso3: dict[str, Code] = {}
    language_names: dict[str, Code] = {}
    pivot: str = Field("", description="of translations: what a language alone is paired with")
    open: bool = Field(False, description="all its languages are all that there are files in")
    _catalogue: Catalogue | None = PrivateAttr(None)
    _home: Home | None = PrivateAttr(None)

    @property
    def home(self) -> Home | None:
        """Where the user has it; None of a built-in task."""
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
            raise ValueError("a task has a Hub repository, is to be had elsewhere, or has members")
        return self

    def _check_kind(self) -> None:
        try:
            found = get_kind(self.kind)
        except UsageError as error:
            raise ValueError(f"{error.message}: {error.hint}") from None
        if self.multi_label and not found.several:
            raise ValueError(f"an example of {found.words} never has several labels")


class Catalogue(Mapping[str, Task]):
    """Tasks by name, in alphabetical order; those of a recipe are all that it can name.

    Two catalogues are one only if they are the same object, as two open files are.
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
        """A catalogue with the user's tasks besides; each knows where it is from."""
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
    """The built-in tasks as they are written."""
    folder = resources.files("adapterxlt.tasks") / "entries"
    return {
        entry.name.removesuffix(".yaml"): yaml.safe_load(entry.read_text(encoding="utf-8"))
        for entry in folder.iterdir()
        if entry.name.endswith(".yaml")
    }


def inherited(entries: Mapping[str, Mapping[str, Any]], name: str) -> dict[str, Any]:
    """An entry, with what it does not say itself taken from the one it is `like`."""
    entry = {"name": name, **entries[name]}
    base = entry.pop("like", None)
    return entry if base is None else {**inherited(entries, base), **entry}


def get_task(name: str, tasks: Mapping[str, Task] | None = None) -> Task:
    """The task of that name, of a catalogue or of the built-in one.

    Raises:
        UsageError: there is none; the hint names the closest.
    """
    tasks = catalogue() if tasks is None else tasks
    if name not in tasks:
        raise UsageError(f"unknown task `{name}`", hint=suggest(name, tasks, show=len(tasks)))
    return tasks[name]


def stand_in(name: str, kind: str, labels: tuple[str, ...], multi_label: bool = False) -> Task:
    """What a model says of a task that it has a head of, where no entry of it is at hand."""
    said: dict[str, Any] = {"name": name, "title": name, "kind": kind, "labels": labels}
    said["multi_label"] = multi_label
    return Task.model_construct(**said)


def source_of(task: Task, split: str) -> Task:
    """The task whose files serve as `split` of `task`: XNLI's training split is MNLI's.

    Raises:
        UsageError: the task has no such split.
    """
    if split in task.splits:
        return task
    if split == "train" and task.train not in (None, task.name):
        return source_of(get_task(str(task.train), task.others), split)
    raise UsageError(
        f"task `{task.name}` has no split `{split}`", hint=f"it has {', '.join(task.splits)}"
    )


def members_of(task: Task) -> tuple[Task, ...]:
    """The tasks whose examples a task consists of; itself, where it is not made of others."""
    return tuple(get_task(name, task.others) for name in task.members) or (task,)


def language_in(task: Task, written: str) -> str:
    """What a task calls the language of a code: `de`, of which others say `deu` or `deu_Latn`.

    Text for masked language modelling may be named by any code: there it stays as written.
    """
    if get_kind(task.kind).any_text:
        return written
    if task.pivot and (both := re.fullmatch(r"([^-]+|.+)-([^-]+)", written)):
        first, second = (named_among(half, _codes(task)) for half in both.groups())
        if {first, second} <= {*_codes(task)}:
            return f"{first}-{second}"
    return named_among(written, _codes(task))


def _codes(task: Task) -> dict[str, None]:
    return dict.fromkeys((*task.languages, *task.iso3, *filter(None, [task.pivot])))


def may_be_in(task: Task, language: str) -> bool:
    """Whether files of a task could be in a language: one of its own, or another by its name.

    Any text serves masked language modelling. Files named by three-letter codes can be asked for
    by these; others by any code that some task of the catalogue knows.
    """
    if language in task.languages or language in task.iso3 or get_kind(task.kind).any_text:
        return True
    if task.iso3 and re.fullmatch("[a-z]{3}", language):
        return True
    if task.pivot:
        known = _codes(task)
        cuts = [at for at, sign in enumerate(language) if sign == "-"]
        return any(language[:at] in known and language[at + 1 :] in known for at in cuts)
    patterns = [
        pattern
        for layout in task.layouts
        for roles in layout.files.values()
        for pattern in roles.values()
    ]
    return any("{lang}" in pattern for pattern in patterns) and language in known_languages(
        task.others
    )


@lru_cache(maxsize=8)
def known_languages(tasks: Catalogue) -> frozenset[str]:
    """Codes of single languages that occur in a catalogue."""
    codes = (code for task in tasks.values() for code in (*task.languages, *task.iso3))
    return frozenset(code for code in codes if "-" not in code)


def compatible(trained: Task, evaluated: Task) -> str | None:
    """Why a model trained on one task cannot be evaluated on the other; None if it can."""
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
            f"their labels differ: `{trained.name}` has {', '.join(trained.labels)}; "
            f"`{evaluated.name}` has {', '.join(evaluated.labels)}"
        )
    return None
