from __future__ import annotations

import math

import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.evaluation.score import score
from adapterxlt.kinds.multiple_choice import ChoiceExample
from adapterxlt.kinds.pair_classification import PairExample
from adapterxlt.kinds.span_qa import QAExample
from adapterxlt.kinds.tagging import TaggingExample
from adapterxlt.tasks.catalogue import catalogue, get_task


def pairs(*labels):
    return [PairExample(str(i), "a", "b", label) for i, label in enumerate(labels)]


def tagged(task, *sentences):
    return [
        TaggingExample(str(i), tuple("w" * len(tags)), tuple(map(task.labels.index, tags)))
        for i, tags in enumerate(sentences)
    ]


def test_pairs_and_choices_score_accuracy():
    assert score(get_task("xnli"), pairs(0, 1, 2, 0), [0, 1, 2, 2], "de", "dev") == {
        "accuracy": 75.0
    }
    choices = [ChoiceExample("1", "c", ("x", "y"), 1), ChoiceExample("2", "c", ("x", "y"), 0)]
    assert score(get_task("xcopa"), choices, [1, 1], "tr", "dev") == {"accuracy": 50.0}


def test_named_entities_score_chunks():
    task = get_task("panx")
    examples = tagged(task, ["B-PER", "I-PER", "O"], ["B-LOC"])
    tags = [[task.labels.index(tag) for tag in ("B-PER", "O", "O")], [task.labels.index("B-LOC")]]
    assert score(task, examples, tags, "sw", "dev") == {
        "f1": 50.0,
        "precision": 50.0,
        "recall": 50.0,
    }


def test_parts_of_speech_report_the_official_f1_and_the_accuracy_beside_it():
    task = get_task("udpos")
    examples = tagged(task, ["NOUN", "NOUN", "VERB", "DET"])
    tags = [[task.labels.index(tag) for tag in ("NOUN", "VERB", "VERB", "DET")]]
    scores = score(task, examples, tags, "hi", "dev")
    assert list(scores) == ["f1", "token_accuracy"]
    assert scores["token_accuracy"] == 75.0
    # seqeval joins equal neighbours: gold NN V D, predicted N VV D, only D is the same.
    assert scores["f1"] == pytest.approx(100 / 3)


def test_answers_score_em_and_f1():
    examples = [QAExample("1", "q", "c", ((0, "The Nile"), (4, "Nile river")))]
    assert score(get_task("xquad"), examples, ["nile"], "ar", "dev") == {
        "exact_match": 100.0,
        "f1": 100.0,
    }


@pytest.mark.parametrize(
    ("name", "examples", "predictions"),
    [
        ("xnli", pairs(None, 1, None), [0, 1, 2]),
        ("panx", [TaggingExample("1", ("w",), None)] * 2, [[0], [0]]),
        ("xquad", [QAExample("1", "q", "c", None), QAExample("2", "q", "c", None)], ["", ""]),
        ("xcopa", [ChoiceExample("1", "c", ("x", "y"), None)] * 2, [0, 0]),
    ],
)
def test_withheld_labels_are_refused(name, examples, predictions):
    with pytest.raises(MissingDataError) as caught:
        score(get_task(name), examples, predictions, "th", "test")
    assert f"2 of {len(examples)} test examples of `{name}` in language `th`" in str(caught.value)
    assert "the labels of official test sets are withheld" in str(caught.value)


def test_nothing_to_score_is_refused():
    with pytest.raises(MissingDataError, match="no examples of `xnli` in language `sw`"):
        score(get_task("xnli"), [], [], "sw", "dev")


def test_mlqa_compares_answers_by_the_rules_of_the_context_s_language():
    examples = [QAExample("1", "q", "c", ((0, "der Hund"),))]
    for name, language, value in (
        ("mlqa", "de", 100.0),
        ("mlqa", "en", 0.0),
        ("xglue_mlqa", "de", 100.0),
        ("mlqa_cross", "de-en", 100.0),
        ("mlqa_cross", "en-de", 0.0),
        ("xquad", "de", 0.0),
    ):
        assert score(get_task(name), examples, ["Hund"], language, "dev")["exact_match"] == value


def test_squad_2_scores_no_answer_as_an_answer():
    examples = [QAExample("1", "q", "c", ((0, "Nile"),)), QAExample("2", "q", "c", ())]
    found = score(get_task("squad_v2"), examples, ["Nile", ""], "en", "dev")
    assert found == {"exact_match": 100.0, "f1": 100.0}


def test_web_page_ranking_scores_ndcg_over_queries():
    task = get_task("xglue_wpr")
    examples = [
        PairExample(str(i), query, "page", task.labels.index(rating))
        for i, (query, rating) in enumerate([("q", "4"), ("q", "0"), ("r", "3"), ("s", "1")])
    ]
    ratings = [task.labels.index(rating) for rating in ("0", "3", "3", "1")]
    found = score(task, examples, ratings, "de", "dev")
    # One query of two pages, in the wrong order.
    assert found == {"ndcg": pytest.approx(100 / math.log2(3)), "accuracy": 50.0}


def test_every_metric_of_the_catalogue_exists():
    right = {
        "tagging": (TaggingExample("1", ("w",), (0,)), [0]),
        "span_qa": (QAExample("1", "q", "c", ((0, "c"),)), "c"),
        "multiple_choice": (ChoiceExample("1", "c", ("x", "y"), 0), 0),
        "pair_classification": (PairExample("1", "a", "b", 0), 0),
    }
    for task in catalogue().values():
        if task.kind in right:
            example, prediction = right[task.kind]
            task = task.model_copy(update={"labels": task.labels or ("N",)})  # CCG's are in a file
            found = score(task, [example] * 2, [prediction] * 2, task.languages[0], "dev")
            assert list(found) == list(task.metrics), task.name
