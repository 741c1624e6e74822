"""Stages repeated over the values of a matrix."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.documents.nodes import plain
from adapterxlt.documents.yaml_lines import read_text
from adapterxlt.errors import InvalidRecipeError, Problem
from adapterxlt.recipe.load import load_recipe
from adapterxlt.recipe.matrix import expand_matrix
from adapterxlt.stages.evaluate import EvaluateStage
from adapterxlt.stages.retrieve import RetrieveStage
from adapterxlt.stages.train import TrainStage
from tests.recipe.helpers import load, stages, told

SEEDS = "name: test\nmatrix: {seed: [1, 2]}"
BOTH = "name: test\nmatrix: {task: [mnli, xnli], seed: [1, 2]}"


def test_a_stage_is_repeated_for_the_variables_in_its_name() -> None:
    recipe = load(
        stages('"${task}_${seed}": {train: "${task}", seed: "${seed}", lr: 1e-3}', BOTH)
    ).recipe
    made = {name: stage for name, stage in recipe.stages.items() if isinstance(stage, TrainStage)}
    assert {name: (stage.train[0].task, stage.seed) for name, stage in made.items()} == {
        "mnli_1": ("mnli", 1),
        "mnli_2": ("mnli", 2),
        "xnli_1": ("xnli", 1),
        "xnli_2": ("xnli", 2),
    }


def test_a_number_keeps_its_type_alone_and_its_spelling_in_a_name() -> None:
    head = "name: test\nmatrix: {lr: [1e-4, 3e-4]}"
    recipe = load(stages('"nli_${lr}": {train: mnli, lr: "${lr}"}', head)).recipe
    assert {name: getattr(stage, "lr", None) for name, stage in recipe.stages.items()} == {
        "nli_1e-4": 1e-4,
        "nli_3e-4": 3e-4,
    }


def test_list_items_stand_for_all_combinations_in_place() -> None:
    recipe = load(
        stages(
            """
            direct: {train: mnli}
            "${task}_${seed}": {train: "${task}", seed: "${seed}"}
            all: {evaluate: [direct, "${task}_${seed}"], on: xnli}
            "of_${seed}": {evaluate: "${task}_${seed}", on: xnli}
            """,
            BOTH,
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


STUDY = """name: test
matrix:
  before: [~, mnli, squad]
  method: {adapter: {is: seq_bn}, lora: {is: "lora[r=8]", lr: 2e-4}}
  target: {udpos: {cap: 500}, xnli: {task: mnli}}
  seed: [1, 2]
  exclude:
    - {before: squad, target: udpos}
    - {method: lora, seed: 2}
  include:
    - {before: csqa, method: adapter, target: udpos, seed: 7}
"""
STAGES = """
"${before}.${method}.s${seed}": {train: "${before}", method: "${method.is}", seed: "${seed}"}
"${before}.${method}.${target}.s${seed}":
  train: {task: "${target}", cap: "${target.cap}"}
  method: "${method.is}"
  lr: "${method.lr}"
  seed: "${seed}"
  after: "${before}.${method}.s${seed}"
