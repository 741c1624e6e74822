"""Reads prediction and label files of the benchmarks, which can come from anyone."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapterxlt.metrics.chunks import Tags
from adapterxlt.tasks.readers.tagging import DOCSTART
from adapterxlt.tasks.reading import bad, not_squad, parse_json, read_lines, read_text

WITHHELD = "the labels of the published test files are withheld"
SHOWN = 3  # number of ids that a message names
FEW = 10  # fewer labels than this may all be equal by chance
FEW_TRANSLATED = 4  # the same for labels per language, as languages may be translations
_RANKED = re.compile(r"\[\s*(-?\d+)\b.*\]")
_NUMBER = re.compile(r"-?\d{1,18}")  # no file has more lines, and Python refuses very long numbers


def read_column(path: Path) -> list[str]:
    """Read the last tab-separated column of each line; blank lines at the end do not count."""
    lines = read_lines(path)
    while lines and not lines[-1].strip():
        lines.pop()
    return [line.rpartition("\t")[2].strip() for line in lines]


def read_numbers(path: Path) -> list[str]:
    """Read one whole number per line; for a ranked list such as XTREME's `[12]`, its first.

    Raises:
        MissingDataError: a line holds something else, or a number of more than 18 digits.
    """
    found = []
    for number, text in enumerate(read_column(path), start=1):
        ranked = _RANKED.fullmatch(text)
        value = ranked[1] if ranked else text
        if not _NUMBER.fullmatch(value):
            raise bad(path, number, f"`{text[:40]}` is not a line number")
        found.append(str(int(value)))
    return found


def read_pairs(path: Path) -> list[tuple[str, str]]:
    """Read pairs of ids, `source TAB target` per line; the file may be empty."""
    if path.is_file() and not path.stat().st_size:
        return []
    pairs = []
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        columns = [column.strip() for column in line.split("\t")]
        if len(columns) != 2:
            raise bad(path, number, f"{len(columns)} columns, expected: source id, tab, target id")
        pairs.append((columns[0], columns[1]))
    return pairs


def in_sentences(lines: Iterable[tuple[int, str]]) -> list[list[str]]:
    """Return the tags of each sentence from `tag_lines`; an empty tag separates sentences."""
    sentences: list[list[str]] = [[]]
    for _, tag in lines:
        if tag:
            sentences[-1].append(tag)
        elif sentences[-1]:
            sentences.append([])
    return [tags for tags in sentences if tags]


def tag_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the number (1-based) and tag of each line; "" for a line that separates sentences.

    Lines hold a tag alone, or a word and its tag. `-DOCSTART-` lines separate sentences too, unless
    a tab shows that it is a word.
    """
    for number, line in enumerate(read_lines(path), start=1):
        document = line.startswith(DOCSTART) and "\t" not in line
        yield number, line.split()[-1] if line.strip() and not document else ""


@dataclass(frozen=True)
class Questions:
    """The questions of a file in SQuAD's schema.

    `answers[i]` are the accepted answers of the question `ids[i]`. `impossible` tells whether any
    question is marked unanswerable.
    """

    ids: tuple[str, ...]
    answers: tuple[tuple[str, ...], ...]
    impossible: bool


def read_questions(path: Path) -> Questions:
    """Read the gold answers of a label file.

    Raises:
        MissingDataError: the file is not in SQuAD's schema, has no questions, or its answers are
            blanked.
    """
    document = parse_json(path, read_text(path))
    ids: list[str] = []
    answers: list[tuple[str, ...]] = []
    impossible = False
    try:
        for article in document["data"] if isinstance(document, dict) else document:
            for paragraph in article["paragraphs"]:
                for question in paragraph["qas"]:
                    ids.append(str(question["id"]))
                    answers.append(tuple(str(a["text"]) for a in question.get("answers", ())))
                    impossible |= bool(question.get("is_impossible", False))
    except (KeyError, TypeError, AttributeError) as error:
        raise not_squad(path, error, f"after question {len(ids)}") from error
    if not ids:
        raise bad(path, 0, "the file does not contain any questions")
    blanked = sum(bool(found) and not any(found) for found in answers)
    if blanked or (not impossible and not any(answers)):
        count = blanked or len(ids)
        raise bad(path, 0, f"{count} of {len(ids)} questions have blank answers", WITHHELD)
    return Questions(tuple(ids), tuple(answers), impossible)


