"""The course of each training, kept next to the entries so that their bytes do not change."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.store.files import canonical_json, write_atomic
from adapterxlt.store.inside import open_inside
from adapterxlt.store.store import Store

FOLDER = ".losses"
MOST = 100  # windows of a training: enough for a small curve
_DIGITS = 5
_LARGEST = 1 << 20  # bytes that are read of a file
_SCHEMA = 1


@dataclass(frozen=True)
class Course:
    """Losses from the first step of a training to the last.

    Args:
        steps: how many there were.
        window: steps that each loss is the mean of; the last window may have fewer.
        losses: of all windows, in order.
        dev: (steps, score on dev), where epochs were scored.
    """

    steps: int
    window: int
    losses: tuple[float, ...]
    dev: tuple[tuple[int, float], ...] = ()


def course_of(losses: Sequence[float], dev: Sequence[tuple[int, float]] = ()) -> Course:
    """The course of a training whose steps had these losses.

    Args:
        losses: the mean loss of each step.
    """
    window = max(1, -(-len(losses) // MOST))
    parts = [losses[start : start + window] for start in range(0, len(losses), window)]
    means = tuple(float(f"{math.fsum(part) / len(part):.{_DIGITS}g}") for part in parts)
    return Course(len(losses), window, means, tuple(dev))


def note_course(store: Store, fingerprint: str, course: Course | None) -> None:
    """Keep the course of a trained step, if it is known."""
    if course is None:
        return
    found = {
        "schema": _SCHEMA,
        "steps": course.steps,
        "window": course.window,
        "losses": course.losses,
        "dev": course.dev,
    }
    write_atomic(store.root / FOLDER / f"{fingerprint}.json", canonical_json(found) + "\n")


def read_course(store: Store, fingerprint: str) -> Course | None:
    """The course of a trained step; None if none was stored, or the file is not a course."""
    try:
        with open_inside(store.root / FOLDER, f"{fingerprint}.json") as stream:
            found: Any = json.loads(stream.read(_LARGEST))
        steps, window = int(found["steps"]), int(found["window"])
        losses = tuple(float(one) for one in found["losses"])
        dev = tuple((int(step), float(value)) for step, value in found["dev"])
        fits = found["schema"] == _SCHEMA and len(losses) == -(-steps // window)
    except (InvalidArtifactError, OSError, ValueError, TypeError, KeyError, ArithmeticError,
            RecursionError):  # fmt: skip
        return None
    finite = all(map(math.isfinite, (*losses, *(value for _, value in dev))))
    if not (fits and finite and 0 < len(losses) <= MOST and window > 0):
        return None
    return Course(steps, window, losses, dev)
