"""What mkdocstrings reads docstrings with: as griffe wants them, who reads no others.

`Example:` holds code, as `Examples:` does for griffe, and `source, target: the sides` tells of two
arguments.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

_SEVERAL = re.compile(r"^( +)(\w+(?:, \w+)+)(: .*)$")


class Docstrings(griffe.Extension):  # type: ignore[misc]  # has no types here
    """Rewrites each docstring before it is parsed."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Look at an object once all of its package has been read."""
        if obj.docstring is not None:
            obj.docstring.value = for_griffe(obj.docstring.value)


def for_griffe(text: str) -> str:
    """A docstring as griffe reads it."""
    text = re.sub(r"^( *)Example:$", r"\1Examples:", text, flags=re.MULTILINE)
    lines = text.split("\n")
    found: list[str] = []
    for number, line in enumerate(lines):
        several = _SEVERAL.match(line)
        if several is None:
            found.append(line)
            continue
        indent, names, told = several.groups()
        more = []  # lines that go on
        for following in lines[number + 1 :]:
            if not following.startswith(indent + " "):
                break
            more.append(following)
        *others, last = names.split(", ")
        for name in others:
            found += [f"{indent}{name}{told}", *more]
        found.append(f"{indent}{last}{told}")
    return "\n".join(found)
