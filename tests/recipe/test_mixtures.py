"""Stages that train on several tasks."""

from __future__ import annotations

import pytest

from adapterxlt.recipe.heads import head_for
from adapterxlt.recipe.schema import Recipe
from adapterxlt.recipe.task_data import Part
from tests.recipe.helpers import TASKS, load, stages, told


def recipe(body: str, head: str = "name: test") -> Recipe:
    return load(stages(body, head)).recipe


def test_every_way_to_name_tasks() -> None:
    made = recipe(
        """\
        a: {train: mnli}
        b: {train: [mnli], language: en}
        c: {train: {task: mnli}, cap: 5}
        d: {train: [mnli, {task: udpos, language: [de, fr], cap: 9, max_length: 64, split: dev}]}
        e: {train: udpos, language: [de, fr], cap: 7}
        """
    )
    mnli = Part("mnli", "en", "train", None, 128)
    assert made.parts_of("a") == made.parts_of("b") == (mnli,)
    assert made.parts_of("c") == (Part("mnli", "en", "train", 5, 128),)
    assert made.parts_of("d") == (
        mnli,
        Part("udpos", "de", "dev", 9, 64),
        Part("udpos", "fr", "dev", 9, 64),
    )
    assert [(part.language, part.cap) for part in made.parts_of("e")] == [("de", 7), ("fr", 7)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "a: {train: [mnli, squd]}",
            ["3 stages.a.train[1]: unknown task `squd` (did you mean `squad`?)"],
        ),
        (
            "a: {train: [{task: mnlii, cap: 3}, tatoeba]}",
            [
                "3 stages.a.train[0].task: unknown task `mnlii` (did you mean `mnli`?)",
                "3 stages.a.train[1]: `tatoeba` is sentence retrieval, which has no training data",
            ],
        ),
        (
            "a: {train: [mnli, {task: udpos, language: xx}]}",
            ["3 stages.a.train[1].language: `udpos` has no language `xx`"],
        ),
        (
            "a: {train: [mnli, {task: xnli, split: test}, {task: mnli, split: test}]}",
            ["3 stages.a.train[2].split: `mnli` has no split `test`"],
        ),
        ("a: {train: [mnli, mnli]}", ["3 stages.a.train[1]: `mnli` is listed twice"]),
        ("a: {train: [mnli, {task: mnli, cap: 5}]}", []),
        (
            "a: {train: [mnli, {task: squad, max_length: 70}]}",
            ["3 stages.a.doc_stride: windows of 70 subwords cannot overlap by 64"],
        ),
        ("a: {train: [mnli, squad], sampling: capped}", ["3 stages.a.sampling: needs `sampling_"]),
        (
            "a: {train: [mnli, squad], sampling: temperature}",
            ["3 stages.a.sampling: needs `temperature` (for example 2)"],
        ),
        ("a: {train: [mnli, squad], sampling: temperature, temperature: 2}", []),
        (
            "a: {train: [mnli, squad], sampling: uniform, sampling_cap: 5, temperature: 2}",
            [
                "3 stages.a.sampling_cap: has no effect with `sampling: uniform`",
                "3 stages.a.temperature: has no effect with `sampling: uniform`",
            ],
        ),
        (
            "a: {train: mnli, sampling: uniform}",
            [
                (
                    "3 stages.a.sampling: the stage trains on one task, so there is nothing to "
                    "sample from"
                )
            ],
        ),
        ("a: {train: udpos, language: [en, de], sampling: uniform}", []),
        (
            "a: {train: [mnli, squad], sampling: often}",
            ["3 stages.a.sampling: must be `proportional`, `capped`, `temperature` or `uniform`"],
        ),
    ],
)
def test_problems(body: str, expected: list[str]) -> None:
    found = told(stages(body))
    assert len(found) == len(expected)
    for one, start in zip(found, expected, strict=True):
        assert one.startswith(start)


def test_defaults_for_all_stages_are_no_problem_of_a_single_task() -> None:
    head = "name: test\ntraining: {sampling: capped, sampling_cap: 100}"
    made = recipe("a: {train: mnli}\nb: {train: [mnli, squad]}", head)
    assert made.training_of("b").sampling_cap == 100


def test_what_a_mixture_can_be_evaluated_on() -> None:
    body = "a: {train: [mnli, udpos]}\ns: {evaluate: a, on: [xnli, udpos, pawsx, squad]}"
    assert [line.partition("; ")[0] for line in told(stages(body))] == [
        "4 stages.s.evaluate[0]: `a` cannot be evaluated on `pawsx`: their labels differ: `mnli` "
        "has entailment, neutral, contradiction",
        "4 stages.s.evaluate[0]: `a` cannot be evaluated on `squad`: `mnli` is pair "
        "classification, `squad` is span qa",
    ]


@pytest.mark.parametrize(
    "body",
    [
        "m: {train: [mnli, squad]}\na: {train: pawsx, after: m}\ns: {evaluate: a, on: pawsx}",
        "m: {train: [mnli, squad]}\na: {train: udpos, stack_on: m}\ns: {evaluate: a, on: udpos}",
        "m: {train: [mnli, squad]}\nn: {train: pawsx}\na: {train: [udpos, pawsx], fuse: [m, n]}\n"
        "s: {evaluate: a, on: [udpos, pawsx]}",
        "m: {train: [mnli, squad]}\nn: {train: [mnli, squad], seed: 2}\na: {merge: [m, n]}\n"
        "s: {evaluate: a, on: [xnli, squad]}",
    ],
)
def test_what_can_be_built_on_a_mixture(body: str) -> None:
    assert told(stages(body)) == []


def test_a_merge_of_different_mixtures_has_no_head() -> None:
    body = """\
        m: {train: [mnli, squad]}
        n: {train: mnli}
        a: {merge: [m, n]}
        s: {evaluate: a, on: xnli}
        """
    (problem,) = told(stages(body))
    assert (
        "merges adapters with different heads, so it has no head: one has 2, another 1" in problem
    )


def test_the_head_of_the_task_itself_comes_first() -> None:
    snli = TASKS["mnli"].model_copy(update={"name": "snli"})
    xnli, mnli, squad = TASKS["xnli"], TASKS["mnli"], TASKS["squad"]
    assert head_for([squad, snli, mnli], xnli) == mnli  # what XNLI learns from
    assert head_for([squad, snli], xnli) == snli  # what fits
    assert head_for([mnli, snli], snli) == snli
    assert head_for([squad], xnli) is None
