"""Links of pages that lead out of docs/, to files of the checkout.

Where the files are read in a checkout such links work. The site has no such files: there they
become the path of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_LINK = re.compile(r"(?<!!)\[([^\]\n]+)\]\(([^)\s]+)\)")
_FENCE = re.compile(r"(^```.*?^```)", re.MULTILINE | re.DOTALL)


def source_links(markdown: str, page: Path, root: Path) -> Iterator[str]:
    """The targets of a page's links that lead to files outside of docs/."""
    for _, target in _LINK.findall(_FENCE.sub("", markdown)):
        if _source(target, page, root) is not None:
            yield target


def without_source_links(markdown: str, page: Path, root: Path) -> str:
    """The page with the paths of files in the place of links to them."""

    def path(found: re.Match[str]) -> str:
        source = _source(found[2], page, root)
        return found[0] if source is None else f"`{source}`"

    parts = _FENCE.split(markdown)
    return "".join(part if part.startswith("```") else _LINK.sub(path, part) for part in parts)


def _source(target: str, page: Path, root: Path) -> str | None:
    """The path in the checkout of a link's target; None for one of the site, or elsewhere."""
    if "://" in target or target.startswith(("#", "mailto:")):
        return None
    found = (page.parent / target.partition("#")[0]).resolve()
    if found.is_relative_to(root / "docs") or not found.is_relative_to(root):
        return None
    return found.relative_to(root).as_posix()
