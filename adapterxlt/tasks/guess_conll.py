"""Guesses the columns and labels of files of words and tags."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adapterxlt.errors import UsageError
from adapterxlt.tasks.conllu import UPOS, is_conllu, is_no_word
from adapterxlt.tasks.guessed import MAX_LABELS, Content
from adapterxlt.tasks.streams import stream_lines


def guess_conll(files: Sequence[Path]) -> Content:
    """Take the first column without positions as words, and as tags a column of few values.

    This is one with chunks, or the universal parts of speech of CoNLL-U, or else the last one.
    """
    widths: set[int] = set()
    values: list[set[str]] = []
    rows, comment, tabs, in_sentence = 0, _comment(files), True, False
    universal = True
    for file in files:
        for _, line in stream_lines(file):
            text = line.rstrip("\r\n")
            if not text.strip():
                in_sentence = False
                continue
            if comment and text.startswith(comment) and not in_sentence:
                continue
            in_sentence = True
            tabs = tabs and "\t" in text
            row = text.split("\t") if tabs else text.split()
            if is_no_word(row):
                continue
            universal = universal and is_conllu(row)
            widths.add(len(row))
            values += [set() for _ in range(len(row) - len(values))]
            for seen, value in zip(values, row, strict=False):
                seen.update({value} - {""})
            rows += 1
    if not values or max(widths) < 2:
        raise UsageError(f"{files[0]}: has only one column, so there are no tags")
    words = [at for at, seen in enumerate(values) if not all(map(_is_position, seen))]
    token = words[0] if words else 0
    few = {at: seen for at, seen in enumerate(values) if at > token and 1 < len(seen) <= MAX_LABELS}
    chunks = [at for at, seen in few.items() if _are_chunks(seen)]
    if not few:
        raise UsageError(f"{files[0]}: no column looks like tags, which have few different values")
    tag = chunks[0] if chunks else UPOS if universal and UPOS in few else max(few)
    keys: dict[str, Any] = {"columns": {"token": token, "tag": tag}}
    keys |= {"separator": "\t"} if tabs else {}
    keys |= {"comments": comment} if comment else {}
    if not chunks:  # F1 is that of chunks
        keys |= {"metrics": ["token_accuracy"], "main_metric": "token_accuracy"}
    chunk = tag in chunks
    labels = tuple(
        sorted(few[tag], key=lambda name: (name != "O", name[2:] if chunk else "", name))
    )
    note = f"words in column {token}, tags in column {tag} (from 0): {', '.join(labels)}"
    notes = [note, *([] if chunks else ["no chunks (B-, I-), so the metric is token accuracy"])]
    return Content("conll", "tagging", keys, labels, rows=rows, called="word", notes=tuple(notes))


def _are_chunks(tags: set[str]) -> bool:
    """Whether tags mark chunks; `O` may be missing if a file is small or some words lack tags."""
    begun = any(tag.startswith("B-") for tag in tags)
    return begun and ("O" in tags or all(tag.startswith(("B-", "I-")) for tag in tags))


def _is_position(value: str) -> bool:
    """Whether a value is the position of a word: `3`, or CoNLL-U's `3-4` and `3.1`."""
    return value.replace("-", "").replace(".", "").isdigit()


def _comment(files: Sequence[Path]) -> str:
    """What comments begin with in files of words and tags; "" if there are none.

    A word may begin with `#` too. So a line before a sentence is a comment only if it does not
    have the columns that the other lines have.
    """
    found, widths = [], set()
    for file in files:
        in_sentence = False
        for _, line in stream_lines(file):
            text = line.rstrip("\r\n")
            row = text.split("\t") if "\t" in text else text.split()
            if text.startswith("#") and not in_sentence:
                found.append((text, len(row)))
            else:
                in_sentence = bool(row)
                widths |= {len(row)} if row else set()
    comments = [text for text, width in found if width not in widths]
    if not comments:
        return ""
    return "# " if all(text.startswith("# ") for text in comments) else "#"
