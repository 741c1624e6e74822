"""A recipe on a tiny backbone and tiny data, and the command to point at it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from adapterxlt.cli.main import cli

Invoke = Callable[..., Result]


@pytest.fixture
def invoke() -> Invoke:
    """Run the command in this process."""
    return lambda *arguments: CliRunner().invoke(cli, [str(word) for word in arguments])


@pytest.fixture
def recipe(tmp_path: Path, tiny_backbone: Path) -> Path:
    """`tiny.yaml`: two trained stages and an evaluation, with its data folder beside it."""
    folder = tmp_path / "data" / "pawsx"
    folder.mkdir(parents=True)
    for name, count in (("train-en", 8), ("dev-en", 4), ("dev-de", 4)):
        lines = [f"A {n} b.\tB {n} a.\t{n % 2}\n" for n in range(count)]
        (folder / f"{name}.tsv").write_text("".join(lines), encoding="utf-8")
    path = tmp_path / "tiny.yaml"
    path.write_text(
        f"""\
name: tiny
backbone: {tiny_backbone}
data: data
training: {{epochs: 1, lr: 1e-3}}
stages:
  direct: {{train: pawsx}}
  again: {{train: pawsx, after: direct}}
  scores: {{evaluate: [direct, again], on: pawsx, languages: all}}
""",
        encoding="utf-8",
    )
    return path
