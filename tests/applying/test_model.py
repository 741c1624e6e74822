"""What a loaded model predicts is what evaluation predicted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import adapterxlt as xlt
from adapterxlt.applying import outputs
from adapterxlt.kinds.facts import Example
from adapterxlt.tasks.read import read_examples
from tests.applying.conftest import Ran


def examples(ran: Ran, task: str, language: str) -> list[Example]:
    return list(read_examples(ran.sources.tasks[task], ran.sources.roots, language, "dev"))


OWN = ("topics.yaml", "stars.yaml", "causes.yaml")


def load(ran: Ran, stage: str, **options: Any) -> xlt.Model:
    return xlt.load(ran.stage(stage), tasks=[ran.folder / name for name in OWN], **options)


@pytest.mark.parametrize(
    "stage", ["pairs", "both", "whole", "several", "voted", "stacked", "merged"]
)
def test_labels_are_those_of_evaluation(ran: Ran, stage: str) -> None:
    model = load(ran, stage)
    for language in ("en", "de"):
        given = examples(ran, "pawsx", language)
        answers = model.predict(given, task="pawsx")
        noted = ran.outcomes(stage, "pawsx", language)
        assert [noted.labels[n] for n in noted.columns["predicted"]] == [a.label for a in answers]
        for answer in answers:
            assert answer.score == max(answer.scores.values()) == answer.scores[answer.label]
            assert sum(answer.scores.values()) == pytest.approx(1)
        # The same as tuples and as mappings.
        pairs = [(one.text_a, one.text_b) for one in given]
        assert model.predict(pairs) == answers
        keyed = [{"premise": a, "hypothesis": b} for a, b in pairs]
        assert model.predict(keyed) == answers


@pytest.mark.parametrize(
    ("stage", "language"),
    [
        ("tags", None),
        ("several", None),
        *(
            (stage, code)
            for stage in ("madx", "madx_fused", "madx_merged", "sparse_fused", "sparse_merged")
            for code in ("en", "de")
        ),
    ],
)
def test_tags_are_those_of_evaluation(ran: Ran, stage: str, language: str | None) -> None:
    model = load(ran, stage)
    for code in ("en", "de") if language is None else (language,):
        sentences = [list(one.words) for one in examples(ran, "udpos", code)]
        answers = model.predict(sentences, task="udpos", language=language)
        text = ran.written("like_tags", stage, f"udpos/dev-{code}.tsv")
        assert text == "".join("".join(f"{t}\n" for t in a.tags) + "\n" for a in answers)
        assert max(map(len, sentences)) > 40  # more than fits into one window
        for words, answer in zip(sentences, answers, strict=True):
            assert len(words) == len(answer.tags) == len(answer.scores)


def test_answers_are_those_of_evaluation(ran: Ran) -> None:
    model = load(ran, "qa")
    for language in ("en", "de"):
        given = examples(ran, "xquad", language)
        answers = model.predict([(one.question, one.context) for one in given])
        expected = json.loads(ran.written("like_qa", "qa", f"xquad/dev-{language}.json"))
        assert expected == {e.id: a.text for e, a in zip(given, answers, strict=True)}
        for example, answer in zip(given, answers, strict=True):
            assert example.context[answer.start : answer.end] == answer.text
            assert 0 < answer.score < 1


def test_choices_several_labels_and_numbers_are_those_of_evaluation(ran: Ran) -> None:
    found = load(ran, "cause").predict(examples(ran, "causes", "en"))
    noted = ran.outcomes("cause", "causes", "en").columns["predicted"]
    assert [answer.index for answer in found] == noted.tolist()
    assert {len(answer.scores) for answer in found} == {3}
    model = load(ran, "topic")
    found = model.predict([one.text for one in examples(ran, "topics", "en")])
    applies = [[label in answer.labels for label in model.labels] for answer in found]
    noted = ran.outcomes("topic", "topics", "en").columns["predicted"]
    assert applies == noted.tolist()
    assert [[score > 0.5 for score in one.scores.values()] for one in found] == applies
    pairs = [(one.text, one.text_pair) for one in examples(ran, "stars", "en")]
    values = [answer.value for answer in load(ran, "star").predict(pairs)]
    noted = ran.outcomes("star", "stars", "en").columns["predicted_value"]
    assert np.allclose(values, noted, rtol=1e-5)


@pytest.mark.parametrize("stage", ["pairs", "tags", "qa"])
def test_an_answer_depends_on_its_input_alone(
    ran: Ran, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = {"pairs": "pawsx", "tags": "udpos", "qa": "xquad"}[stage]
    given = examples(ran, task, "en")[:3]
    together = load(ran, stage).predict(given)
    model = load(ran, stage, token_budget=1)
    alone = [model.predict(one) for one in given]
    monkeypatch.setattr(outputs, "EXAMPLES", 2)
    in_parts = list(model.stream(iter(given)))
    for decision in ("label", "tags", "text"):
        if hasattr(together[0], decision):
            chosen = [[getattr(a, decision) for a in s] for s in (together, alone, in_parts)]
            assert chosen[0] == chosen[1] == chosen[2]
    assert scores_of(together) == pytest.approx(scores_of(alone), abs=1e-5)
    assert scores_of(together) == pytest.approx(scores_of(in_parts), abs=1e-5)


def scores_of(answers: list[Any]) -> list[float]:
    found = [a.scores if hasattr(a, "scores") else (a.score,) for a in answers]
    return [float(s) for each in found for s in (each.values() if isinstance(each, dict) else each)]


def test_very_many_inputs_are_taken_in_parts(ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "EXAMPLES", 5)
    taken = 0

    def endless() -> Any:
        nonlocal taken
        while True:
            taken += 1
            yield ("A text.", "Another.")

    stream = load(ran, "pairs").stream(endless())
    assert [next(stream).label for _ in range(7)]
    assert taken == 10


def test_what_was_cut_is_said(ran: Ran) -> None:
    model = load(ran, "pairs")  # 24 subwords
    short, long, exact = model.predict([("a", "b"), ("a " * 50, "b"), fill(model, 24)])
    assert (short.truncated, long.truncated, exact.truncated) == (False, True, False)
    assert model.predict(fill(model, 25)).truncated


def fill(model: xlt.Model, length: int) -> tuple[str, str]:
    """A pair that is exactly so many subwords long."""
    built = model.encoder()
    for count in range(length):
        if len(built.tokenizer("." * count, "a")["input_ids"]) == length:
            return "." * count, "a"
    raise AssertionError("there is no such pair")


WRONG: list[tuple[str, Any, str]] = [
    ("pairs", ["a"], "input 0: must be a tuple (premise, hypothesis)"),
    ("pairs", [("a", "b"), {"premise": "a"}], "input 1: has no `hypothesis`; it has premise"),
    ("pairs", {"premise": None, "hypothesis": "a"}, "input 0: `premise` has no value"),
    ("pairs", [("a", 3)], "input 0: the second must be a text, not int 3"),
    ("pairs", ("a", "b\ud800"), "input 0: the second holds U+D800, which is half of a character"),
    ("tags", "a b", "must be a list of words, not one text"),
    ("tags", [["a"], []], "input 1: has no words"),
    ("qa", "why", "must be a tuple (question, context)"),
    ("cause", ("why", "because"), "`choices` must be a list of texts"),
    ("cause", ("why", []), "has no choices"),
    ("topic", [None], "must be a text, or a tuple of two texts"),
]


@pytest.mark.parametrize(("stage", "given", "told"), WRONG)
def test_a_wrong_input_is_named(ran: Ran, stage: str, given: Any, told: str) -> None:
    with pytest.raises(xlt.errors.UsageError, match="input") as error:
        load(ran, stage).predict(given)
    assert told in str(error.value)


def test_what_is_known_of_a_model(ran: Ran) -> None:
    model = load(ran, "several")
    assert model.tasks == ("pawsx", "udpos")
    assert model.task == "pawsx"
    assert model.labels == ("0", "1")
    assert model.languages == ("en",)
    assert model.lineage.endswith(" > pawsx[8] + udpos[8] (seq_bn, proportional)")
    assert "pawsx, udpos" in repr(model)
    assert load(ran, "lang_de").languages == ()
    assert load(ran, "madx").language_adapters == ("de", "en")
    assert load(ran, "pairs").language_adapters == ()


@pytest.mark.parametrize(
    ("stage", "ask", "told"),
    [
        ("lang_en", lambda m: m.predict("a"), "only fills in hidden words"),
        ("pairs", lambda m: m.predict("a", task="udpos"), "does not predict `udpos`"),
        ("pairs", lambda m: m.predict("a", task="pawx"), "unknown task `pawx`"),
        ("pairs", lambda m: m.predict(("a", "b"), language="de"), "not stand on language adapters"),
        ("madx", lambda m: m.predict(["a"], language="sw"), "no language adapter for `sw`"),
        ("voted", lambda m: m.encode("a"), "is an ensemble of several encoders"),
        ("pairs", lambda m: m.encode("a", layer=3), "has no layer 3"),
        ("pairs", lambda m: m.encode("a", pooling="sum"), "`sum` is not a pooling"),
        ("pairs", lambda m: m.encode(["a", 3]), "sentence 1 must be a text, not int 3"),
    ],
)
def test_what_a_model_cannot_do_is_refused(
    ran: Ran, stage: str, ask: Callable[[xlt.Model], Any], told: str
) -> None:
    with pytest.raises(xlt.errors.UsageError) as error:
        ask(load(ran, stage))
    assert told in str(error.value)


def test_language_adapters_that_lie_elsewhere_are_named(ran: Ran, tmp_path: Any) -> None:
    from adapterxlt.sharing.make import make_artifact

    for stage in ("madx", "lang_de"):
        place = xlt.load(ran.stage(stage))._source.members[0][1]
        (tmp_path / stage).mkdir()
        make_artifact(place, tmp_path / stage, ran.sources.backbone, license=None)
    words = ["Der", "Zug", "fährt", "."]
    expected = load(ran, "madx").predict(words, language="de")
    backbone = ran.sources.backbone.path
    other = xlt.load(
        tmp_path / "madx", backbone=backbone, language_adapters={"deu": tmp_path / "lang_de"}
    )
    assert other.predict(words, language="de") == expected
    assert xlt.load(tmp_path / "madx", backbone=backbone).language_adapters == ("en",)


def test_vectors(ran: Ran) -> None:
    model = load(ran, "pairs")
    texts = ["A text.", "", "A text.", "a " * 300]
    vectors = model.encode(texts, layer=1, pooling="cls")
    assert vectors.shape == (4, 32)
    assert vectors.dtype == np.float32
    assert np.array_equal(vectors[0], vectors[2])
    assert np.allclose(model.encode(texts[0], layer=-2, pooling="cls"), vectors[0], atol=1e-6)
    assert np.array_equal(model.encode(texts), model.encode(iter(texts), layer=2))
    assert model.encode([]).shape == (0, 32)
    assert not np.allclose(model.encode("A text."), model.encode("A text.", prefix="query: "))
