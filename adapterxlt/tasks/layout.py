"""The part of an entry that tells where the files of a task are and how to read them."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


class Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _roles(value: Any) -> Any:
    """Return a split's files as role -> pattern.

    They are written as one pattern, as a list of patterns to be read one after the other (`data`,
    `data.1`, ...), or with a pattern for each role (source, target, ...).
    """
    if isinstance(value, list):
        return {f"data.{n}" if n else "data": pattern for n, pattern in enumerate(value)}
    return {"data": value} if isinstance(value, str) else value


# Names that file patterns may contain in braces. `{source}` and `{target}` are the halves of a
# language pair as three-letter codes, `{context}` and `{question}` the same in the task's codes.
PLACEHOLDERS = ("lang", "iso3", "name", "context", "question", "source", "target")


def _inside(pattern: str) -> str:
    """Check that a pattern stays inside the folder in which it is searched."""
    parts = pattern.split("/")
    if "" in parts or ".." in parts or "\\" in pattern:
        raise ValueError(f"`{pattern}` is not a path inside a data folder; use `/` between folders")
    for name in re.findall(r"\{([^}]*)\}", pattern):
        if name not in PLACEHOLDERS:
            known = ", ".join(f"{{{known}}}" for known in PLACEHOLDERS[:3])
            raise ValueError(f"`{{{name}}}` is not a placeholder; use {known} or {{split}}")
    if re.search(r"[{}]", re.sub(r"\{[^}]*\}", "", pattern)):
        raise ValueError(f"`{pattern}` has a brace without its other half")
    return pattern


Column = int | str | tuple[int, ...] | tuple[str, ...]
Pattern = Annotated[str, AfterValidator(_inside)]


class Layout(Frozen):
    """Where one published arrangement of files keeps a task, and how to read it.

    Patterns are relative to a data folder. `{lang}` stands for the language code, `{iso3}` for the
    task's three-letter code, `{name}` for the English name of the language, and `{context}` and
    `{question}` for the two halves of `de-en`. A pattern without any of these means that the file
    is in the only language of the task.
    """

    name: str = Field(description="Name of the arrangement, for messages.")
    format: str = Field(description="Format of the files, which chooses the reader.")
    files: dict[str, Annotated[dict[str, Pattern], BeforeValidator(_roles)]] = Field(
        description="Patterns of the files, by split and role."
    )
    optional: tuple[str, ...] = Field((), description="Roles whose files may be missing.")
    header: bool = Field(False, description="Whether the first line names the columns.")
    columns: dict[str, Column] = Field(
        {},
        description="Column or columns of each field: names, or positions (negative positions "
        "count from the right).",
    )
    language_column: str = Field(
        "",
        description="Column that names the language of a record; records in other languages are "
        "skipped.",
    )
    language_of: dict[str, str] = Field(
        {}, description="Language of the files of each split, if their names do not tell it."
    )
    codes: dict[str, str] = Field(
        {},
        description="What `{iso3}` stands for in this arrangement, for languages whose code "
        "differs from that in the task's `iso3`.",
    )
    select_by_id: bool = Field(
        False, description="Whether question ids begin with the name of the language."
    )
    separator: str = Field(
        "\t",
        min_length=1,
        description="Separator between a word and its tag; `conll` files use any blanks.",
    )
    quoting: Literal["csv", "none"] = Field(
        "csv",
        description="For `csv` and `tsv`: whether quotes enclose fields (csv) or are text (none).",
    )
    comments: str = Field(
        "", description="For `conll`: text that begins a comment line before a sentence."
    )
    skip_short_rows: bool = Field(False, description="Skip rows with too few columns.")
    iob1: bool = Field(False, description="Accept chunks tagged as IOB1; they are read as IOB2.")
    label_aliases: dict[str, str] = Field(
        {}, description="Other spellings of labels, and the labels they stand for."
    )
    unlabelled: tuple[str, ...] = Field((), description="Labels whose records are skipped.")
    drop_strange: bool = Field(
        False, description="Skip and count records whose label is not one of the task's."
    )
    mend_spans: bool = Field(
        False,
        description="Where the offset of an answer is wrong, search the context for the answer. "
        "Questions without an answer in their context are skipped and counted, "
        "except in test files, which are compared by their text.",
    )
    blanked_when_constant: bool = Field(
        False, description="Assume that a file with only one distinct label holds placeholders."
    )
    word_prefix: str = Field("", description="Prefix to remove from words if most words have it.")
    question_text: dict[str, str] = Field({}, description="Text of each coded question.")


class Hub(Frozen):
    """Where the Hugging Face Hub keeps a task: a repository of data files, of Parquet mostly.

    Layouts whose patterns begin with `id` read it, from a local copy of the repository too.
    `revision` is a commit, or `refs/convert/parquet`: the Hub's own conversion of a repository
    whose data once came from a script (scripts are never run here).
    """

    id: str = Field(description="Name of the repository: owner/name.")
    revision: str = Field(description="Commit to read.")