def read_answers(path: Path, ids: Sequence[str]) -> tuple[list[str | None], list[str]]:
    """Read the predicted answer of each question (None if it has none); return remarks too.

    Args:
        ids: the ids of the questions in the label file.

    Raises:
        MissingDataError: the file is not an object of texts, or has none of these ids.
    """
    found = _object(path, "answer texts by question id")
    for name, text in found.items():
        if not isinstance(text, str):
            raise bad(path, 0, f"question `{name}`: the answer is {text!r:.40}, not a text")
    known = set(ids)
    strange = [name for name in found if name not in known]
    if found and len(strange) == len(found):
        raise bad(
            path,
            0,
            f"none of its {len(found)} question ids is in the labels: it has {_first(strange)}, "
            f"but the labels have {_first(ids)}",
            "check that these predictions belong to these labels",
        )
    predicted = [found.get(name) for name in ids]
    remarks = []
    if missing := [name for name, text in zip(ids, predicted, strict=True) if text is None]:
        what = f"{len(missing)} of {len(ids)} questions have no prediction"
        remarks.append(f"{what} ({_first(missing)})")
    if strange:
        what = f"{len(strange)} of {len(found)} predictions are for questions that are not in the"
        remarks.append(f"{what} labels ({_first(strange)}); they are not counted")
    return predicted, remarks


def _first(names: Sequence[str]) -> str:
    """Return the first few names, quoted."""
    shown = ", ".join(f"`{name[:60]}`" for name in names[:SHOWN])
    return shown + (", ..." if len(names) > SHOWN else "")


def read_scores(path: Path) -> dict[str, float]:
    """Read how sure a system is that a question has no answer: a number for each question id.

    Raises:
        MissingDataError: the file is not an object of numbers, or one does not fit into a float.
    """
    scores = {}
    for name, value in _object(path, "numbers by question id").items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise bad(path, 0, f"question `{name}`: {value!r:.40} is not a number")
        try:
            scores[name] = float(value)
        except OverflowError:
            raise bad(path, 0, f"question `{name}`: {value!r:.40}... is too large") from None
        if math.isnan(scores[name]):
            raise bad(path, 0, f"question `{name}`: nan is not a number")
    return scores


def _object(path: Path, what: str) -> dict[str, Any]:
    found = parse_json(path, read_text(path))
    if not isinstance(found, dict):
        raise bad(path, 0, f"expected a JSON object: {what}")
    return found


@dataclass(frozen=True)
class Constant:
    """The only label of a whole file, and its number of examples."""

    label: str
    count: int


def require_known(
    path: Path,
    labels: Sequence[str],
    known: Collection[str],
    *,
    first: int = 1,
    count: int | None = None,
) -> Constant | None:
    """Reject label files without real labels: blank, cut off, or with only one distinct label.

    Args:
        labels: the labels that were read.
        known: all labels of the task; empty if any text can be a label.
        first: the line number of the first label.
        count: the number of examples, if an example has several labels.

    Returns:
        The only label, if all are equal but too few to be placeholders for certain.

    Raises:
        MissingDataError: the file has no real labels; the error says what it has instead.
    """
    if not labels:
        raise bad(path, 0, "the file does not contain any labels")
    if "" in labels:
        raise bad(path, first + labels.index(""), "no label", WITHHELD)
    if known:
        strange = [label for label in labels if label not in known]
        if 2 * len(strange) > len(labels):
            raise bad(
                path,
                0,
                f"`{strange[0][:40]}` and {len(strange) - 1} more of {len(labels)} are not "
                f"labels (the labels are {', '.join(sorted(known))})",
                WITHHELD,
            )
    if len(set(labels)) > 1:
        return None
    same = Constant(labels[0], len(labels) if count is None else count)
    if same.count >= FEW:
        raise bad(path, 0, f"all {len(labels)} labels are `{same.label}`: placeholders", WITHHELD)
    return same


def same_length(labels: Sequence[object], predicted: Sequence[object], path: Path) -> None:
    """Reject files whose numbers of predictions and labels differ.

    Args:
        path: the prediction file.
    """
    if len(labels) != len(predicted):
        raise bad(path, 0, f"{len(predicted)} predictions, but there are {len(labels)} labels")


def same_sentences(labels: Tags, predicted: Tags, path: Path, *, pad: bool = False) -> Tags:
    """Return the predicted tags; refuse them unless there is one for every word.

    Args:
        path: the prediction file.
        pad: fill sentences with too few tags with `O`, as XGLUE's script does.
    """
    if len(labels) != len(predicted):
        raise bad(
            path,
            0,
            f"{len(predicted)} sentences, but the labels have {len(labels)}",
            "separate sentences by one blank line",
        )
    padded = []
    for number, (tags, guesses) in enumerate(zip(labels, predicted, strict=True), start=1):
        short = len(tags) - len(guesses)
        if short < 0 or (short and not pad):
            raise bad(path, 0, f"sentence {number}: {len(guesses)} tags for {len(tags)} words")
        padded.append([*guesses, *["O"] * short])
    return padded
