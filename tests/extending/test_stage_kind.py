"""A package adds a stage kind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from adapterxlt.cli.main import cli
from adapterxlt.errors import InvalidRecipeError
from adapterxlt.plugins import PluginError
from adapterxlt.recipe.kinds import KINDS
from adapterxlt.recipe.load import load_text
from tests.plugin import installed

# A quarter of a model: the adapter's weights times a number.
SOURCE = '''
import shutil
from typing import ClassVar

from pydantic import Field

from adapterxlt.recipe.kind import StageKind
from adapterxlt.recipe.schema import Stage
from adapterxlt.recipe.steps import Step


class ScaleStage(Stage):
    """An adapter whose weights are multiplied: `{scale: nli, by: 0.5}`."""

    key: ClassVar[str] = "scale"
    scale: str
    by: float = Field(0.5, gt=0)


class Scale(StageKind[ScaleStage]):
    key = "scale"
    model = ScaleStage
    named = ("scale",)
    makes_model = True
    kept = True
    like_first = True

    def shape(self, draft, name, stage, shape_of):
        shape = shape_of(stage.scale)
        if shape is not None and shape.kind != "adapter":
            draft.refuse(("stages", name, "scale"), f"`{stage.scale}` is not a single adapter")
            return None
        return shape

    def steps(self, scene, name, stage):
        yield Step(name, "scale", name, self.inputs(stage), {"by": stage.by})

    def words(self, params, inputs):
        return f"{params['by']} x ({inputs[0]})"

    def runner(self):
        return run


def run(planned, context, staging):
    import torch

    from adapterxlt.models.build import save
    from adapterxlt.stages.running.contamination import write_seen

    (name,) = planned.step.inputs
    built = context.load(name)
    with torch.no_grad():
        for key, value in built.model.named_parameters():
            if ".adapters." in key:
                value.mul_(planned.step.params["by"])
    context.forget()
    save(built, staging / "out")
    write_seen(staging / "out", {}, [context.artifact(name)])


KIND = Scale()
BAD = ScaleStage
'''


@pytest.fixture
def package(tmp_path: Path) -> Iterator[Path]:
    names = {"scale": "my_stage:KIND"}
    with installed(
        tmp_path / "package", group="stages", names=names, module="my_stage", source=SOURCE
    ) as folder:
        yield folder


@pytest.mark.usefixtures("package")
def test_its_problems_are_told_with_their_places() -> None:
    with pytest.raises(InvalidRecipeError) as caught:
        load_text(
            "name: x\nstages:\n"
            "  a: {train: mnli, method: full}\n"
            "  b: {scale: a}\n"
            "  c: {scale: gone, bye: 2}\n"
            "  d: {scael: a}\n"
        )
    problems = [f"{p.line} {p.path}: {p.message} ({p.hint})" for p in caught.value.problems]
    assert problems[0] == "4 stages.b.scale: `a` is not a single adapter (None)"
    assert "5 stages.c.bye: is not a known key (did you mean `by`?)" in problems
    assert "6 stages.d: does not say what to do (did you mean `scale`?)" in problems


def test_a_recipe_uses_it(package: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text(
        "name: scaled\nbackbone: mini\ndata: pocket\n"
        "training: {max_steps: 2, cap: 8}\n"
        "stages:\n  a: {train: udpos}\n  half: {scale: a}\n"
        "  on: {train: udpos, after: half}\n"
        "  scores: {evaluate: [a, half, on], on: udpos, languages: de, cap: 4}\n"
    )
    work = str(tmp_path / "w")
    run = CliRunner().invoke(cli, ["run", str(recipe), "--workdir", work])
    assert run.exit_code == 0, run.output
    rows = json.loads((tmp_path / "w" / "results.json").read_text())["rows"]
    lineages = {row["model"]: row["lineage"] for row in rows}
    assert lineages["on"] == (
        "mini > 0.5 x (udpos (seq_bn, 8 examples)) > udpos (seq_bn, 8 examples, after)"
    )
    plan = CliRunner().invoke(cli, ["plan", str(recipe), "--workdir", work, "--json"])
    assert {step["status"] for step in json.loads(plan.stdout)["steps"]} == {"done"}
    changed = ["--set", "stages.half.by=0.25", "--json"]
    plan = CliRunner().invoke(cli, ["plan", str(recipe), "--workdir", work, *changed])
    status = {step["id"]: step["status"] for step in json.loads(plan.stdout)["steps"]}
    assert (status["a"], status["half"], status["on"]) == ("done", "todo", "todo")


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("merge", "KIND", "adds the stage kind `merge`, which already exists"),
        ("shrink", "KIND", "`shrink` of my_stage 1.2 is not a stage kind"),
        ("scale", "BAD", "`scale` of my_stage 1.2 is not a stage kind"),
        ("scale", "GONE", "`scale` of adapterxlt's stages cannot be loaded"),
    ],
)
def test_what_is_no_kind_is_refused(name: str, value: str, problem: str, tmp_path: Path) -> None:
    names = {name: f"my_stage:{value}"}
    with (
        installed(tmp_path / "p", group="stages", names=names, module="my_stage", source=SOURCE),
        pytest.raises(PluginError, match=problem),
    ):
        [KINDS[key] for key in KINDS]


def test_every_kind_of_our_own_is_called_as_its_key_says() -> None:
    assert {key: (kind.key, kind.model.key) for key, kind in KINDS.items()} == {
        key: (key, key) for key in KINDS
    }
    assert all(key in kind.model.model_fields for key, kind in KINDS.items())
