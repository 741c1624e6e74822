"""A notebook as a part of a page: its texts, its code, and what that printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

STORY = Path(__file__).resolve().parent.parent.parent / "docs" / "notebooks" / "story.ipynb"


def story() -> str:
    """The notebook of the whole story, without its title."""
    cells = _cells(STORY)
    first = cells[0]["source"]
    opening = "".join(first).partition("\n")[2].strip()
    return "\n\n".join([opening, *map(_cell, cells[1:])])


def code_of(path: Path) -> str:
    """The code of a notebook's cells, one after the other."""
    return "\n".join(
        "".join(cell["source"]) for cell in _cells(path) if cell["cell_type"] == "code"
    )


def _cells(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return found


def _cell(cell: dict[str, Any]) -> str:
    text = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return text
    printed = "".join(
        "".join(output.get("text", output.get("data", {}).get("text/plain", "")))
        for output in cell["outputs"]
    )
    shown = "\n".join(line.rstrip() for line in printed.rstrip().splitlines())
    after = f"\n\n```text\n{shown}\n```" if shown else ""
    return f"```python\n{text}\n```{after}"
