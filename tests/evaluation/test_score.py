from __future__ import annotations

import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.evaluation.metrics import METRICS
from adapterxlt.evaluation.score import score
from adapterxlt.tasks.catalogue import catalogue, get_task
from adapterxlt.tasks.types import (
    TRAINABLE_KINDS,
    ChoiceExample,
    PairExample,
    QAExample,
    TaggingExample,
)


def pairs(*labels):
    return [PairExample(str(i), "a", "b", label) for i, label in enumerate(labels)]


def tagged(task, *sentences):
    return [
        TaggingExample(str(i), tuple("w" * len(tags)), tuple(map(task.labels.index, tags)))
        for i, tags in enumerate(sentences)
    ]


def test_pairs_and_choices_score_accuracy():
    assert score(get_task("xnli"), pairs(0, 1, 2, 0), [0, 1, 2, 2], "de") == {"accuracy": 75.0}
    choices = [ChoiceExample("1", "c", ("x", "y"), 1), ChoiceExample("2", "c", ("x", "y"), 0)]
    assert score(get_task("xcopa"), choices, [1, 1], "tr") == {"accuracy": 50.0}


def test_named_entities_score_chunks():
    task = get_task("panx")
    examples = tagged(task, ["B-PER", "I-PER", "O"], ["B-LOC"])
    tags = [[task.labels.index(tag) for tag in ("B-PER", "O", "O")], [task.labels.index("B-LOC")]]
    assert score(task, examples, tags, "sw") == {"f1": 50.0, "precision": 50.0, "recall": 50.0}


def test_parts_of_speech_report_the_official_f1_and_the_accuracy_beside_it():
    task = get_task("udpos")
    examples = tagged(task, ["NOUN", "NOUN", "VERB", "DET"])
    tags = [[task.labels.index(tag) for tag in ("NOUN", "VERB", "VERB", "DET")]]
    scores = score(task, examples, tags, "hi")
    assert list(scores) == ["f1", "token_accuracy"]
    assert scores["token_accuracy"] == 75.0
    # seqeval joins equal neighbours: gold NN V D, predicted N VV D, only D is the same.
    assert scores["f1"] == pytest.approx(100 / 3)


def test_answers_score_em_and_f1():
    examples = [QAExample("1", "q", "c", ((0, "The Nile"), (4, "Nile river")))]
    assert score(get_task("xquad"), examples, ["nile"], "ar") == {"exact_match": 100.0, "f1": 100.0}


@pytest.mark.parametrize(
    ("name", "examples", "predictions"),
    [
        ("xnli", pairs(None, 1, None), [0, 1, 2]),
        ("panx", [TaggingExample("1", ("w",), None)] * 2, [[0], [0]]),
        ("xquad", [QAExample("1", "q", "c", None), QAExample("2", "q", "c", ())], ["", ""]),
        ("xcopa", [ChoiceExample("1", "c", ("x", "y"), None)] * 2, [0, 0]),
    ],
)
def test_withheld_labels_are_refused(name, examples, predictions):
    with pytest.raises(MissingDataError) as caught:
        score(get_task(name), examples, predictions, "th")
    assert f"2 of {len(examples)} examples of `{name}` in language `th`" in str(caught.value)
    assert "use `split: dev`" in str(caught.value)


def test_nothing_to_score_is_refused():
    with pytest.raises(MissingDataError, match="no examples of `xnli` in language `sw`"):
        score(get_task("xnli"), [], [], "sw")


def test_every_metric_of_the_catalogue_exists():
    samples = {"tagging": [["O"]], "span_qa": [["a"]]}
    for task in catalogue().values():
        if task.kind in TRAINABLE_KINDS:
            sample = samples.get(task.kind, [0])
            predicted = ["a"] if task.kind == "span_qa" else sample
            assert set(task.metrics) <= set(METRICS[task.kind](sample, predicted)), task.name
