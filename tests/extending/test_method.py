"""A package adds a method: a name for a configuration."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from adapterxlt.cli.main import cli
from adapterxlt.methods.parser import parse_method, without_added
from tests.plugin import installed

SOURCE = 'WIDE = "seq_bn[reduction_factor=4]"\nBOTH = "prefix_tuning|par_bn"\nBAD = "seq_bm"'
NAMES = {"wide_bn": "my_method:WIDE", "both": "my_method:BOTH", "bad": "my_method:BAD"}


@pytest.fixture
def package(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "package"
    with installed(folder, group="methods", names=NAMES, module="my_method", source=SOURCE):
        yield folder


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("wide_bn", "seq_bn[reduction_factor=4]"),
        ("wide_bn[non_linearity=swish]", "seq_bn[reduction_factor=4,non_linearity=swish]"),
        ("wide_bn[reduction_factor=2]", "seq_bn[reduction_factor=2]"),
        ("both", "prefix_tuning|par_bn"),
        ("lora|wide_bn", "lora|seq_bn[reduction_factor=4]"),
    ],
)
def test_it_is_read_as_what_it_stands_for(text: str, meant: str) -> None:
    assert parse_method(text) == parse_method(meant)
    assert parse_method(without_added(text)) == parse_method(meant)


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("both[prefix_length=3]", "`both` does not take parameters\nwrite `prefix_tuning|par_bn`"),
        ("wide_bm", "unknown method `wide_bm`\ndid you mean `wide_bn`?"),
        ("bad", "`seq_bm` is not a method of adapterxlt"),
    ],
)
def test_what_is_wrong_is_told(text: str, problem: str) -> None:
    with pytest.raises(ValueError) as told:
        parse_method(text)
    assert problem in str(told.value)


def test_a_recipe_trains_with_it(package: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text(
        "name: wide\nbackbone: mini\ndata: pocket\n"
        "training: {max_steps: 2, cap: 8}\n"
        "stages:\n  a: {train: udpos, method: wide_bn}\n"
        "  b: {train: udpos, method: 'seq_bn[reduction_factor=4]'}\n"
    )
    run = CliRunner().invoke(cli, ["run", str(recipe), "--workdir", str(tmp_path / "w")])
    assert run.exit_code == 0, run.output
    plan = CliRunner().invoke(
        cli, ["plan", str(recipe), "--workdir", str(tmp_path / "w"), "--json"]
    )
    steps = json.loads(plan.stdout)["steps"]
    assert [step["status"] for step in steps] == ["done"] * len(steps)
    assert len({step["fingerprint"] for step in steps}) == 1
    listed = CliRunner().invoke(cli, ["list", "methods"])
    assert "wide_bn" in listed.output
