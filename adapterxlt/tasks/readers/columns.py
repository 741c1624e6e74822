"""Tables whose columns an entry names: plain texts, and translations side by side."""

from __future__ import annotations

from collections.abc import Iterator

from adapterxlt.kinds.mlm import TextExample
from adapterxlt.kinds.sentence_retrieval import Bitext
from adapterxlt.tasks.find import Found, halves
from adapterxlt.tasks.readers.records import records_of, text_field
from adapterxlt.tasks.reading import bad


def read_text_records(found: Found) -> Iterator[TextExample]:
    """Read the texts of a column; blank ones are left out."""
    path, column = found.files["data"], str(found.layout.columns.get("text", "text"))
    for number, record in records_of(found):
        if text := text_field(path, number, record, column).strip():
            yield TextExample(str(number), text)


def read_bitext_columns(found: Found) -> Bitext:
    """Read sentences and their translations from two columns.

    The entry names the columns. In files with one column per language, it can name them `{source}`
    and `{target}`.

    Raises:
        MissingDataError: a sentence is blank or missing.
    """
    path = found.files["data"]
    sides: dict[str, list[str]] = {"source": [], "target": []}
    for number, record in records_of(found):
        for side, texts in sides.items():
            column = column_of_side(found, str(found.layout.columns[side]))
            text = text_field(path, number, record, column)
            if not text.strip():
                raise bad(path, number, f"`{column}` is blank", "each row must hold two sentences")
            texts.append(text)
    return Bitext(found.language, tuple(sides["source"]), tuple(sides["target"]))


def column_of_side(found: Found, column: str) -> str:
    """Return the name of a column in the file, where the entry may say `{source}` or `{target}`."""
    source, target = halves(found.task, found.language)
    code = {"{source}": source, "{target}": target}.get(column)
    return column if code is None else found.task.iso3.get(code, code)
