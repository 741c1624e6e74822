"""Problems that stand beside others, or would follow from them."""

from __future__ import annotations

import pytest

from tests.recipe.helpers import stages, told


def in_stage(body: str) -> list[str]:
    return told(stages(body))


def test_all_problems_come_at_once_and_by_line() -> None:
    text = """\
        name: bad recipe
        sed: 3
        training: {epochs: 0}
        stages:
          nli: {train: mnlii, methd: lora}
          ok: {train: mnlii}
          scores: {evaluate: [nli, okk], on: xnli, languages: [xx], cap: 0}
          more: {evaluate: [nli, okk], on: xnli, languages: [xx]}
        """
    assert [line.split(":")[0] for line in told(text)] == [
        "1 name",
        "2 sed",
        "3 training.epochs",
        "5 stages.nli.methd",
        "5 stages.nli.train",
        "6 stages.ok.train",
        "7 stages.scores.cap",
        "7 stages.scores.evaluate[1]",
        "7 stages.scores.languages[0]",
        "8 stages.more.evaluate[1]",
        "8 stages.more.languages[0]",
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (  # a bad key, a bad number, and what is wrong with the rest
            "a: {train: udpos, nope: 1, epochs: 0, method: lorra, language: xx, split: test}",
            [
                "stages.a.nope: is not a known key",
                "stages.a.epochs: must be above 0",
                "stages.a.method: unknown method `lorra`",
                "stages.a.split: `udpos` has no split `test`",
            ],
        ),
        (
            "a: {train: udpos, max_length: no, language: xx, after: b}",
            [
                "stages.a.max_length: must be a whole number",
                "stages.a.language: `udpos` has no language `xx`",
                "stages.a.after: there is no stage `b`",
            ],
        ),
        (  # of one bad task in a list, the others are looked at
            "a: {train: [{task: udpos, splt: dev, language: xx}, {task: mnli, language: de}, x]}",
            [
                "stages.a.train[0].splt: is not a known key (did you mean `split`?)",
                "stages.a.train[0].language: `udpos` has no language `xx`",
                "stages.a.train[1].language: `mnli` has no language `de`",
                "stages.a.train[2]: unknown task `x`",
            ],
        ),
        (
            "a: {train: 3, method: lorra, stack_on: b, lr: no}",
            [
                "stages.a.train: must be a task or a list of tasks",
                "stages.a.method: unknown method `lorra`",
                "stages.a.stack_on: there is no stage `b`",
                "stages.a.lr: must be a number",
            ],
        ),
        (
            "a: {evaluate: b, on: [xnl, tatoeba], languages: 3, cap: x, baseline: c}",
            [
                "stages.a.evaluate[0]: there is no stage `b`",
                "stages.a.on[0]: unknown task `xnl`",
                "stages.a.on[1]: `tatoeba` is sentence retrieval",
                "stages.a.languages[0]: must be a string",
                "stages.a.cap: must be a whole number",
                "stages.a.baseline: `c` is not one of the models listed here",
            ],
        ),
        (
            "a: {evaluate: b, languages: [xx]}",
            ["stages.a.on: is missing", "stages.a.evaluate[0]: there is no stage `b`"],
        ),
        (
            "a: {retrieve: [none, b], on: xnli, layers: [-1], max_length: 1, protocol: x}",
            [
                "stages.a.retrieve[1]: there is no stage `b`",
                "stages.a.on[0]: `xnli` is pair classification",
                "stages.a.layers[0]: there is no layer -1",
                "stages.a.max_length: must be at least 8",
                "stages.a.protocol: unknown protocol `x`",
            ],
        ),
        (  # the kind is told by a misspelt key
            "a: {trian: mnli, methd: lora, lr: 0}",
            [
                "stages.a: does not say what to do (did you mean `train`?)",
                "stages.a.methd: is not a known key (did you mean `method`?)",
                "stages.a.lr: must be above 0",
            ],
        ),
    ],
)
def test_one_bad_key_does_not_hide_the_others(body: str, expected: list[str]) -> None:
    found = [line.partition(" ")[2] for line in in_stage(body)]
    unmatched = [line for line in found if not any(line.startswith(start) for start in expected)]
    assert (len(found), unmatched) == (len(expected), [])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # What a lost value would have been is not guessed at.
        (
            "a: {train: mnli, methd: lora}\nb: {train: udpos, method: lora, after: a}",
            ["a.methd"],
        ),
        ("a: {train: squad, max_length: 64, doc_strid: 16}", ["a.doc_strid"]),
        ("a: {train: squad, max_length: 64, doc_stride: 0}", ["a.doc_stride"]),
        ("a: {train: [mnli, squad], sampling: capped, sampling_cap: 0}", ["a.sampling_cap"]),
        ("a: {train: [mnli, {task: udpos, splt: dev}, udpos]}", ["a.train[1].splt"]),
        (
            "a: {train: 3}\ns: {evaluate: a, on: xnli}\nb: {train: mnli, after: a}",
            ["a.train"],
        ),
        ("a: {evaluate: 3, on: xnli, baseline: b}", ["a.evaluate[0]"]),
        (
            "a: {train: mnli}\nb: {train: mnli, seed: 2}\nm: {merge: [a, 3], weights: [1, 2, 3]}",
            ["m.merge[1]"],
        ),
    ],
)
def test_what_a_bad_value_would_cause_is_not_told(body: str, expected: list[str]) -> None:
    found = [line.split()[1].removeprefix("stages.").rstrip(":") for line in in_stage(body)]
    assert found == expected


