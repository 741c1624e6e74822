"""Translations, one sentence per line: Tatoeba as LASER publishes it and as XTREME sorts it."""

from __future__ import annotations

from pathlib import Path

from adapterxlt.kinds.sentence_retrieval import Bitext
from adapterxlt.tasks.find import Found
from adapterxlt.tasks.readers.records import records, text_field
from adapterxlt.tasks.reading import bad, read_lines


def read_bitext_lines(found: Found) -> Bitext:
    """Read two files with equally many lines; line n of one translates line n of the other.

    Raises:
        MissingDataError: the files differ in length, or a line is blank.
    """
    source = _sentences(found.files["source"])
    target = _sentences(found.files["target"])
    _check_lengths(found.files["source"], source, found.files["target"], target)
    return Bitext(found.language, source, target)


def read_bitext_sorted(found: Found) -> Bitext:
    """Read the same if XTREME's scripts have sorted the English side, and restore its order.

    The role `labels` (written by jiant) holds the original line, from 0, of each English sentence.
    The role `original` is LASER's English file; when sorted, it must equal the English side. If
    both are missing, an English side that is not sorted is assumed to be aligned.

    Raises:
        MissingDataError: the files do not fit together, or the English side is sorted and no file
            tells its order.
    """
    path = found.files["target"]
    source, shown = _sentences(found.files["source"]), _sentences(path)
    _check_lengths(found.files["source"], source, path, shown)
    if "labels" in found.files:
        order = _line_numbers(found.files["labels"], len(shown))
    elif "original" in found.files:
        original = _sentences(found.files["original"])
        # As in XTREME's script: stripped, then a stable sort by code points.
        stripped = [sentence.strip() for sentence in original]
        order = sorted(range(len(stripped)), key=stripped.__getitem__)
        if [stripped[index] for index in order] != [sentence.strip() for sentence in shown]:
            raise bad(
                path,
                0,
                f"is not {found.files['original']} sorted",
                "check that both files belong to the same set",
            )
    elif list(shown) == sorted(shown) and len(shown) > 2:
        raise bad(
            path,
            0,
            "the English side is sorted, so that its lines are not the translations of the others",
            "put LASER's tatoeba/v1 next to it, whose English files tell the order",
        )
    else:
        order = list(range(len(shown)))
    target = [""] * len(shown)
    for line, sentence in zip(order, shown, strict=True):
        target[line] = sentence
    return Bitext(found.language, source, tuple(target))


def read_bitext_records(found: Found) -> Bitext:
    """Read records of a sentence and its translation, each with its language.

    Raises:
        MissingDataError: a record is malformed, or neither of its sides is English.
    """
    path = found.files["data"]
    source, target = [], []
    for number, record in records(path):
        sides = {
            text_field(path, number, record, f"{side}_lang"): text_field(
                path, number, record, f"{side}_sentence"
            )
            for side in ("source", "target")
        }
        english = [text for language, text in sides.items() if language in ("eng", "en")]
        others = [text for language, text in sides.items() if language not in ("eng", "en")]
        if len(english) != 1 or len(others) != 1:
            raise bad(path, number, "expected one sentence in English and one in another language")
        source += others
        target += english
    return Bitext(found.language, tuple(source), tuple(target))


def _sentences(path: Path) -> tuple[str, ...]:
    lines = read_lines(path)
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            raise bad(path, number, "a blank line", "each line must hold a sentence")
    return tuple(lines)


def _check_lengths(
    source_path: Path, source: tuple[str, ...], target_path: Path, target: tuple[str, ...]
) -> None:
    if len(source) != len(target):
        raise bad(
            source_path,
            0,
            f"{len(source)} lines, but {target_path} has {len(target)}",
            "every sentence needs its translation on the same line of the other file",
        )


def _line_numbers(path: Path, count: int) -> list[int]:
    lines = read_lines(path)
    if sorted(lines) != sorted(map(str, range(count))):
        raise bad(path, 0, f"must hold each number from 0 to {count - 1} once, one per line")
    return [int(line) for line in lines]
