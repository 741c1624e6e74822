"""Pieces of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from inspect import cleandoc


def sentence(text: str) -> str:
    """A description as a sentence: a capital first, a full stop last, all on one line."""
    text = " ".join(text.split())
    if not text:
        return ""
    starts_with_code = text.startswith("`")
    first = text if starts_with_code else text[0].upper() + text[1:]
    return first if first.endswith((".", "!", "?", "]")) else f"{first}."


def code(text: object) -> str:
    """Something as it is typed."""
    shown = str(text)
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"


def cell(text: str) -> str:
    """Text fit to stand between two bars."""
    return " ".join(text.split()).replace("|", "\\|")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are Markdown."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(cell(text) for text in row) + " |" for row in rows]
    return "\n".join(lines)


def anchor(*names: str) -> str:
    """A place to link to."""
    place = re.sub(r"[^a-z0-9]+", "-", "-".join(names).lower()).strip("-")
    return f'<a id="{place}"></a>'


def escape(text: str) -> str:
    """Plain text in which nothing but code between backticks is markup."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        part if part.startswith("`") else re.sub(r"([*_<>\[\]{}#])", r"\\\1", part)
        for part in parts
    )


def details(title: str, body: str) -> str:
    """A block that is folded up until it is asked for."""
    indented = "\n".join(f"    {line}" if line else "" for line in body.splitlines())
    return f'??? note "{title}"\n\n{indented}\n'


def first_paragraphs(docstring: str | None) -> str:
    """A docstring without its `Args:` and `Raises:`, as Markdown."""
    text = re.split(r"\n(?:Args|Raises|Returns|Class variables):", cleandoc(docstring or ""))[0]
    paragraphs = (" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n"))
    return "\n\n".join(escape(paragraph) for paragraph in paragraphs)


def arguments(docstring: str | None) -> dict[str, str]:
    """What a Google-style docstring says of each argument."""
    found: dict[str, str] = {}
    inside, names = False, ""
    for line in cleandoc(docstring or "").splitlines():
        if line == "Args:":
            inside = True
        elif line and not line.startswith(" "):
            inside = False
        elif inside and (start := re.match(r" {4}(\w[\w, ]*): (.*)", line)):
            names = start[1]
            found |= dict.fromkeys(names.split(", "), start[2])
        elif inside and line:
            for name in names.split(", "):
                found[name] += " " + line.strip()
    return found
