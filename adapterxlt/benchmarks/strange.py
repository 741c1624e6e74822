"""Reports unknown labels: how many, the first ones with their lines, and the likely meaning."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path

from adapterxlt.benchmarks.spec import Pair
from adapterxlt.suggest import closest

SHOWN = 3  # number of different labels that a remark names
# The names that transformers gives to labels if a model was saved without their names.
_UNNAMED = re.compile(r"LABEL_\d+", re.IGNORECASE)

Placed = tuple[int, str]  # the line of a label (1-based), and the label


def strange_labels(
    pair: Pair,
    gold: Iterable[Placed],
    predicted: Iterable[Placed],
    known: Collection[str],
    counts_as: str,
) -> list[str]:
    """Return a remark on each of the two files that contains unknown labels.

    Args:
        gold: the labels of the label file.
        predicted: the labels of the prediction file.
        known: all labels of the task.
        counts_as: how the official script counts unknown predictions, in words.
    """
    sides = (
        (pair.labels, gold, "gold labels are unknown", "they are scored as they are"),
        (pair.predictions, predicted, "predictions are not labels", counts_as),
    )
    found = (_remark(path, placed, known, *says) for path, placed, *says in sides)
    return [remark for remark in found if remark]


def _remark(
    path: Path, placed: Iterable[Placed], known: Collection[str], what: str, score: str
) -> str:
    listed = list(placed)
    strange = [(line, label) for line, label in listed if label not in known]
    if not strange:
        return ""
    first: dict[str, int] = {}
    for line, label in strange:
        first.setdefault(label, line)
    named = [f"`{label[:40]}` in line {line}" for label, line in list(first.items())[:SHOWN]]
    more = f" and {len(first) - SHOWN} others" if len(first) > SHOWN else ""
    common = Counter(label for _, label in strange).most_common(1)[0][0]
    return (
        f"{path}: {len(strange)} of {len(listed)} {what} ({', '.join(named)}{more}): {score}\n"
        f"  {_hint(common, known)}"
    )


def _hint(label: str, known: Collection[str]) -> str:
    if _UNNAMED.fullmatch(label):
        return (
            "a model that was saved without label names writes `LABEL_n`; write the label names "
            "instead"
        )
    meant = meant_label(label, known)
    listed = ", ".join(sorted(known))
    return f"did you mean `{meant}`?" if meant else f"the labels are {listed}"


def meant_label(label: str, known: Collection[str]) -> str | None:
    """Guess which label was meant: other case or hyphen, a part of a label, or a typing error."""

    def bare(text: str) -> str:
        return re.sub(r"[\W_]", "", text).casefold()

    plain = bare(label)
    same = [each for each in sorted(known) if plain and bare(each) == plain]
    # `per` for `B-PER`, `contradict` for `contradiction`.
    part = [each for each in sorted(known) if len(plain) > 1 and plain in bare(each)]
    return next(iter(same or part), None) or closest(label, known)