def test_one_bad_default_does_not_hide_the_others() -> None:
    head = "name: x\ntraining: {epochs: 0, max_length: no, language: xx, doc_stride: 200}"
    assert [line.split()[1] for line in told(stages("a: {train: squad, lr: 0}", head))] == [
        "training.epochs:",
        "training.max_length:",
        "training.language:",
        "stages.a.lr:",
    ]


def test_a_bad_matrix_does_not_hide_the_rest() -> None:
    text = """\
        name: x
        nope: 1
        matrix: {task: []}
        stages:
          "${task}_a": {train: "${task}", lr: 0}
          b: {train: mnli, lr: 0}
        """
    assert [line.split(": ")[0] for line in told(text)] == [
        "2 nope",
        "3 matrix.task",
        "6 stages.b.lr",
    ]


@pytest.mark.parametrize(
    ("stage", "meant"),
    [("evaluate: a, on: pawsxx", "pawsx"), ("retrieve: none, on: tatoeeba", "tatoeba")],
)
def test_a_misspelt_task_does_not_hide_its_languages(stage: str, meant: str) -> None:
    lines = in_stage(f"a: {{train: pawsx}}\ns: {{{stage}, languages: [de, xx]}}")
    assert [line.split(" (")[0].partition(" ")[2] for line in lines] == [
        f"stages.s.on[0]: unknown task `{stage.split()[-1]}`",
        f"stages.s.languages[1]: `{meant}` has no language `xx`",
    ]


@pytest.mark.parametrize("name", ["name: a b", "name: r\ndevice: 5", "nam: r"])
def test_wrong_keys_hide_nothing_of_the_others(name: str) -> None:
    body = "a: {train: pawsx}\n  s: {evaluate: a, on: pawsx}"
    compare = "compare: {baseline: direkt, equivalence: -1}\nbackbone: {name: mini, seen: [mnlii]}"
    lines = told(f"{name}\n{compare}\nstages:\n  {body}\n")
    found = [line.split(":")[0].split()[1] for line in lines]
    assert {"compare.baseline", "compare.equivalence", "backbone.seen[0]"} < {*found}


def test_a_wrong_matrix_hides_nothing_outside_the_stages() -> None:
    text = """\
        name: a b
        matrix: {seed: [1, 2]}
        stages:
          "x.s${seed}": {train: pawsx}
        compare: {equivalence: -1}
        """
    assert [line.split(":")[0] for line in told(text)] == [
        "1 name",
        "4 stages.x.s${seed}",
        "5 compare.equivalence",
    ]
