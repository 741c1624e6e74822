"""What recipes mean: references, tasks, languages, splits, baselines."""

from __future__ import annotations

import pytest

from adapterxlt.errors import InvalidRecipeError
from adapterxlt.recipe.load import load_text
from adapterxlt.retrieval.protocols import PROTOCOLS
from tests.recipe.helpers import load, stages, told

BASE = "nli: {train: mnli}\npos: {train: udpos}\n"


def added(body: str) -> list[str]:
    """The problems of stages added to two sound ones, from line 5 on."""
    return told(stages(BASE + body))


def test_a_sound_recipe() -> None:
    assert added("s: {evaluate: nli, on: xnli}\nt: {retrieve: [none, nli], on: tatoeba}") == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "a: {train: udpos, after: nil}",
            "5 stages.a.after: there is no stage `nil` (did you mean `nli`?)",
        ),
        (
            "a: {train: udpos, stack_on: nil}",
            "5 stages.a.stack_on: there is no stage `nil` (did you mean `nli`?)",
        ),
        (
            "a: {fuse: [nli, poss], train: udpos}",
            "5 stages.a.fuse[1]: there is no stage `poss` (did you mean `pos`?)",
        ),
        (
            "a: {merge: [nlii, pos]}",
            "5 stages.a.merge[0]: there is no stage `nlii` (did you mean `nli`?)",
        ),
        (
            "a: {evaluate: [nli, nlii], on: xnli}",
            "5 stages.a.evaluate[1]: there is no stage `nlii` (did you mean `nli`?)",
        ),
        (
            "a: {retrieve: [none, nlii], on: tatoeba}",
            "5 stages.a.retrieve[1]: there is no stage `nlii` (did you mean `nli`?)",
        ),
        (
            "a: {evaluate: [none, nli], on: xnli}",
            ("5 stages.a.evaluate[0]: `none` is the bare backbone, which has no head (only "
             "`retrieve`, `probe` and `suggest` accept it)"),
        ),
        (
            "a: {train: udpos, after: none}",
            ("5 stages.a.after: `none` is the bare backbone (leave out this key to train on the "
             "bare backbone)"),
        ),
        ("none: {train: mnli}", "5 stages.none: `none` is the bare backbone, not a stage name"),
        ("a: {merge: [nli, nli]}", "5 stages.a.merge[1]: `nli` is listed twice"),
        ("a: {evaluate: nli, on: [xnli, xnli]}", "5 stages.a.on[1]: `xnli` is listed twice"),
        (
            "a: {retrieve: none, on: tatoeba, layers: [1, 1]}",
            "5 stages.a.layers[1]: `1` is listed twice",
        ),
        ("a: {train: udpos, after: a}", "5 stages.a: stages depend on each other: a -> a"),
        (
            "a: {evaluate: nli, on: xnli, baseline: pos}",
            "5 stages.a.baseline: `pos` is not one of the models listed here",
        ),
        (
            "a: {train: udps}",
            "5 stages.a.train: unknown task `udps` (did you mean `udpos`?)",
        ),
        (
            "a: {evaluate: nli, on: [xnli, xnl]}",
            "5 stages.a.on[1]: unknown task `xnl` (did you mean `xnli`?)",
        ),
        (
            "a: {train: tatoeba}",
            "5 stages.a.train: `tatoeba` is sentence retrieval, which has no training data",
        ),
        ("a: {evaluate: nli, on: tatoeba}", "5 stages.a.on[0]: `tatoeba` is sentence retrieval "
                                            "(use `retrieve` for it)"),
        ("a: {retrieve: nli, on: xnli}", "5 stages.a.on[0]: `xnli` is pair classification "
                                         "(use `evaluate` for it)"),
        (
            "a: {evaluate: nli, on: xnli, languages: [de, dee]}",
            "5 stages.a.languages[1]: `xnli` has no language `dee` (did you mean `de`?)",
        ),
        (
            "a: {retrieve: nli, on: bucc2018, languages: fr}",
            "5 stages.a.languages[0]: `bucc2018` has no language `fr` (known: de, zh)",
        ),
        (
            "a: {evaluate: nli, on: mnli, split: test}",
            "5 stages.a.split: `mnli` has no split `test` (it has train, dev)",
        ),
        (
            "a: {train: udpos, split: test}",
            "5 stages.a.split: `udpos` has no split `test` (it has train, dev)",
        ),
        (
            "a: {train: udpos, language: it}",
            "5 stages.a.language: `udpos` has no language `it` (known: de, en, fr)",
        ),
        (
            "a: {train: xnli, language: de}",
            "5 stages.a.language: `xnli`, which is trained on `mnli`, has no language `de`",
        ),
        (
            "a: {train: squad, max_length: 64}",
            "5 stages.a.doc_stride: windows of 64 subwords cannot overlap by 64",
        ),
        (
            "a: {retrieve: none, on: tatoeba, protocol: xtreme2020}",
            "5 stages.a.protocol: unknown protocol `xtreme2020` (did you mean `xtreme-2020`?)",
        ),
        (
            "a: {retrieve: none, on: tatoeba, pooling: [mean, maxx]}",
            "5 stages.a.pooling[1]: unknown pooling `maxx` (did you mean `max`?)",
        ),
        (
            "a: {retrieve: none, on: tatoeba, pooling: [max, max]}",
            "5 stages.a.pooling[1]: `max` is listed twice",
        ),
        (
            "a: {retrieve: none, on: tatoeba, pooling: all, protocol: jiant+csls+cls}",
            ("5 stages.a.pooling: the protocol `jiant+csls+cls` already names a pooling (leave "
             "out `pooling` or `+cls`)"),
        ),
        (
            "a: {retrieve: none, on: tatoeba, layers: 1, pooling: all, predictions: xtreme}",
            ("5 stages.a.pooling: a submission uses one pooling (list one pooling, or leave out "
             "`pooling` to use the protocol's pooling)"),
        ),
        (
            "a: {retrieve: none, on: tatoeba, layers: [-1]}",
            "5 stages.a.layers[0]: there is no layer -1 (0 is the embeddings)",
        ),
        (
            "a: {merge: [nli, b], weights: [1.0]}\nb: {train: mnli}",
            "5 stages.a.weights: has 1 weight for 2 stages",
        ),
        (
            "a: {evaluate: pos, on: xnli}",
            "5 stages.a.evaluate[0]: `pos` cannot be evaluated on `xnli`: `udpos` is tagging, "
            "`xnli` is pair classification (train a stage on `xnli` `after: pos`)",
        ),
        (
            "a: {evaluate: nli, on: pawsx}",
            "5 stages.a.evaluate[0]: `nli` cannot be evaluated on `pawsx`: their labels differ",
        ),
    ],
)  # fmt: skip
def test_what_makes_no_sense(body: str, expected: str) -> None:
    found = added(body)
    assert len(found) == 1, found
    assert found[0].startswith(expected)


