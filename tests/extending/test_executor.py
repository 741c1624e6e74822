"""An executor of a package of one's own: `--on NAME`."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from adapterxlt.cli.main import cli
from adapterxlt.errors import UsageError
from adapterxlt.execution.executors.options import Options
from adapterxlt.execution.executors.registry import find_executor
from adapterxlt.plugins import PluginError
from tests.plugin import installed

SOURCE = """
from adapterxlt.errors import AdapterXLTError
from adapterxlt.execution.executors.executor import Ended
from adapterxlt.execution.step import ensure


class Backwards:
    \"\"\"Of the steps that are ready, the last first.\"\"\"

    name = "backwards"
    slots = 3

    def __init__(self, address):
        self.address, self.steps = address, []

    def check(self, context):
        if self.address != "here":
            raise AdapterXLTError("backwards works here only")

    def start(self, work):
        self.work = work

    def submit(self, steps):
        self.steps += steps

    def wait(self):
        planned = self.steps.pop()
        self.work.began(planned.step.id, self.address)
        return [Ended(planned.step.id, computed=ensure(planned, self.work.context))]

    def stop(self):
        self.steps.clear()


def make(options):
    return Backwards(options.address)
"""

RECIPE = """
name: r
data: [.]
backbone: {backbone}
training: {{max_steps: 1}}
stages:
  one: {{train: pawsx}}
  two: {{train: pawsx, seed: 2}}
"""


def test_it_carries_out_a_recipe(tmp_path: Path, tiny_backbone: Path) -> None:
    (tmp_path / "pawsx").mkdir()
    (tmp_path / "pawsx/train-en.tsv").write_text("a dog\tone dog\t1\na dog\ta cat\t0\n" * 2)
    recipe = tmp_path / "r.yaml"
    recipe.write_text(RECIPE.format(backbone=tiny_backbone))
    work = tmp_path / "work"
    arguments = ["run", str(recipe), "--workdir", str(work), "--on"]
    names = {"backwards": "backwards:make", "not-one": "backwards:Ended"}
    with installed(
        tmp_path / "package", group="executors", names=names, module="backwards", source=SOURCE
    ):
        refused = CliRunner().invoke(cli, [*arguments, "backwards://there"])
        assert "backwards works here only" in refused.output
        assert not (work / "results.json").exists()
        ran = CliRunner().invoke(cli, [*arguments, "backwards://here"])
        assert ran.exit_code == 0, ran.output
        lines = [line for line in ran.output.splitlines() if "started" in line]
        assert lines == ["two: started in here", "one: started in here"]
        with pytest.raises(PluginError, match=r"`not-one` of backwards 1.2 is not an executor"):
            find_executor("not-one", Options())
    with pytest.raises(UsageError, match="there is no executor `backwards`"):
        find_executor("backwards", Options())


def test_a_package_cannot_hide_one_of_ours(tmp_path: Path) -> None:
    with (
        installed(
            tmp_path, group="executors", names={"local": "mine:make"}, module="mine", source=""
        ),
        pytest.raises(PluginError, match=r"^mine 1.2 adds an executor `local`, which"),
    ):
        find_executor("local", Options())
