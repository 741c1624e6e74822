"""Guesses the format, kind, columns and labels of files of examples."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from adapterxlt.errors import MissingDataError, UsageError
from adapterxlt.languages import parse_tag
from adapterxlt.store.compressed import plain_name
from adapterxlt.suggest import few
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.find import Found
from adapterxlt.tasks.guess_conll import guess_conll
from adapterxlt.tasks.guessed import MAX_LABELS, Content
from adapterxlt.tasks.layout import Layout
from adapterxlt.tasks.readers.records import Record, records_of
from adapterxlt.tasks.reading import bad, parse_json, read_text
from adapterxlt.tasks.streams import stream_lines

_LOOKED_AT = 200  # lines at the start of a file that decide its format
_SUFFIXES = {f".{name}": name for name in ("csv", "tsv", "jsonl", "parquet")} | {".ndjson": "jsonl"}
_LABEL = ("label", "category", "class", "topic", "gold_label", "intent", "sentiment", "relation")
_VALUE = ("score", "similarity", "similarity_score", "rating", "value")
_LANGUAGE = ("language", "lang", "locale", "language_code", "lang_code")
_ANSWERS = ("label", "value", "tags")  # fields that a test file may lack
_WORDS, _TAGS = ("tokens", "words"), ("tags", "ner_tags", "pos_tags", "upos", "labels")


def look_into(files: Sequence[Path]) -> Content:
    """Find out what the files contain, taken together.

    Raises:
        UsageError: they have several formats, or nothing can be guessed about them.
        MissingDataError: a file cannot be read.
    """
    formats = {file: _format(file) for file in files}
    if len(set(formats.values())) > 1:
        told = ", ".join(f"{file.name} is {found}" for file, found in formats.items())
        raise UsageError(
            f"the files have several formats: {told}",
            hint="describe the files of one format at a time",
        )
    (written,) = set(formats.values())
    if written == "conll":
        return guess_conll(files)
    if written == "squad":
        return Content("squad", "span_qa", rows=len(files), called="JSON files in the SQuAD format")
    if written == "lines":
        rows = sum(1 for file in files for _, line in stream_lines(file) if line.strip())
        note = "texts only, for masked language modelling"
        return Content("lines", "mlm", rows=rows, called="lines", notes=(note,))
    return _table(files, written)


def _format(file: Path) -> str:
    suffix = plain_name(file).suffix.lower()
    if suffix in _SUFFIXES and _SUFFIXES[suffix] != "tsv":
        return _SUFFIXES[suffix]
    if suffix == ".json":
        return _format_of_json(file)
    lines = [line.rstrip("\r\n") for _, line in islice(stream_lines(file), _LOOKED_AT)]
    full = [line for line in lines if line.strip() and not line.startswith("# ")]
    if all(line.startswith("{") for line in full):
        return "jsonl"
    blocks = any(not line.strip() for line in lines[:-1])
    columns = {len(line.split("\t")) for line in full} or {1}
    spaced = {len(line.split()) for line in full} or {1}
    if blocks and (min(columns) > 1 or len(spaced - {1}) <= 1):
        return "conll"
    return "tsv" if suffix == ".tsv" or len(columns) == 1 < max(columns) else "lines"


def _format_of_json(file: Path) -> str:
    """`squad` or `jsonl`: files of both kinds are called `.json`."""
    full = [line for _, line in islice(stream_lines(file), _LOOKED_AT) if line.strip()]
    if len(full) > 1 and all(line.lstrip().startswith("{") for line in full):
        return "jsonl"
    found = parse_json(file, read_text(file))
    if isinstance(found, dict) and "data" in found:
        return "squad"
    called = "a JSON object, but not in the SQuAD format" if isinstance(found, dict) else "one list"
    raise bad(file, 0, f"is {called}", "write records as JSON Lines, one object a line")


def _table(files: Sequence[Path], written: str) -> Content:
    quoting = _quoting(files, written) if written in ("csv", "tsv") else None
    keys: dict[str, Any] = {} if quoting in (None, "csv") else {"quoting": quoting}
    values: dict[str, list[Any]] = {}
    named: dict[Path, dict[str, None]] = {file: {} for file in files}
    for file in files:
        for _, record in _records(file, written, quoting):
            named[file] |= dict.fromkeys(record)
            for key, value in record.items():
                values.setdefault(key, []).append(value)
    rows = max(map(len, values.values()), default=0)
    if not rows:
        raise UsageError(f"{files[0]}: does not hold any records")
    languages: tuple[str, ...] = ()
    column = _named(values, _LANGUAGE)
    if column and all(isinstance(v, str) and parse_tag(v) for v in values[column]):
        keys["language_column"] = column
        languages = tuple(dict.fromkeys(values.pop(column)))
    kind, columns, labels, notes = _columns(values, files[0])
    _check_named(named, [name for field, name in columns.items() if field not in _ANSWERS])
    note = "columns: " + ", ".join(f"{key} is `{name}`" for key, name in columns.items())
    return Content(
        written, kind, {"columns": columns, **keys}, labels, languages, rows, "rows", (note, *notes)
    )


def _check_named(named: Mapping[Path, Collection[str]], columns: Sequence[str]) -> None:
    """Whether all files have the columns of the input; test files may lack the answers."""
    for column in columns:
        with_it = [file for file, names in named.items() if column in names]
        for file, names in named.items():
            if column not in names:
                raise bad(
                    file,
                    0,
                    f"does not have the column `{column}`, which {with_it[0].name} has",
                    f"its columns are {', '.join(names)}; describe files of other columns alone",
                )


def _columns(
    values: dict[str, list[Any]], file: Path
) -> tuple[str, dict[str, Any], tuple[str, ...], list[str]]:
    """Guess the kind, columns and labels, with notes about them."""
    words, tags = _named(values, _WORDS), _named(values, _TAGS)
    if words and tags and isinstance(values[words][0], list):
        found = {str(tag) for row in values[tags] if isinstance(row, list) for tag in row}
        labels = tuple(sorted(found, key=lambda label: (label != "O", label[2:], label)))
        return "tagging", {"words": words, "tags": tags}, labels, []
    if {"context", "question", "answers"} <= values.keys():
        return "span_qa", {}, (), []
    texts = _texts(values)
    score = _named(values, _VALUE)
    if score and texts and all(_is_number(value) for value in values[score]):
        sides = {"text": texts[0], **({"text_pair": texts[1]} if len(texts) > 1 else {})}
        return "regression", {**sides, "value": score}, (), []
    label = _label(values, texts)
    texts = [text for text in texts if text != label]
    if label is None:
        if len(texts) >= 2:
            sides = {"source": texts[0], "target": texts[1]}
            return (
                "sentence_retrieval",
                sides,
                (),
                ["two texts without labels, read as translations", *_unused(values, texts[:2])],
            )
        if texts:
            return (
                "mlm",
                {"text": texts[0]},
                (),
                [
                    "texts without labels, for masked language modelling",
                    *_unused(values, texts[:1]),
                ],
            )
        raise UsageError(f"{file}: no column looks like a text", hint="write the entry by hand")
    if not texts:
        raise UsageError(f"{file}: no column except `{label}` looks like a text")
    labels = tuple(sorted({str(value) for value in values[label] if value not in (None, "")}))
    notes = [f"labels of `{label}`: {', '.join(labels)}"]
    if len(texts) > 1:
        pair = {"text_a": texts[0], "text_b": texts[1]}
        return "pair_classification", {**pair, "label": label}, labels, notes
    return "text_classification", {"text": texts[0], "label": label}, labels, notes


def _label(values: dict[str, list[Any]], texts: Sequence[str]) -> str | None:
    """Find the column of labels: by its name, else one in which few values are often repeated."""
    named = _named(values, _LABEL)
    if named:
        return named
    for name, column in reversed(values.items()):
        different = {str(value) for value in column}
        if name not in texts[:1] and 1 < len(different) <= min(MAX_LABELS, len(column) // 3):
            return name
    return None


def _texts(values: dict[str, list[Any]]) -> list[str]:
    """Find columns of texts, in order: most rows have several words, and few rows are equal."""
    found = []
    for name, column in values.items():
        texts = [value for value in column if isinstance(value, str)]
        spaced = sum(" " in text.strip() or len(text) > 20 for text in texts)
        if len(texts) == len(column) and spaced * 2 > len(texts) and name.lower() not in _LABEL:
            found.append(name)
    return [name for name in found if not values[name][0].startswith(("http://", "https://"))]


def _named(values: dict[str, list[Any]], names: Sequence[str]) -> str | None:
    lower = {key.lower(): key for key in values}
    return next((lower[name] for name in names if name in lower), None)


def _is_number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True


def _records(file: Path, written: str, quoting: str | None) -> Iterator[tuple[int, Record]]:
    layout = Layout.model_validate(
        {"name": "-", "format": written, "files": {}, "quoting": quoting or "csv"}
    )
    about: dict[str, Any] = {"name": "-", "iso3": {}, "language_names": {}}
    task = Task.model_construct(**about)
    return records_of(Found(task, "-", "train", layout, {"data": file}))


def _quoting(files: Sequence[Path], written: str) -> str:
    """Guess the quoting of tables that contain quotes: quotes enclose fields if all files fit."""
    try:
        for file in files:
            for _ in _records(file, written, "csv"):
                pass
    except MissingDataError:
        for file in files:
            for _ in _records(file, written, "none"):
                pass
        return "none"
    return "csv"


def _unused(values: Mapping[str, object], used: Sequence[str]) -> list[str]:
    """Return a note on the columns that are not used, if the guess has no labels."""
    rest = [f"`{name}`" for name in values if name not in used]
    if not rest:
        return []
    told = "if one of them holds labels, correct `kind`, `labels` and `columns`"
    return [f"columns that are not used: {few(rest)}; {told}"]