def test_a_stage_that_makes_no_model_cannot_be_named() -> None:
    body = (
        "s: {evaluate: nli, on: xnli}\na: {train: udpos, after: s}\nb: {retrieve: s, on: tatoeba}"
    )
    assert added(body) == [
        "6 stages.a.after: stage `s` does not make a model",
        "7 stages.b.retrieve[0]: stage `s` does not make a model",
    ]


def test_a_circle_is_named_once_and_nothing_that_hangs_on_it_complains() -> None:
    body = """\
a: {train: udpos, after: c}
b: {train: udpos, after: a}
c: {train: udpos, stack_on: b}
s: {evaluate: c, on: udpos}
"""
    assert added(body) == ["5 stages.a: stages depend on each other: a -> c -> b -> a"]


def test_two_circles() -> None:
    body = "\n".join(
        f"{one}: {{train: udpos, after: {other}}}" for one, other in ("ab", "ba", "cd", "dc")
    )
    assert added(body) == [
        "5 stages.a: stages depend on each other: a -> b -> a",
        "7 stages.c: stages depend on each other: c -> d -> c",
    ]


def test_a_long_chain_is_no_problem() -> None:
    count = 900
    chain = [f"s{i}: {{train: udpos, after: s{i + 1}}}" for i in range(count)]
    assert added("\n".join([*chain, f"s{count}: {{train: udpos}}"])) == []


def test_training_defaults_are_blamed_where_they_are_written() -> None:
    head = "name: x\ntraining: {language: xx}"
    assert told(stages("a: {train: udpos}\nb: {train: udpos, language: de}", head)) == [
        "2 training.language: `udpos` has no language `xx` (known: de, en, fr)"
    ]


def test_a_merge_is_evaluated_as_its_members() -> None:
    body = """\
nli2: {train: mnli}
m: {merge: [nli, nli2]}
n: {merge: [nli, pos]}
s: {evaluate: m, on: xnli}
t: {evaluate: m, on: udpos}
u: {evaluate: n, on: xnli}
v: {retrieve: n, on: tatoeba}
"""
    found = added(body)
    assert [line.split(":")[0] for line in found] == [
        "9 stages.t.evaluate[0]",
        "10 stages.u.evaluate[0]",
    ]
    assert "`n` merges adapters with different heads, so it has no head" in found[1]


def test_the_head_is_that_of_the_last_training() -> None:
    body = """\
over: {train: xnli, stack_on: pos}
next: {train: udpos, after: nli}
both: {fuse: [nli, pos], train: udpos}
s: {evaluate: over, on: xnli}
t: {evaluate: [next, both], on: udpos}
"""
    assert added(body) == []


def test_tatoeba_has_more_languages_than_xtreme_takes() -> None:
    text = "name: r\nstages:\n  a: {retrieve: none, on: tatoeba, languages: [de, cs, gsw, LAST]}\n"
    load_text(text.replace("LAST", "ceb"))
    with pytest.raises(InvalidRecipeError, match=r"`tatoeba` has no language `xq`"):
        load_text(text.replace("LAST", "xq"))


def test_every_published_protocol_is_taken() -> None:
    for name in PROTOCOLS:
        assert load(stages(f"a: {{retrieve: none, on: tatoeba, protocol: {name}}}")).recipe
