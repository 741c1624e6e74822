"""Recipes that do not fit a backbone."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.errors import InvalidRecipeError
from adapterxlt.recipe.load import load_recipe, load_text
from tests.recipe.helpers import TASKS, load, stages

TINY = Backbone("tiny", Path("tiny"), "0" * 64, 32, 2, 130, "xlm-roberta")


def unfit(text: str) -> list[str]:
    try:
        load(text).check_backbone(TINY)
    except InvalidRecipeError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_a_recipe_that_fits() -> None:
    body = """\
        a: {train: mnli, max_length: 128, method: "seq_bn[leave_out=[1]]"}
        s: {evaluate: a, on: xnli}
        t: {retrieve: a, on: tatoeba, layers: [0, 2], max_length: 128}
        """
    assert unfit(stages(body)) == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "a: {train: mnli, max_length: 129}",
            "recipe.yaml:3: stages.a.max_length: 129 subwords are too many for `tiny` "
            "(use a max_length of at most 128)",
        ),
        (
            "a: {retrieve: none, on: tatoeba}",
            "recipe.yaml:3: stages.a.max_length: 512 subwords are too many for `tiny` "
            "(use a max_length of at most 128)",
        ),
        (
            "a: {retrieve: none, on: tatoeba, max_length: 64, layers: [2, 3]}",
            (
                "recipe.yaml:3: stages.a.layers[1]: there is no layer 3 (`tiny` has layers 0 (the "
                "embeddings) to 2)"
            ),
        ),
        (
            "a: {train: mnli, method: compacter}",
            "recipe.yaml:3: stages.a.method: `compacter`: the bottleneck width 1 cannot be "
            "divided by phm_dim=4",
        ),
        (
            'a: {train: mnli, method: "loreft[layers=[2]]"}',
            "recipe.yaml:3: stages.a.method: `loreft[layers]`: there is no layer 2 (the "
            "backbone has layers 0 to 1)",
        ),
    ],
)
def test_what_does_not_fit(body: str, expected: str) -> None:
    found = unfit(stages(body))
    assert len(found) == 1, found
    assert found[0].startswith(expected)


def test_all_problems_come_at_once() -> None:
    head = "name: x\ntraining: {max_length: 200}"
    body = """\
        a: {train: mnli}
        b: {train: mnli, max_length: 100, method: "lora[r=99]"}
        s: {evaluate: a, on: xnli, max_length: 300}
        """
    assert [line.split(": ")[1] for line in unfit(stages(body, head))] == [
        "training.max_length",
        "stages.b.method",
        "stages.s.max_length",
    ]


def test_the_backbone_is_looked_at_together_with_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(
        "name: r\nbackbone: b\nstages:\n  a: {train: mnlii, max_length: 600}\n"
        "  b: {train: [mnli, {task: squad, max_length: 700}], max_length: 64, doc_stride: 16}\n"
    )
    asked = []

    def find(name: str, base: Path) -> Backbone:
        asked.append((name, base))
        return TINY

    with pytest.raises(InvalidRecipeError) as error:
        load_recipe(path, tasks=TASKS, find_backbone=find)
    assert [problem.path for problem in error.value.problems] == [
        "stages.a.train",
        "stages.a.max_length",
        "stages.b.train[1].max_length",
    ]
    assert asked == [("b", tmp_path)]


def test_the_ranks_of_a_merge_must_fit() -> None:
    body = """\
        a: {train: mnli, method: "lora[r=20]"}
        b: {train: mnli, method: "lora[r=16]"}
        c: {merge: [a, b]}
        """
    (problem,) = unfit(stages(body))
    assert "stages.c.merge: the merge would be `lora[r=36,alpha=36]`" in problem
    assert "rank r=36 is above the hidden size 32" in problem
    assert "choose a `rank` of at most 32" in problem
    assert unfit(stages(body.replace("[a, b]", "[a, b], rank: 32"))) == []


def test_masked_language_modelling_needs_the_head_of_the_checkpoint(
    tiny_backbone: Path, tmp_path: Path
) -> None:
    from tests.encoders import without_lm_head  # torch: only for the test that needs it

    body = """\
        head: {train: {task: mlm, language: de}, method: head}
        lang_de: {train: {task: mlm, language: de}, method: seq_bn_inv}
        mixed: {train: [mnli, {task: mlm, language: de, weight: 0.1}], method: full}
        """
    recipe = load_text(dedent(stages(body)))
    recipe.check_backbone(inspect_backbone("whole", tiny_backbone))
    bare = inspect_backbone("bare", without_lm_head(tiny_backbone, tmp_path / "bare"))
    with pytest.raises(InvalidRecipeError) as caught:
        recipe.check_backbone(bare)
    first, second = map(str, caught.value.problems)
    assert first.startswith(
        "recipe.yaml:4: stages.lang_de.train.task: backbone `bare` was saved without its head"
    )
    assert second.startswith("recipe.yaml:5: stages.mixed.train[1].task: backbone `bare`")
    assert "method: head}" in first
