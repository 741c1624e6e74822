"""The formats that an entry may name, and their readers.

A user's entry names the format of its files (`csv`, `conll`, ...), and its kind decides what is
read from them. Built-in entries name single readers (`pair_records`). Installed packages can add
formats by naming a function in the entry-point group `adapterxlt.readers`. The function takes a
`tasks.find.Found` and yields the examples of `found.files["data"]`.
"""

from __future__ import annotations

from collections.abc import Iterable

from adapterxlt import plugins
from adapterxlt.suggest import suggest
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.layout import Column, Layout

TABLES = ("csv", "tsv", "jsonl", "parquet")
_OF_TABLES = {
    "pair_classification": "pair_records",
    "multiple_choice": "choice_records",
    "tagging": "tagging_records",
    "span_qa": "qa_records",
    "mlm": "text_records",
    "text_classification": "labelled_texts",
    "regression": "valued_texts",
    "sentence_retrieval": "bitext_columns",
}
PAIR_TSV = "pair_tsv"
TABLE_READERS = (*_OF_TABLES.values(),)
# Format -> kind -> reader.
FORMATS: dict[str, dict[str, str]] = {
    **dict.fromkeys(TABLES, _OF_TABLES),
    "conll": {"tagging": "conll"},
    "squad": {"span_qa": "squad_json", "mlm": "text_contexts"},
    "lines": {"mlm": "text_lines", "sentence_retrieval": "bitext"},
}
# Reader -> the columns that an entry must name.
_COLUMNS = {
    "pair_records": ("text_a", "text_b", "label"),
    PAIR_TSV: ("text_a", "text_b", "label"),
    "choice_records": ("context", "choices", "label"),
    "tagging_records": ("words", "tags"),
    "labelled_texts": ("text", "label"),
    "valued_texts": ("text", "value"),
    "bitext_columns": ("source", "target"),
}
# Reader -> further columns that it takes if an entry names them.
_MORE = {
    "choice_records": ("question", "choice_start"),
    "labelled_texts": ("text_pair",),
    "valued_texts": ("text_pair",),
}
# Reader -> columns whose names do not depend on the entry.
_FIXED = {"qa_records": ("id", "question", "context", "answers")}
# Readers that take the id of an example from the column `id`.
_NAMED = {*_OF_TABLES.values()} - {"text_records", "qa_records", "bitext_columns"}
# Readers of files that hold ids of their own.
_OWN_IDS = {"qa_records", "squad_json"}
_ROLES = {"bitext": ("source", "target")}


def reader_of(kind: str, written: str) -> str:
    """Return the name of the reader for a kind of task and a format."""
    return FORMATS.get(written, {}).get(kind, written)


def required_columns(task: Task, layout: Layout) -> dict[str, Column]:
    """Return the columns that a reader of tables or pairs needs in every record, by field."""
    name = reader_of(task.kind, layout.format)
    if name in _FIXED:
        return {field: field for field in _FIXED[name]}
    if name == "text_records":
        return {"text": layout.columns.get("text", "text")}
    fields = [*_COLUMNS[name], *_MORE.get(name, ())]
    if task.parallel == "id" and name in _NAMED:
        fields.append("id")
    return {field: layout.columns[field] for field in fields if field in layout.columns}


def _silent(task: Task, layout: Layout, split: str) -> str:
    """Say that neither the files of a split nor their layout tell their language; "" if one does.

    With several languages, each of them would read the same file.
    """
    told = (
        len(task.languages) < 2
        or layout.language_column
        or layout.select_by_id
        or split in layout.language_of
        or any("{" in str(column) for column in layout.columns.values())
    )
    patterns = layout.files[split].values()
    if told or any("{" in pattern for pattern in patterns):
        return ""
    return f"`{next(iter(patterns))}` does not tell which of the task's languages it is in"


def misfit(
    task: Task, layout: Layout, readers: Iterable[str]
) -> tuple[str, str, str | None] | None:
    """Return why a layout cannot be read: the wrong key, a message, a hint; None if it can.

    Args:
        readers: names of all readers.
    """
    if layout.format in FORMATS and task.kind not in FORMATS[layout.format]:
        fit = [name for name, kinds in FORMATS.items() if task.kind in kinds]
        words = task.kind.replace("_", " ")
        hint = (
            f"formats for {words}: {', '.join(fit)}" if fit else "install a package that reads it"
        )
        return "format", f"`{layout.format}` files do not hold data for {words}", hint
    name = reader_of(task.kind, layout.format)
    added = plugins.entries("readers")
    if name not in readers and name not in added:
        return "format", f"unknown format `{name}`", suggest(name, [*FORMATS, *added])
    if name in FORMATS and name in added:
        return (
            "format",
            (f"{plugins.origin(added[name])} adds the format `{name}`, which is built in"),
            "uninstall this package",
        )
    for column in _COLUMNS.get(name, ()):
        if column not in layout.columns:
            hint = f"give `{column}`: the name of a column, or its number from 0"
            return "columns", f"`{column}` is missing", hint
    if task.parallel == "id" and name not in added:
        if name in _NAMED and "id" not in layout.columns:
            return (
                "columns",
                "`id` is missing",
                "`parallel: id` matches translations by this column",
            )
        if name not in _NAMED | _OWN_IDS:
            hint = "write `parallel: row` if the same rows are translations of each other"
            return "format", f"`{layout.format}` files have no ids, as `parallel: id` needs", hint
    for split, roles in layout.files.items():
        if name not in added and (silent := _silent(task, layout, split)):
            return (
                "files",
                silent,
                "write `{lang}` into the path; or say "
                + (
                    f"`language_of: {{{split}: {task.languages[0]}}}`, or `language_column: COLUMN`"
                ),
            )
        if lacking := [role for role in _ROLES.get(name, ("data",)) if role not in roles]:
            if name in _ROLES:
                hint = "for example {source: en-{lang}.{lang}, target: en-{lang}.en}"
            else:
                hint = "use a path that contains `{lang}`"
            return "files", f"`{lacking[0]}` of `{split}` is missing", hint
    return None
