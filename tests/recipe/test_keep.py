"""Recipes that keep the best epoch: what they need of their tasks."""

from __future__ import annotations

import pytest

from adapterxlt.errors import InvalidRecipeError
from adapterxlt.recipe.load import load_text
from tests.recipe.helpers import TASKS, load, stages, told

BEST = "name: test\ntraining: {keep: best}"


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        ("name: test", "a: {train: mnli, keep: best, dev_cap: 500}", []),
        (BEST, "a: {train: [xnli, {task: mnli, split: dev}], keep: last}", []),
        (
            BEST,
            "a: {train: [xnli, {task: squad, split: dev}]}",
            [
                (
                    "4 stages.a.train[1].split: with `keep: best`, `squad` cannot be trained on "
                    "`dev`, which chooses the best epoch (train on another split, or use `keep: "
                    "last`)"
                )
            ],
        ),
        (
            "name: test\ntraining: {split: dev, keep: best}",
            "a: {train: mnli}\nb: {train: mnli, keep: last}",
            ["2 training.split: with `keep: best`, `mnli` cannot be trained on `dev`, "],
        ),
        (
            "name: test",
            "a: {train: mnli, dev_cap: 500}",
            ["3 stages.a.dev_cap: has no effect with `keep: last`"],
        ),
        ("name: test\ntraining: {dev_cap: 500}", "a: {train: mnli}", []),
        (
            "name: test",
            "a: {train: mnli, keep: first}",
            ["3 stages.a.keep: must be `last` or `best`"],
        ),
        (
            "name: test",
            "a: {train: mnli, keep: best, dev_cap: 0}",
            ["3 stages.a.dev_cap: must be above 0"],
        ),
    ],
)
def test_problems(head: str, body: str, expected: list[str]) -> None:
    found = told(stages(body, head))
    assert len(found) == len(expected)
    for one, start in zip(found, expected, strict=True):
        assert one.startswith(start)


@pytest.mark.parametrize(
    ("task", "split"),
    [("tydiqa", "test"), ("anli_plus", "dev")],  # TyDiQA's test is its dev
)
def test_tasks_of_the_catalogue(task: str, split: str) -> None:
    text = f"name: r\nstages:\n  a: {{train: {task}, split: {split}, keep: best}}"
    with pytest.raises(InvalidRecipeError, match=f"`{task}` cannot be trained on `{split}`"):
        load_text(text)


def test_a_task_without_dev_split() -> None:
    tasks = {"mnli": TASKS["mnli"].model_copy(update={"splits": ("train", "test")})}
    with pytest.raises(InvalidRecipeError, match="`mnli` has no dev split to choose the best"):
        load_text("name: r\nstages:\n  a: {train: mnli, keep: best}", tasks=tasks)


def test_a_stage_says_otherwise_than_the_recipe() -> None:
    recipe = load(stages("a: {train: mnli}\nb: {train: mnli, keep: last}", BEST)).recipe
    assert [recipe.training_of(name).keep for name in "ab"] == ["best", "last"]
