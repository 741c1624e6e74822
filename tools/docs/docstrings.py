"""What mkdocstrings reads docstrings with: `Example:` holds code, as `Examples:` does for it."""

from __future__ import annotations

import re
from typing import Any

import griffe


class Examples(griffe.Extension):
    """Calls the section `Example:` of each docstring as griffe calls sections of code."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Look at an object once all of its package has been read."""
        if obj.docstring is not None:
            obj.docstring.value = renamed(obj.docstring.value)


def renamed(text: str) -> str:
    """A docstring with the section under its other name."""
    return re.sub(r"^( *)Example:$", r"\1Examples:", text, flags=re.MULTILINE)
