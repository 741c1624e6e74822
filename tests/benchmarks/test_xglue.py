"""XGLUE's script in its quirks, on small files in the layouts of its download."""

from __future__ import annotations

import json
import math

import pytest

from adapterxlt.benchmarks.folder import Result, score_benchmark
from adapterxlt.benchmarks.spec import TaskSpec
from adapterxlt.benchmarks.xglue import XGLUE
from adapterxlt.errors import MissingDataError
from tests.benchmarks.test_reading import squad

SPECS = {spec.name: spec for spec in XGLUE.tasks}


@pytest.fixture
def score(write, tmp_path):
    """Score one task whose languages all have the same labels and predictions."""

    def go(task: str, labels: str, predictions: str, *, file: str = "") -> Result:
        spec: TaskSpec = SPECS[task]
        for language in spec.languages:
            pattern = file or f"{task}/{spec.label_files(language, 'test')[0]}"
            write(f"labels/{pattern}".format(lang=language, split="test"), labels)
            write(f"predictions/{task}/{language}.prediction", predictions)
        return score_benchmark(XGLUE, tmp_path / "predictions", tmp_path / "labels", tasks=[task])

    return go


def averages(result: Result) -> dict[str, float]:
    (scores,) = result.tasks
    assert scores.averages is not None, result.problems
    return scores.averages


def test_languages_are_those_of_the_paper():
    assert {name: len(spec.languages) for name, spec in SPECS.items()} == {
        "NER": 4,
        "POS": 18,
        "NC": 5,
        "MLQA": 7,
        "XNLI": 15,
        "PAWSX": 4,
        "QADSM": 3,
        "WPR": 7,
        "QAM": 3,
    }


def test_pos_is_a_precision_of_chunks(score):
    result = score("POS", "a NOUN\nb NOUN\nc VERB\n\nd DET\n", "NOUN\nVERB\nVERB\n\nDET\n")
    found = averages(result)
    # Right: NN V | D. Predicted: N VV | D. Only D is the same.
    assert found["precision"] == pytest.approx(1 / 3)
    assert found["token_accuracy"] == 0.75
    assert result.tasks[0].score == found["precision"]
    assert SPECS["POS"].beside == "token_accuracy"


def test_short_predictions_are_filled_up_with_o(score):
    result = score("NER", "a B-PER\nb I-PER\nc O\nd B-LOC\n\n", "B-PER\nI-PER\n\n")
    assert averages(result)["f1"] == pytest.approx(2 / 3)
    assert averages(result)["token_accuracy"] == 0.75
    assert len(result.remarks) == 4
    assert "1 of 1 sentences have too few tags" in result.remarks[0].message


def test_docstart_lines_are_no_sentences(score):
    labels = "-DOCSTART- -X- O O\n\na B-PER\nb O\n\nc B-LOC\n"
    assert averages(score("NER", labels, "B-PER\nO\n\nB-LOC\n"))["f1"] == 1.0


def test_iob1_predictions_are_scored_and_remarked(score):
    result = score("NER", "a B-PER\nb I-PER\nc O\n", "I-PER\nI-PER\nO\n")
    assert averages(result)["f1"] == 1.0
    assert "begin chunks with B-, but the predictions never do" in result.remarks[0].message


def test_wpr_groups_runs_of_equal_queries(score):
    rows = ["q\tt\ts\t4", "q\tt\ts\t0", "other\tt\ts\t3", "q\tt\ts\t0", "q\tt\ts\t2"]
    result = score("WPR", "\n".join(rows), "0\n1\n4\n2\n2")
    swapped, tied = 1 / math.log2(3), (1 + 1 / math.log2(3)) / 2
    assert averages(result)["ndcg"] == pytest.approx((swapped + tied) / 2)
    assert result.remarks[0].message == "1 queries with a single document are not counted"


def test_wpr_ratings_by_name(score):
    rows = ["q\tt\ts\tPerfect", "q\tt\ts\tBad"]
    assert averages(score("WPR", "\n".join(rows), "4\n0"))["ndcg"] == 1.0
    result = score("WPR", "\n".join(rows), "4\n0.5")
    assert averages(result)["ndcg"] == 1.0
    with pytest.raises(MissingDataError, match="`great` is not a rating"):
        score("WPR", "\n".join(rows), "4\ngreat")


@pytest.mark.parametrize("folder", ["MLQA_V1", "MLQA_v1"])
def test_mlqa_in_both_spellings_and_by_language(score, folder):
    file = f"MLQA/{folder}/{{split}}/{{split}}-context-{{lang}}-question-{{lang}}.json"
    labels = squad(("1", ["der Hund"]))
    result = score("MLQA", labels, json.dumps({"1": "Hund"}), file=file)
    (scores,) = result.tasks
    assert scores.languages["de"] == {"exact_match": 1.0, "f1": 1.0}  # `der` is an article there
    assert scores.languages["es"] == {"exact_match": 0.0, "f1": pytest.approx(2 / 3)}
    assert scores.score == pytest.approx((1 + 6 * 2 / 3) / 7)


