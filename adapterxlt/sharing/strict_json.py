"""Parses untrusted JSON and refuses whatever programs could read in different ways."""

from __future__ import annotations

import json
import math
from typing import Any

MAX_DIGITS = 30  # of a whole number; the largest of 64 bits has 20


def parse(text: str) -> Any:
    """Read one JSON document.

    Raises:
        ValueError: it is none, is nested too deeply, gives a name twice, or holds a number that is
            not finite or too long, or half a surrogate pair, which cannot be printed.
    """
    try:
        found = json.loads(
            text,
            object_pairs_hook=_distinct,
            parse_constant=_refuse,
            parse_float=_finite,
            parse_int=_short,
        )
        json.dumps(found, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return found


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("it has a name twice")
    return found


def _refuse(text: str) -> float:
    raise ValueError(f"{text} is not a number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("it has a number that is too large")
    return number


def _short(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError("it has a number that is too long")
    return int(text)
