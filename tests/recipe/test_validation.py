"""Recipes that break the schema, in plain words."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from adapterxlt.recipe.schema import Training
from adapterxlt.stages.merge import MergeStage
from tests.recipe.helpers import problems, stages, told


def in_stage(body: str) -> list[str]:
    return told(stages(body))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a: {train: mnli, lr: fast}", "3 stages.a.lr: must be a number"),
        ("a: {train: mnli, lr: 0}", "3 stages.a.lr: must be above 0"),
        ("a: {train: mnli, lr: true}", "3 stages.a.lr: must be a number"),
        ("a: {train: mnli, warmup: 1}", "3 stages.a.warmup: must be below 1"),
        ("a: {train: mnli, warmup: -0.5}", "3 stages.a.warmup: must be at least 0"),
        ("a: {train: mnli, max_length: 9000}", "3 stages.a.max_length: must be at most 8192"),
        ("a: {train: mnli, batch_size: 1.5}", "3 stages.a.batch_size: must be a whole number"),
        (
            "a: {train: mnli, batch_size: '8'}",
            "3 stages.a.batch_size: must be a whole number (write 8, without quotes)",
        ),
        ("a: {train: mnli, seed: true}", "3 stages.a.seed: must be a whole number"),
        ("a: {train: mnli, seed: 4294967296}", "3 stages.a.seed: must be at most 4294967295"),
        (
            "a: {train: mnli, frozen_dropout: 1}",
            "3 stages.a.frozen_dropout: must be true or false",
        ),
        (
            "a: {train: mnli, precision: fp8}",
            "3 stages.a.precision: must be `fp32`, `bf16`, `fp16` or `auto`",
        ),
        (
            "a: {train: mnli, method: 3}",
            "3 stages.a.method: must be a string (put the value in quotes)",
        ),
        ("a: {train: 3}", "3 stages.a.train: must be a task or a list of tasks"),
        ("a: {train: [mnli, 3]}", "3 stages.a.train[1]: must be a task or a mapping"),
        ("a: {train: []}", "3 stages.a.train: needs at least 1 item"),
        (
            "a: {train: [mnli, {task: squad, splt: dev}]}",
            "3 stages.a.train[1].splt: is not a known key (did you mean `split`?)",
        ),
        ("a: {train: [mnli, {split: dev}]}", "3 stages.a.train[1].task: is missing"),
        ("a: {train: mnli, language: 3}", "3 stages.a.language: must be a language or a list"),
        ("a: {train: mnli, after: {b: c}}", "3 stages.a.after: must be a string"),
        (
            "a: {train: mnli, methd: lora}",
            "3 stages.a.methd: is not a known key (did you mean `method`?)",
        ),
        ("a: {retrieve: none}", "3 stages.a.on: is missing"),
        ("a: {fuse: b, train: mnli}", "3 stages.a.fuse: needs at least 2 items"),
        ("a: {merge: []}", "3 stages.a.merge: needs at least 2 items"),
        ("a: {evaluate: none}", "3 stages.a.on: is missing"),
        ("a: {evaluate: [], on: xnli}", "3 stages.a.evaluate: needs at least 1 item"),
        ("a: {evaluate: [[b]], on: xnli}", "3 stages.a.evaluate[0]: must be a string"),
        (
            "a: {evaluate: none, on: xnli, languages: []}",
            "3 stages.a.languages: needs at least 1 item",
        ),
        (
            "a: {evaluate: none, on: xnli, languages: [de, 3]}",
            "3 stages.a.languages[1]: must be a string (put the value in quotes)",
        ),
        (
            "a: {evaluate: none, on: xnli, languages: {de: 1}}",
            "3 stages.a.languages: must be `all` or a list of languages",
        ),
        (
            "a: {retrieve: none, on: tatoeba, layers: last}",
            "3 stages.a.layers: must be `all`, `protocol` or a list of layer numbers",
        ),
        (
            "a: {retrieve: none, on: tatoeba, layers: protocoll}",
            "3 stages.a.layers: must be `all`, `protocol` or a list of layer numbers (did you "
            "mean `protocol`?)",
        ),
        (
            "a: {retrieve: none, on: tatoeba, layers: [1, last]}",
            "3 stages.a.layers[1]: must be a whole number",
        ),
        (
            "a: {retrieve: none, on: tatoeba, layers: {}}",
            "3 stages.a.layers: must be `all`, `protocol` or a list of layer numbers",
        ),
        (
            "a: {evaluate: none, on: xnli, split: train}",
            "3 stages.a.split: must be `dev` or `test`",
        ),
        (
            "a: {train: mnli, merge: [b, c]}",
            "3 stages.a: has `merge` and `train`, but a stage does",
        ),
        ("a: {evaluate: b, train: mnli}", "3 stages.a: has `evaluate` and `train`"),
        ("a: {trian: mnli}", "3 stages.a: does not say what to do (did you mean `train`?)"),
        ("a: {method: lora}", "3 stages.a: does not say what to do (a stage has one of `train`"),
        ("a: mnli", "3 stages.a: must be a mapping (a stage has one of `train`"),
        ("a: []", "3 stages.a: must be a mapping"),
        ("a b: {train: mnli}", "3 stages.a b: is not a valid name"),
        ("_a: {train: mnli}", "3 stages._a: is not a valid name (begin with a letter or a digit"),
        ("-x: {train: mnli}", "3 stages.-x: is not a valid name (begin with a letter or a digit"),
        ("a: {merge: {b: c}}", "3 stages.a.merge: must be a list"),
        (
            "a: {evaluate: {b: c}, on: xnli}",
            "3 stages.a.evaluate: must be a single value or a list",
        ),
        ("a: {train: mnli, lr: '1e-3'}", "3 stages.a.lr: must be a number (write 1e-3, without"),
        (
            f"a: {{ensemble: [{', '.join('b' * 33)}]}}",
            "3 stages.a.ensemble: has more than 32 items",
        ),
        (f"{'a' * 81}: {{train: mnli}}", f"3 stages.{'a' * 81}: has more than 80 characters"),
    ],
)
def test_a_stage_that_breaks_the_schema(body: str, expected: str) -> None:
    found = [line for line in in_stage(body) if "`none`" not in line]
    assert len(found) == 1, found
    assert found[0].startswith(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: x\n", ["1 stages: is missing (for example `nli: "]),
        ("name: x\nstages:\n", ["2 stages: has no stage (for example `nli: "]),
        ("name: x\nstages: {}\n", ["2 stages: has no stage (for example `nli: "]),
        ("name: x\nstages: [a]\n", ["2 stages: must be a mapping of names to stages"]),
        ("stages: {a: {train: mnli}}\n", ["1 name: is missing"]),
        ("name: ../x\nstages: {a: {train: mnli}}\n", ["1 name: is not a valid name"]),
        (
            "name: 3\nstages: {a: {train: mnli}}\n",
            ["1 name: must be a string (put the value in quotes)"],
        ),
        (
            "name: x\nstage: 1\nstages: {a: {train: mnli}}\n",
            ["2 stage: is not a known key (did you mean `stages`?)"],
        ),
        (
            "name: x\ntraining: {lrr: 1}\nstages: {a: {train: mnli}}\n",
            ["2 training.lrr: is not a known key (did you mean `lr`?)"],
        ),
        (
            "name: x\ntraining: 3\nstages: {a: {train: mnli}}\n",
            ["2 training: must be a mapping"],
        ),
        ("name: x\ndata: []\nstages: {a: {train: mnli}}\n", ["2 data: needs at least 1 item"]),
        (
            "name: x\ndata: {a: b}\nstages: {a: {train: mnli}}\n",
            ["2 data: must be a single value or a list"],
        ),
        ("name: x\nseed: -1\nstages: {a: {train: mnli}}\n", ["2 seed: must be at least 0"]),
        *(
            (f"name: x\n{line}\nstages: {{a: {{train: mnli}}}}\n", [f"2 {expected}"])
            for line, expected in (
                ("backbone: 3", "backbone: must be a name or a mapping"),
                ("backbone:", "backbone: must be a name or a mapping (it is empty)"),
                ("store:", "store: must be a mapping (it is empty)"),
                ("seed:", "seed: must be a whole number (it is empty)"),
                ("epochs: 3", "epochs: is not a key of the recipe itself (put it in `training` or"),
                ("method: lora", "method: is not a key of the recipe itself (put it in a stage)"),
                ("backbone: ''", "backbone.name: must not be empty"),
                (
                    "backbone: {name: mini, seen: mnli}",
                    "backbone.seen: must be a list (write [mnli])",
                ),
                ("seed: 99999999999999999999", "seed: is too large (a whole number has at most 18"),
                ("seed: 1e30", "seed: is too large"),
                ("seed: 1e3", "seed: must be a whole number (write 1000)"),
                (
                    "training: {token_budget: 1e9}",
                    "training.token_budget: must be a whole number (write 1000000000)",
                ),
                ("device: 3", "device: must be auto, cpu, "),
                ("resources: {memory: 16}", "resources.memory: must be a size such as 16GB"),
                ("store: {remotes: [3]}", "store.remotes[0]: must be an address or a mapping"),
            )
        ),
    ],
)
def test_a_recipe_that_breaks_the_schema(text: str, expected: list[str]) -> None:
    found = told(text)
    assert len(found) == len(expected), found
    for line, start in zip(found, expected, strict=True):
        assert line.startswith(start)


def test_words_of_the_schema_library_never_show() -> None:
    text = stages(
        """
        a: {train: 3, lr: x, cap: 1.5, precision: 2, nope: 1}
        b: {evaluate: {}, on: 3, languages: 4, split: 5}
        c: {merge: 1, weights: [x]}
        d: {retrieve: [1], on: [[]], layers: [x], max_length: 1}
        """
    )
    words = " ".join(map(str, problems(text))).lower()
    for jargon in (
        "pydantic",
        "http",
        "input",
        "valid",
        "value error",
        "type=",
        "literal",
        "extra",
    ):
        assert jargon not in words


@pytest.mark.parametrize("number", [".nan", "nan", ".inf", "-.inf", "inf", "1e999", "-1e999"])
def test_every_number_is_finite(number):
    keys = ("lr", "epochs", "warmup", "weight_decay", "max_grad_norm", "temperature")
    what = "a finite number" if not number.lstrip("-").startswith(".") else "a number"
    for key in keys:
        expected = f"3 stages.a.{key}: must be {what}"
        assert expected in in_stage(f"a: {{train: mnli, {key}: {number}}}")
    with pytest.raises(ValidationError, match="finite"):
        MergeStage(merge=["a", "b"], weights=[1.0, float("nan")])
    with pytest.raises(ValidationError, match="finite"):
        Training(lr=float("inf"))