@pytest.mark.parametrize(
    ("task", "labels", "predictions", "file"),
    [
        ("XNLI", "p\th\tneutral\np\th\tentailment\n", "neutral\nneutral\n", ""),
        ("PAWSX", "id\ts1\ts2\tlabel\n1\ta\tb\t0\n2\ta\tb\t1\n\n", "0\n0\n", ""),
        ("PAWSX", "id\ts1\ts2\tlabel\n1\ta\tb\t0\n2\ta\tb\t1\n\n", "0\n0\n",
         "paws-x/{lang}/{split}_2k.tsv"),
        ("NC", "q\tt\tb\tsports\nt\tb\tautos\n", "sports\nsports\n", ""),
        ("QADSM", "q\tt\td\tGood\nq\tt\td\tBad\n", "Good\nGood\n", ""),
        ("QAM", "q\ta\t1\nq\ta\t0\n", "1\n1\n", ""),
    ],
)  # fmt: skip
def test_accuracies(score, task, labels, predictions, file):
    result = score(task, labels, predictions, file=file)
    assert averages(result) == {"accuracy": 0.5}
    assert result.problems == []


def test_xnli_in_one_file_of_all_languages(write, tmp_path):
    languages = SPECS["XNLI"].languages
    rows = [f"{code}\t{label}\tx" for code in languages for label in ("neutral", "entailment")]
    write("labels/XNLI/xnli.dev.tsv", "language\tgold_label\tsentence1\n" + "\n".join(rows))
    for code in languages:
        write(f"predictions/XNLI/{code}.prediction", "neutral\nneutral\n")
    result = score_benchmark(
        XGLUE, tmp_path / "predictions", tmp_path / "labels", split="dev", tasks=["XNLI"]
    )
    assert averages(result) == {"accuracy": 0.5}


def test_predictions_that_are_no_labels_count_as_wrong(score):
    result = score("QAM", "q\ta\t1\nq\ta\t0\n", "1\nno\n")
    assert averages(result) == {"accuracy": 0.5}
    assert "1 of 2 predictions are not labels (`no` in line 2): they count as wrong" in (
        result.remarks[0].message
    )


@pytest.mark.parametrize(
    ("task", "labels", "predictions", "message"),
    [
        ("QAM", "q\ta\t1\nq\ta\t0\n", "1\n", "1 predictions, but there are 2 labels"),
        ("QAM", "q\tan answer\nq\tanother\n", "1\n1\n", "withheld"),
        ("NER", "a O\nb O\n\nc O\n", "O\nO\n", "1 sentences, but the labels have 2"),
        ("NER", "a O\n", "O\nO\n", "sentence 1: 2 tags for 1 words"),
        ("WPR", "q\tt\ts\t1\nr\tt\ts\t0\n", "1\n1\n", "no query has two documents"),
    ],
)
def test_what_cannot_be_scored(score, task, labels, predictions, message):
    with pytest.raises(MissingDataError, match=message):
        score(task, labels, predictions)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("", "does not contain any labels"),
        ("1\ta\tb\t\n", "tsv:2: no label"),
        ("1\ta\tb\t0\n2\ta\tb\t\n", "tsv:3: no label"),
    ],
)
def test_pawsx_labels_that_are_withheld_are_no_labels(tmp_path, rows, message):
    labels, predictions = tmp_path / "labels.tsv", tmp_path / "de.prediction"
    labels.write_text(f"id\tsentence1\tsentence2\tlabel\n{rows}")
    predictions.write_text("0\n")
    (spec,) = (task for task in XGLUE.tasks if task.name == "PAWSX")
    with pytest.raises(MissingDataError, match=message):
        spec.scored(predictions, labels, "de")


def test_a_short_row_of_xnli_has_no_label(tmp_path):
    labels, predictions = tmp_path / "xnli.test.tsv", tmp_path / "de.prediction"
    labels.write_text("language\tgold_label\nfr\nde\tneutral\nde\n")
    predictions.write_text("neutral\n")
    (spec,) = (task for task in XGLUE.tasks if task.name == "XNLI")
    with pytest.raises(MissingDataError, match="tsv:4: no label"):
        spec.scored(predictions, labels, "de")


def test_a_rating_must_be_a_number(tmp_path):
    labels, predictions = tmp_path / "xglue.wpr.de.test", tmp_path / "de.prediction"
    labels.write_text("q\td\t1\nq\te\t2\n")
    (spec,) = (task for task in XGLUE.tasks if task.name == "WPR")
    for text in ("nan", "inf", "1e300", "very good"):
        predictions.write_text(f"Good\n{text}\n")
        with pytest.raises(MissingDataError, match=f":2: `{text}` is not a rating"):
            spec.scored(predictions, labels, "de")
