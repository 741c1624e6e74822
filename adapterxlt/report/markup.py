"""Writes tables in Markdown and LaTeX, with every text escaped."""

from __future__ import annotations

from collections.abc import Sequence

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "^": r"\textasciicircum{}", "_": r"\_", "%": r"\%", "~": r"\textasciitilde{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
}  # fmt: skip


def plain(text: str) -> str:
    """Escape a text for Markdown, so that no part of it is markup or a border of a table."""
    for letter in "\\|`<>":
        text = text.replace(letter, f"\\{letter}")
    return text.replace("\n", " ")


def markdown_table(head: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table of plain text."""
    rows = [head, ["---"] * len(head), *body]
    return ["| " + " | ".join(map(plain, row)) + " |" for row in rows]


def escaped(text: str) -> str:
    """Escape a text for LaTeX."""
    return "".join(_SPECIAL.get(letter, letter) for letter in text.replace("\n", " "))


def comment(text: str) -> str:
    """Return a text as a LaTeX comment of one line."""
    return f"% {' '.join(text.splitlines())}"


def tabular(head: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a LaTeX table for `booktabs`, whose cells are LaTeX."""
    return [
        f"\\begin{{tabular}}{{l{'r' * (len(head) - 1)}}}",
        "\\toprule",
        " & ".join(head) + r" \\",
        "\\midrule",
        # An empty group: LaTeX takes `[...]` after the line before as its optional argument.
        *("{}" + " & ".join(row) + r" \\" for row in body),
        "\\bottomrule",
        "\\end{tabular}",
    ]
