"""Stages repeated over the values of a matrix."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.stages.evaluate import EvaluateStage
from adapterxlt.stages.retrieve import RetrieveStage
from adapterxlt.stages.train import TrainStage
from tests.recipe.helpers import load, stages, told

HEAD = "name: test\nmatrix: {task: [mnli, xnli], seed: [1, 2], lr: [1e-4, 3e-4]}"


def test_a_stage_is_repeated_for_the_variables_in_its_name() -> None:
    recipe = load(
        stages('"${task}_${seed}": {train: "${task}", seed: "${seed}", lr: 1e-3}', HEAD)
    ).recipe
    made = {name: stage for name, stage in recipe.stages.items() if isinstance(stage, TrainStage)}
    assert {name: (stage.train[0].task, stage.seed) for name, stage in made.items()} == {
        "mnli_1": ("mnli", 1),
        "mnli_2": ("mnli", 2),
        "xnli_1": ("xnli", 1),
        "xnli_2": ("xnli", 2),
    }


def test_a_number_keeps_its_type_alone_and_its_spelling_in_a_name() -> None:
    recipe = load(stages('"nli_${lr}": {train: mnli, lr: "${lr}"}', HEAD)).recipe
    assert {name: getattr(stage, "lr", None) for name, stage in recipe.stages.items()} == {
        "nli_1e-4": 1e-4,
        "nli_3e-4": 3e-4,
    }


def test_list_items_stand_for_all_combinations_in_place() -> None:
    recipe = load(
        stages(
            """
            direct: {train: mnli}
            "${task}_${seed}": {train: "${task}"}
            all: {evaluate: [direct, "${task}_${seed}"], on: xnli}
            "of_${seed}": {evaluate: "${task}_${seed}", on: xnli}
            """,
            HEAD,
        )
    ).recipe
    listed = {n: s.evaluate for n, s in recipe.stages.items() if isinstance(s, EvaluateStage)}
    assert listed == {
        "all": ["direct", "mnli_1", "mnli_2", "xnli_1", "xnli_2"],
        "of_1": ["mnli_1", "xnli_1"],
        "of_2": ["mnli_2", "xnli_2"],
    }


def test_languages_and_layers_can_come_from_the_matrix() -> None:
    recipe = load(
        stages(
            '"s_${layer}": {retrieve: none, on: tatoeba, layers: "${layer}", '
            'languages: "${where}"}',
            "name: test\nmatrix: {layer: [0, 3], where: [all]}",
        )
    ).recipe
    found = [
        (s.layers, s.languages) for s in recipe.stages.values() if isinstance(s, RetrieveStage)
    ]
    assert found == [([0], "all"), ([3], "all")]


def test_the_place_of_the_stages_is_kept() -> None:
    recipe = load(
        stages('a: {train: mnli}\n"x_${seed}": {train: mnli}\nb: {train: mnli}', HEAD)
    ).recipe
    assert list(recipe.stages) == ["a", "x_1", "x_2", "b"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            '"${tusk}": {train: mnli}',
            ["4 stages.${tusk}: `${tusk}` is not in the matrix (did you mean `task`?)"],
        ),
        (
            'a: {train: "${task}"}',
            [
                "4 stages.a.train: `${task}` is not in the name of the stage (put it there, so "
                "that the stage is repeated, or use it in a list)"
            ],
        ),
        (
            '"x_${task}": {train: mnli, seed: "${seed}"}',
            [
                "4 stages.x_${task}.seed: `${seed}` is not in the name of the stage (put it "
                "there, so that the stage is repeated, or use it in a list)"
            ],
        ),
        (
            '"x_${seed}": {train: mnli}\nx_2: {train: mnli}',
            ["5 stages.x_2: makes a second stage `x_2` (rename one of the two)"],
        ),
        (
            'a: {train: mnli, "${seed}": 1}',
            ["4 stages.a.${seed}: is not known here"],
        ),
        ('a: {train: "${}"}', ["4 stages.a.train: `${}` is not in the matrix"]),
    ],
)
def test_placeholders_that_make_no_sense(body: str, expected: list[str]) -> None:
    found = told(stages(body, HEAD))
    assert len(found) == len(expected)
    for line, start in zip(found, expected, strict=True):
        assert line.startswith(start)


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ("[a]", "2 matrix: must be a mapping of names to lists"),
        ("{a: 1}", "2 matrix.a: must be a list of at least one value"),
        ("{a: []}", "2 matrix.a: must be a list of at least one value"),
        ("{a: [[1]]}", "2 matrix.a: must be a list of plain values"),
        ("{a: [~]}", "2 matrix.a: must be a list of plain values"),
        ("{a: [1, 1]}", "2 matrix.a: has a value twice"),
        ("{a-b: [1]}", "2 matrix.a-b: a variable is made of letters, digits and _"),
        ('{a: ["${b}"], b: [1]}', "2 matrix.a[0]: `${b}` cannot be a value of the matrix"),
    ],
)
def test_matrices_that_make_no_sense(matrix: str, expected: str) -> None:
    assert told(stages("nli: {train: mnli}", f"name: test\nmatrix: {matrix}")) == [expected]


def test_placeholders_belong_into_stages() -> None:
    head = 'name: "${seed}"\nmatrix: {seed: [1]}'
    assert told(stages("nli: {train: mnli}", head)) == [
        "1 name: `${seed}` is allowed in `stages` only"
    ]


def test_a_placeholder_without_a_matrix() -> None:
    assert told(stages('"a_${x}": {train: mnli}')) == [
        "3 stages.a_${x}: `${x}` is not in the matrix (the recipe has no `matrix`)"
    ]


def many(name: str, count: int) -> str:
    return f"{name}: [{', '.join(map(str, range(count)))}]"


def test_the_number_of_stages_is_bounded() -> None:
    head = f"name: test\nmatrix: {{{many('a', 32)}, {many('b', 32)}}}"
    assert told(stages('"x_${a}_${b}": {train: mnli}', head)) == [
        "4 stages.x_${a}_${b}: a recipe has at most 1000 stages"
    ]


def test_the_length_of_lists_is_bounded() -> None:
    head = f"name: test\nmatrix: {{{many('a', 40)}, {many('b', 40)}}}"
    assert told(stages('e: {evaluate: ["${a}_${b}"], on: xnli}', head)) == [
        "4 stages.e.evaluate[0]: becomes more than 1000 items"
    ]


def test_the_size_of_all_stages_together_is_bounded() -> None:
    head = f"name: test\nmatrix: {{{many('a', 900)}}}"
    body = '"x_${a}": {evaluate: ["${a}", ' + ", ".join(map(str, range(200))) + "], on: xnli}"
    assert told(stages(body, head)) == ["4 stages.x_${a}: the matrix makes too large a recipe"]


def test_a_problem_that_the_matrix_repeats_is_told_once() -> None:
    body = '"x_${seed}": {train: mnli, lr: -1, method: seq_bm}\nb: {train: mnli, lr: -1}'
    assert told(stages(body, HEAD)) == [
        "4 stages.x_1.lr: must be above 0",
        "4 stages.x_1.method: unknown method `seq_bm` (did you mean `seq_bn`?)",
        "5 stages.b.lr: must be above 0",
    ]
    body = '"x_${seed}": {train: mnli, method: seq_bm}\nb: {train: mnli, method: seq_bm}'
    assert [line.split(":")[0] for line in told(stages(body, HEAD))] == [
        "4 stages.x_1.method",
        "5 stages.b.method",
    ]


VALUES = st.lists(
    st.integers(0, 99).map(str) | st.sampled_from(["mnli", "de", "x-y"]),
    min_size=1,
    max_size=4,
    unique=True,
)


@given(st.dictionaries(st.sampled_from(["a", "b_2", "C"]), VALUES, min_size=1))
def test_any_matrix_makes_the_product_of_its_values(matrix: dict[str, list[str]]) -> None:
    name = "s" + "".join(f"_${{{variable}}}" for variable in matrix)
    head = "name: test\nmatrix:\n" + "".join(
        f"  {variable}: [{', '.join(values)}]\n" for variable, values in matrix.items()
    )
    text = f'{head}stages:\n  "{name}": {{train: mnli}}\n  e: {{evaluate: "{name}", on: xnli}}\n'
    recipe = load(text).recipe
    expected = ["_".join(("s", *values)) for values in itertools.product(*matrix.values())]
    assert list(recipe.stages) == [*expected, "e"]
    scores = recipe.stages["e"]
    assert isinstance(scores, EvaluateStage)
    assert scores.evaluate == expected
