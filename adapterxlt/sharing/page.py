"""The index page of a folder of artifacts: one file, no script, everything escaped."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from adapterxlt.sharing.entries import Entry
from adapterxlt.show import printable, size_text
from adapterxlt.tasks.origin import POCKET


def render(entries: list[Entry], folder: Path) -> str:
    """Return the page.

    Args:
        folder: where it will lie; links are relative to it.
    """
    environment = Environment(
        loader=PackageLoader("adapterxlt.sharing", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    links = [quote(os.path.relpath(entry.path.resolve(), folder)) for entry in entries]
    has_pocket = any(POCKET in origins for entry in entries for origins in entry.origins)
    template = environment.get_template("page.html")
    text = template.render(entries=entries, links=links, size_text=size_text, has_pocket=has_pocket)
    return printable(text, lines=True) + "\n"
