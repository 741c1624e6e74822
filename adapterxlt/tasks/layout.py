"""Where the files of a task are, and how they are read: a part of its entry."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


class Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


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


Column = int | str | tuple[int, ...] | tuple[str, ...]
Pattern = Annotated[str, AfterValidator(_inside)]


class Layout(Frozen):
    """Where one published arrangement of files keeps a task, and how to read it.

    Patterns are relative to a data folder; `{lang}` stands for the language code, `{iso3}` for
    the task's three-letter code of it, `{name}` for its English name, `{context}` and `{question}`
    for the two halves of `de-en`. Without any of these, the file is in the task's one language.
    """

    name: str = Field(description="The name of the arrangement, for messages.")
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
    drop_strange: bool = Field(
        False, description="records of another label than the task's are left out, and counted"
    )
    mend_spans: bool = Field(
        False,
        description="answers are looked for in their context where the offset is wrong; questions "
        "without one that is there are left out, and counted; those of test files, which are "
        "compared by their text, stay",
    )
    blanked_when_constant: bool = Field(False, description="one label throughout is no label")
    word_prefix: str = Field("", description="dropped from words when most of them have it")
    question_text: dict[str, str] = Field({}, description="what a coded question reads as")


class Hub(Frozen):
    """Where the Hugging Face Hub keeps a task: a repository of data files, of Parquet mostly.

    Layouts whose patterns begin with `id` read it, from a local copy of the repository too.
    `revision` is a commit, or `refs/convert/parquet`: the Hub's own conversion of a repository
    whose data once came from a script (scripts are never run here).
    """

    id: str = Field(description="The repository: owner/name.")
    revision: str = Field(description="The commit that is read.")
