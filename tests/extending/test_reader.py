"""A reader of a format that the project does not know, of an installed package."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from adapterxlt.errors import InvalidRecipeError, MissingDataError
from adapterxlt.execution.run import RunResult
from tests.plugin import installed

SOURCE = '''
from adapterxlt.tasks.readers.labels import LabelIndex
from adapterxlt.tasks.streams import stream_lines
from adapterxlt.kinds.pair_classification import PairExample


def read(found):
    """A block of three lines an example: the texts, and the label in capitals."""
    labels, lines = LabelIndex(found), list(stream_lines(found.files["data"]))
    for at in range(0, len(lines), 3):
        (_, first), (_, second), (line, label) = lines[at : at + 3]
        yield PairExample(str(at), first.strip(), second.strip(), labels.of(label.strip(), line))
'''
ENTRY = """
kind: pair_classification
labels: [SAME, OTHER]
languages: [en, ast]
format: three-lines
files: {train: "blocks/{lang}.txt"}
"""
RECIPE = """
tasks: [blocks.yaml]
stages:
  b: {train: blocks, method: lora}
  also: {train: {task: blocks, language: ast}, method: lora, after: b}
"""


@pytest.fixture
def blocks(tmp_path: Path) -> Path:
    folder = tmp_path / "blocks"
    folder.mkdir()
    for language in ("en", "ast"):
        (folder / f"{language}.txt").write_text("a\nb\nSAME\nc\nd\nOTHER\n" * 3)
    (tmp_path / "blocks.yaml").write_text(ENTRY)
    return folder


def test_reader(tmp_path: Path, blocks: Path, run: Callable[[str], RunResult]) -> None:
    names = {"three-lines": "my_reader:read"}
    package = tmp_path / "package"
    with installed(package, group="readers", names=names, module="my_reader", source=SOURCE):
        assert run(RECIPE).done == ["b", "also"]
        (blocks / "en.txt").write_text("a\nb\n")
        with pytest.raises(MissingDataError, match=r"en.txt: the reader `three-lines` of my_"):
            run(RECIPE)
        (blocks / "en.txt").write_text("a\nb\nsame\n")
        with pytest.raises(MissingDataError, match=r"en.txt:3: unknown label `same`"):
            run(RECIPE)


def test_without_the_package(blocks: Path, run: Callable[[str], RunResult]) -> None:
    with pytest.raises(InvalidRecipeError, match=r"blocks.yaml:5: format: unknown format"):
        run(RECIPE)
