"""What stands in the fenced blocks of the documentation's pages."""

from __future__ import annotations

import glob
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
_BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, the name of its file ("" without one), its text."""

    language: str
    title: str
    text: str


def blocks(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    return [Block(*found) for found in _BLOCK.findall(page.read_text(encoding="utf-8"))]


def write_files(page: Path, folder: Path) -> None:
    """Write the blocks of a page that are files."""
    for block in blocks(page):
        if block.title:
            path = folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")


def in_blocks(page: Path) -> list[list[str]]:
    """The commands of `adapterxlt` in a page's blocks, each as its words after that name."""
    text = "\n".join(block.text for block in blocks(page) if block.language == "bash")
    return _commands(text.splitlines())


def commands(page: Path) -> list[list[str]]:
    """The same, and those in its sentences."""
    prose = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    return in_blocks(page) + _commands(re.findall(r"`(adapterxlt [^`]+)`", prose))


def _commands(lines: list[str]) -> list[list[str]]:
    listed = [shlex.split(line, comments=True) for line in lines]
    return [words[1:] for words in listed if words[:1] == ["adapterxlt"] and words[1:]]


def expanded(words: list[str], folder: Path) -> list[str]:
    """A command as a shell in a folder gives it: patterns of files are replaced by these."""
    found: list[str] = []
    for word in words:
        names = sorted(glob.glob(word, root_dir=folder)) if "*" in word else []
        found += names or [word]
    return found
