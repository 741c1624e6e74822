"""Arguments and options that say where something is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from adapterxlt.cli.main import cli
from adapterxlt.cli.places import FilePath
from tests.cli.conftest import Invoke


def every_command(group: click.Group, name: str = "") -> Iterator[tuple[str, click.Command]]:
    ctx = click.Context(group)
    for each in group.list_commands(ctx):
        command = group.get_command(ctx, each)
        assert command is not None
        if isinstance(command, click.Group):
            yield from every_command(command, f"{name}{each} ")
        else:
            yield f"{name}{each}", command


def test_all_paths_of_all_commands_refuse_an_empty_text() -> None:
    found = [
        (name, param)
        for name, command in every_command(cli)
        for param in command.params
        if isinstance(param.type, click.Path)
    ]
    assert len(found) > 30
    assert [
        (name, param.name) for name, param in found if not isinstance(param.type, FilePath)
    ] == []


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("run {recipe} --workdir", "--workdir"),
        ("plan {recipe} --data", "--data"),
        ("validate {recipe} --tasks", "--tasks"),
        ("run", "RECIPE"),
        ("validate", "RECIPE..."),
        ("status", "[WORKDIR]"),
        ("report", "WORKDIR[:RECIPE]..."),
        ("artifact verify", "PATH"),
        ("artifact pull", "URL"),
        ("mine a b --out c --artifact", "--artifact"),
        ("mine a b --out c --backbone", "--backbone"),
        ("predict", "MODEL"),
    ],
)
@pytest.mark.parametrize("blank", ["", " "])
def test_an_empty_place_is_not_the_current_folder(
    recipe: Path,
    tmp_path: Path,
    invoke: Invoke,
    monkeypatch: pytest.MonkeyPatch,
    words: str,
    named: str,
    blank: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    rest = ["x"] if words == "predict" else []
    arguments = [word.format(recipe=recipe) for word in words.split()]
    result = invoke(*arguments, blank, *rest)
    assert result.exit_code == 2
    assert f"Invalid value for '{named}'" in result.stderr
    assert result.stderr.endswith(": must not be empty\n")
    assert sorted(tmp_path.iterdir()) == before
