"""Types of arguments and options that say where something is; an empty one would mean `.`."""

from __future__ import annotations

from typing import Any

import click

EMPTY = "must not be empty"


class FilePath(click.Path):
    """A file or folder of this machine, as click checks it, which is never empty."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path."""
        if isinstance(value, str) and not value.strip():
            self.fail(EMPTY, param, ctx)
        return super().convert(value, param, ctx)


class _Place(click.types.StringParamType):
    """A name, a path or a URL, which is never empty."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text."""
        text = str(super().convert(value, param, ctx))
        if not text.strip():
            self.fail(EMPTY, param, ctx)
        return text


PLACE = _Place()
