"""One listing of `adapterxlt list`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import click

from adapterxlt.report.console import make_console


@dataclass(frozen=True)
class Listing:
    """A list of records, whose keys are the columns.

    Args:
        hidden: keys that are in the JSON document only.
        note: printed below the table.
        group: a key: one table for each of its values, in order of first appearance.
        more: further listings, by their key in the JSON document.
    """

    records: list[dict[str, object]]
    hidden: tuple[str, ...] = ()
    note: str = ""
    group: str = ""
    more: Mapping[str, Listing] = field(default_factory=dict)


def wrap(text: str, indent: str = "  ") -> str:
    """Wrap a note below a table; the second and later lines are indented further."""
    width = min(98, make_console().width)
    return click.wrap_text(text, width, initial_indent=indent, subsequent_indent=2 * indent)