"of.${target}.s${seed}": {evaluate: ["${before}.${method}.${target}.s${seed}"], on: "${target}"}
"""


def expanded(head: str, body: str) -> dict[str, object]:
    problems: list[Problem] = []
    root = expand_matrix(read_text(stages(body, head), "recipe", problems), problems)
    assert problems == []
    assert root is not None
    found = plain(root)
    assert isinstance(found, dict)
    return dict(found["stages"])


def test_a_study() -> None:
    found = expanded(STUDY, STAGES)
    assert found["none.adapter.udpos.s1"] == {
        "train": {"task": "udpos", "cap": 500}, "method": "seq_bn", "seed": 1,
    }  # fmt: skip
    assert found["mnli.lora.xnli.s1"] == {
        "train": {"task": "xnli"}, "method": "lora[r=8]", "lr": 2e-4, "seed": 1,
        "after": "mnli.lora.s1",
    }  # fmt: skip
    assert found["csqa.adapter.udpos.s7"]["after"] == "csqa.adapter.s7"  # type: ignore[index]
    assert "none.adapter.s1" not in found  # it would train on nothing
    assert found["csqa.adapter.s7"] == {"train": "csqa", "method": "seq_bn", "seed": 7}
    assert found["of.udpos.s1"]["evaluate"] == [  # type: ignore[index]
        "none.adapter.udpos.s1", "none.lora.udpos.s1", "mnli.adapter.udpos.s1",
        "mnli.lora.udpos.s1",
    ]  # fmt: skip
    assert found["of.udpos.s7"]["evaluate"] == ["csqa.adapter.udpos.s7"]  # type: ignore[index]
    trained = [name for name in found if name.count(".") == 3]
    assert not any("squad" in name and "udpos" in name for name in trained)
    assert not any("lora" in name and "s2" in name for name in trained)
    assert len(trained) == 24 - 4 - 6 + 1 + 1


def test_what_a_value_has_not_is_left_out_of_lists() -> None:
    head = "name: test\nmatrix: {a: {x: {of: [de, sw]}, y: {one: fr}}, b: [~, nli]}"
    found = expanded(head, '"t_${a}": {list: ["${a.one}", "${b}", "${a.of}"], whole: "${a.of}"}')
    assert found == {
        "t_x": {"list": ["none", "nli", "de", "sw"], "whole": ["de", "sw"]},
        "t_y": {"list": ["fr", "none", "nli"]},
    }
    assert told(stages('"t_${a}": {train: "${a.off}"}', head))[0].endswith(
        "`${a.off}`: no value of `a` has the key `off` (did you mean `of`?)"
    )
    assert told(stages('"t_${b}": {train: "${b.of}"}', head))[0].endswith(
        "`${b.of}`: no value of `b` has the key `of` (its values have no keys)"
    )


def test_the_place_of_the_stages_is_kept() -> None:
    body = 'a: {train: mnli}\n"x_${seed}": {train: mnli, seed: "${seed}"}\nb: {train: mnli}'
    recipe = load(stages(body, SEEDS)).recipe
    assert list(recipe.stages) == ["a", "x_1", "x_2", "b"]


LEFT_OUT = "put it in the name to repeat the stage, or use it in a list"


@pytest.mark.parametrize(
    ("matrix", "body", "expected"),
    [
        (
            "task: [mnli]",
            '"${tusk}": {train: mnli}',
            "4 stages.${tusk}: `${tusk}` is not in the matrix (did you mean `task`?)",
        ),
        (
            "task: [mnli]",
            'a: {train: "${task}"}',
            f"4 stages.a.train: `${{task}}` is not in the name of the stage ({LEFT_OUT})",
        ),
        (
            "task: [mnli], seed: [1]",
            '"${task}": {train: "${task}", seed: "${seed}"}',
            f"4 stages.${{task}}.seed: `${{seed}}` is not in the name of the stage ({LEFT_OUT})",
        ),
        (
            "seed: [1, 2]",
            '"x_${seed}": {train: mnli, seed: "${seed}"}\nx_2: {train: mnli}',
            "5 stages.x_2: makes a second stage `x_2` (rename one of the two)",
        ),
        (
            "seed: [1]",
            '"a_${seed}": {train: mnli, "${seed}": 1}',
            "4 stages.a_1.${seed}: is not a known key",
        ),
        ("a: [1]", 'a: {train: "${}"}', "4 stages.a.train: `${}` is not in the matrix"),
        (
            "seed: [1, 2]",
            '"a_${seed}": {train: mnli}',
            "4 stages.a_${seed}: `${seed}` is in the name alone, so its repetitions would be "
            'the same (use it in the stage too, for example `seed: "${seed}"`)',
        ),
        (
            "seed: [1, 2, 3]",
            "a: {train: mnli}",
            "2 matrix.seed: no stage contains `${seed}`, so nothing is repeated (use it in the "
            'name of each stage to repeat, and in the stage: "STAGE.${seed}": {..., '
            'seed: "${seed}"})',
        ),
    ],
)
def test_placeholders_that_make_no_sense(matrix: str, body: str, expected: str) -> None:
    (found,) = told(stages(body, f"name: test\nmatrix: {{{matrix}}}"))
    assert found.startswith(expected)


@pytest.mark.parametrize(
    ("matrix", "body", "names"),
    [
        (
            "group: [old, new], model: [a, b, c], "
            "exclude: [{group: old, model: c}, {group: new, model: [a, b]}]",
            '"of_${group}": {list: ["t_${model}"]}',
            {"of_old": ["t_a", "t_b"], "of_new": ["t_c"]},
        ),
        (
            "family: [x, y], model: [a, b], "
            "exclude: [{family: x, model: b}, {family: y, model: a}]",
            '"${family}.${model}": {list: ["${model}"]}',
            {"x.a": ["a"], "y.b": ["b"]},
        ),
    ],
)
def test_a_variable_in_the_name_alone_may_change_something_by_rules(
    matrix: str, body: str, names: dict[str, list[str]]
) -> None:
    found = expanded(f"name: test\nmatrix: {{{matrix}}}", body)
    assert {name: stage["list"] for name, stage in found.items()} == names  # type: ignore[index]


def test_an_included_matrix_may_serve_other_recipes(tmp_path: Path) -> None:
    (tmp_path / "parts.yaml").write_text("matrix: {seed: [1, 2], lr: [1e-4, 3e-4]}\n")
    recipe = tmp_path / "r.yaml"
    recipe.write_text(
        "name: r\ninclude: parts.yaml\nbackbone: mini\ndata: pocket\nstages:\n"
        '  "nli_${seed}": {train: mnli, seed: "${seed}"}\n'
    )
    assert list(load_recipe(recipe).recipe.stages) == ["nli_1", "nli_2"]
    with pytest.raises(InvalidRecipeError, match=r"^--set: matrix.lr: no stage contains"):
        load_recipe(recipe, ["matrix.lr=[1e-4,2e-4]"])


def test_a_single_value_may_be_in_the_name_alone() -> None:
    recipe = load(
        stages('"nli.${try}": {train: mnli}', "name: test\nmatrix: {try: [second]}")
    ).recipe
    assert list(recipe.stages) == ["nli.second"]


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ("[a]", "2 matrix: must be a mapping of names to lists"),
        ("{a: 1}", "2 matrix.a: must be a list of at least one value, or a mapping of names"),
        ("{a: []}", "2 matrix.a: must be a list of at least one value, or a mapping of names"),
        (
            "{a: [[1]]}",
            "2 matrix.a: must be a list of plain values (write `NAME: {key: value}` for values "
            "with keys)",
        ),
        ("{a: {b: 1}}", "2 matrix.a.b: must be a mapping, or nothing"),
        ("{a: [none, ~]}", "2 matrix.a: `none` is listed twice"),
        (
            "{a: [1], exclude: {a: 1}}",
            "2 matrix.exclude: must be a list of mappings of variables to values",
        ),
        (
            "{a: [1], exclude: [{a: 2}]}",
            "2 matrix.exclude[0].a: `2` is not a value of `a` (known: 1)",
        ),
        (
            "{ab: [1], include: [{ac: 2}]}",
            "2 matrix.include[0].ac: `ac` is not in the matrix (known: ab)",
        ),
        ("{a: [1, 1]}", "2 matrix.a: `1` is listed twice"),
        (
            "{a-b: [1]}",
            "2 matrix.a-b: is not a valid name (begin with a letter or `_`, then use letters, "
            "digits and `_`)",
        ),
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
    body = '"x_${a}_${b}": {train: mnli, seed: "${a}", cap: "${b}"}'
    assert told(stages(body, head)) == ["4 stages.x_${a}_${b}: a recipe has at most 1000 stages"]


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
    seed = 'seed: "${seed}"'
    body = (
        f'"x_${{seed}}": {{train: mnli, lr: -1, method: seq_bm, {seed}}}\n'
        "b: {train: mnli, lr: -1}"
    )
    assert told(stages(body, SEEDS)) == [
        "4 stages.x_1.lr: must be above 0",
        "4 stages.x_1.method: unknown method `seq_bm` (did you mean `seq_bn`?)",
        "5 stages.b.lr: must be above 0",
    ]
    body = (
        f'"x_${{seed}}": {{train: mnli, method: seq_bm, {seed}}}\n'
        "b: {train: mnli, method: seq_bm}"
    )
    assert [line.split(":")[0] for line in told(stages(body, SEEDS))] == [
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
    body = f'"{name}": {{train: mnli, text: "{name}"}}\ne: {{evaluate: ["{name}"], on: xnli}}'
    found = expanded(head, body)
    expected = ["_".join(("s", *values)) for values in itertools.product(*matrix.values())]
    assert list(found) == [*expected, "e"]
    assert found["e"] == {"evaluate": expected, "on": "xnli"}


@pytest.mark.parametrize("more", ["", 'scores: {evaluate: ["${task}_${seed}"], on: xnli}'])
def test_a_matrix_that_leaves_no_combination(more: str) -> None:
    head = "name: test\nmatrix:\n  task: [mnli, xnli]\n  seed: [1]\n  exclude: [{seed: 1}]"
    assert told(stages(f'"${{task}}_${{seed}}": {{train: "${{task}}", seed: "${{seed}}"}}\n{more}',
                       head)) == [
        "5 matrix.exclude: the matrix leaves no combination of its values, so it makes no stage "
        "(remove a rule, or add values)"
    ]  # fmt: skip


def test_a_matrix_that_leaves_other_stages_repeated() -> None:
    head = "name: test\nmatrix: {a: [1, 2], b: [3], exclude: [{a: [1, 2], b: 3}]}"
    assert list(load(stages('"x${a}": {train: mnli, seed: "${a}"}\n'
                            '"y${a}${b}": {train: mnli, seed: "${a}", cap: "${b}"}',
                            head)).recipe.stages) == ["x1", "x2"]  # fmt: skip


def test_a_matrix_of_null_alone_leaves_no_stage() -> None:
    head = "name: test\nmatrix: {task: [null]}"
    assert told(stages('"${task}": {train: "${task}"}', head)) == [
        "2 matrix: the matrix leaves no stage, because the value that each would use is null "
        "(add a value that is not null)"
    ]
