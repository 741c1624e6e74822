"""Finds the languages of a task under any of their codes."""

from __future__ import annotations

import re
from functools import lru_cache

from adapterxlt.kinds.registry import get_kind
from adapterxlt.languages import named_among
from adapterxlt.tasks.catalogue import Catalogue, Task


def language_in(task: Task, written: str) -> str:
    """Return the code that a task uses for a language: `de` for `deu` or `deu_Latn`.

    Text for masked language modelling may be named by any code, so it stays as it is written.
    """
    if get_kind(task.kind).any_text:
        return written
    if task.pivot and (both := re.fullmatch(r"([^-]+|.+)-([^-]+)", written)):
        first, second = (named_among(half, _codes(task)) for half in both.groups())
        if {first, second} <= {*_codes(task)}:
            return f"{first}-{second}"
    return named_among(written, _codes(task))


def _codes(task: Task) -> dict[str, None]:
    return dict.fromkeys((*task.languages, *task.iso3, *filter(None, [task.pivot])))


def may_be_in(task: Task, language: str) -> bool:
    """Whether files of a task could be in a language, its own or another that is named.

    Masked language modelling accepts any language. Files named by three-letter codes can be
    requested by such codes; other files by any code that a task of the catalogue uses.
    """
    if language in task.languages or language in task.iso3 or get_kind(task.kind).any_text:
        return True
    if task.iso3 and re.fullmatch("[a-z]{3}", language):
        return True
    if task.pivot:
        known = _codes(task)
        cuts = [at for at, sign in enumerate(language) if sign == "-"]
        return any(language[:at] in known and language[at + 1 :] in known for at in cuts)
    patterns = [
        pattern
        for layout in task.layouts
        for roles in layout.files.values()
        for pattern in roles.values()
    ]
    return any("{lang}" in pattern for pattern in patterns) and language in known_languages(
        task.others
    )


@lru_cache(maxsize=8)
def known_languages(tasks: Catalogue) -> frozenset[str]:
    """Return the codes of single languages that occur in a catalogue."""
    codes = (code for task in tasks.values() for code in (*task.languages, *task.iso3))
    return frozenset(code for code in codes if "-" not in code)
