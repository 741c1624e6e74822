"""Guesses the kind, columns and labels of records by the names and values of their fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from adapterxlt.errors import UsageError
from adapterxlt.suggest import few
from adapterxlt.tasks.guess_choice import guess_choice
from adapterxlt.tasks.guessed import LABEL, MAX_LABELS, Columns, Values, named

_VALUE = ("score", "similarity", "similarity_score", "rating", "value")
_WORDS, _TAGS = ("tokens", "words"), ("tags", "ner_tags", "pos_tags", "upos", "labels")
# A column of such a name is a text, however short: many scripts have no spaces.
_TEXT = {"text", "text_pair", "text_a", "text_b", "sentence", "sentence1", "sentence2"}
_TEXT |= {"premise", "hypothesis", "context", "question"}
_SIDES = ("source", "target")
_BY_HAND = "call the column of the texts `text`, or write the entry by hand"


def columns_of(values: Values, file: Path) -> Columns:
    """Guess the kind, columns and labels, with notes about them.

    Args:
        values: of each column.
        file: named in errors.

    Raises:
        UsageError: no column looks like a text.
    """
    found = _columns(values, file)
    used = {name for names in found.columns.values() for name in _listed(names)}
    if found.kind == "span_qa":
        used |= {"context", "question", "answers", "id"}
    notes = [*found.notes, *_unused(values, used, bool(found.labels))]
    if found.columns:
        told = ", ".join(
            f"{key} is {' and '.join(f'`{name}`' for name in _listed(names))}"
            for key, names in found.columns.items()
        )
        notes.insert(0, f"columns: {told}")
    return found._replace(notes=notes)


def _listed(names: Any) -> list[str]:
    return names if isinstance(names, list) else [names]


def _columns(values: Values, file: Path) -> Columns:
    words, tags = named(values, _WORDS), named(values, _TAGS)
    if words and tags and isinstance(values[words][0], list):
        found = {str(tag) for row in values[tags] if isinstance(row, list) for tag in row}
        labels = tuple(sorted(found, key=lambda label: (label != "O", label[2:], label)))
        return Columns("tagging", {"words": words, "tags": tags}, labels, [])
    if {"context", "question", "answers"} <= values.keys():
        return Columns("span_qa", {}, (), [])
    if (choice := guess_choice(values)) is not None:
        return choice
    texts = _texts(values)
    score = named(values, _VALUE)
    if score and texts and all(_is_number(value) for value in values[score]):
        sides = {"text": texts[0], **({"text_pair": texts[1]} if len(texts) > 1 else {})}
        return Columns("regression", {**sides, "value": score}, (), [])
    label = _label(values, texts)
    texts = [text for text in texts if text != label]
    if label is None:
        if len(texts) >= 2:
            sides = {"source": texts[0], "target": texts[1]}
            note = "two texts without labels, read as translations"
            return Columns("sentence_retrieval", sides, (), [note])
        if texts:
            note = "texts without labels, for masked language modelling"
            return Columns("mlm", {"text": texts[0]}, (), [note])
        raise UsageError(f"{file}: no column looks like a text", hint=_BY_HAND)
    if not texts:
        raise UsageError(f"{file}: no column except `{label}` looks like a text", hint=_BY_HAND)
    labels = tuple(sorted({str(value) for value in values[label] if value not in (None, "")}))
    notes = [f"labels of `{label}`: {', '.join(labels)}"]
    if len(texts) > 1:
        pair = {"text_a": texts[0], "text_b": texts[1]}
        return Columns("pair_classification", {**pair, "label": label}, labels, notes)
    return Columns("text_classification", {"text": texts[0], "label": label}, labels, notes)


def _label(values: Values, texts: Sequence[str]) -> str | None:
    """Find the column of labels: by its name, else one in which few values are often repeated."""
    if found := named(values, LABEL):
        return found
    for name, column in reversed(values.items()):
        different = {str(value) for value in column}
        if name not in texts[:1] and 1 < len(different) <= min(MAX_LABELS, len(column) // 3):
            return name
    return None


def _texts(values: Values) -> list[str]:
    """Find columns of texts, in order.

    Their names say it, or most rows have several words and are no addresses.
    """
    lower = {name.lower() for name in values}
    sure = {*_TEXT, *(_SIDES if lower.issuperset(_SIDES) else ())}
    found = []
    for name, column in values.items():
        texts = [value for value in column if isinstance(value, str)]
        if len(texts) < len(column):
            continue
        spaced = sum(" " in text.strip() or len(text) > 20 for text in texts)
        looks = spaced * 2 > len(texts) and not texts[0].startswith(("http://", "https://"))
        if name.lower() in sure or (looks and name.lower() not in LABEL):
            found.append(name)
    return found


def _is_number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True


def _unused(values: Mapping[str, object], used: Iterable[str], labelled: bool) -> list[str]:
    """Return a note on the columns that the entry does not use, if there are any."""
    rest = [f"`{name}`" for name in values if name not in used]
    if not rest:
        return []
    told = "if the task needs one of them, correct `kind` and `columns`"
    if not labelled:
        told = "if one of them holds labels, correct `kind`, `labels` and `columns`"
    return [f"columns that are not used: {few(rest)}; {told}"]
