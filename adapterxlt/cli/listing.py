"""What `adapterxlt list` shows of one kind of thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import click


@dataclass(frozen=True)
class Listing:
    """One record a thing; their keys are the columns.

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


def wrap(text: str) -> str:
    """Indent a note below a table, and further its following lines."""
    return click.wrap_text(text, 98, initial_indent="  ", subsequent_indent="    ")
