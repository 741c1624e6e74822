from __future__ import annotations

import json

import pytest

from adapterxlt.benchmarks.squad import score_squad
from adapterxlt.errors import MissingDataError, UsageError
from tests.benchmarks.test_reading import squad


@pytest.fixture
def files(write):
    """Two questions, the second one unanswerable."""

    def go(answers, *questions):
        labels = write("dev.json", squad(*(questions or (("1", ["the Nile"]), ("2", [], True)))))
        return write("answers.json", json.dumps(answers)), labels

    return go


def test_the_labels_tell_the_version(files):
    version, scored = score_squad(*files({"1": "Nile", "2": ""}))
    assert version == "2.0"
    assert scored.metrics["exact_match"] == scored.metrics["NoAns_f1"] == 100.0
    version, scored = score_squad(*files({"1": "Nile"}, ("1", ["the Nile"])))
    assert (version, scored.metrics) == ("1.1", {"exact_match": 100.0, "f1": 100.0})


def test_unanswered_questions_of_version_1_count_as_wrong(files):
    predictions, labels = files({"1": "Nile"}, ("1", ["Nile"]), ("2", ["Rhine"]))
    _, scored = score_squad(predictions, labels)
    assert scored.metrics == {"exact_match": 50.0, "f1": 50.0}
    assert scored.remarks == ["1 of 2 questions have no prediction (`2`)"]


def test_the_best_threshold_comes_with_the_scores(files, write):
    odds = write("odds.json", '{"1": -2.5, "2": 4}')
    predictions, labels = files({"1": "Nile", "2": "Rhine"})
    _, scored = score_squad(predictions, labels, no_answer=odds)
    assert scored.metrics["exact_match"] == 100.0  # 4 is above the script's threshold of 1
    _, scored = score_squad(predictions, labels, no_answer=odds, threshold=5)
    assert scored.metrics["exact_match"] == 50.0
    assert scored.metrics["best_exact_match"] == 100.0
    assert scored.metrics["best_exact_match_threshold"] == -2.5


def test_files_that_do_not_fit(files, write):
    predictions, labels = files({"1": "Nile"})
    with pytest.raises(MissingDataError, match=r"1 of 2 questions have no prediction \(`2`\)"):
        score_squad(predictions, labels)
    with pytest.raises(MissingDataError, match="1 of 2 questions have no answer"):
        score_squad(predictions, labels, version="1.1")
    predictions, labels = files({"1": "Nile", "2": ""})
    with pytest.raises(MissingDataError, match=r"1 of 2 questions have no score \(`2`\)"):
        score_squad(predictions, labels, no_answer=write("odds.json", '{"1": 0}'))


def test_options_that_do_not_go_together(files):
    predictions, labels = files({"1": "Nile", "2": ""})
    with pytest.raises(UsageError, match="does not have the language `fi`"):
        score_squad(predictions, labels, language="fi")
    with pytest.raises(UsageError, match="has no rules for single languages"):
        score_squad(predictions, labels, language="en")


def test_real_squad(real_data, write):
    """Answering all of SQuAD's dev sets with their first answers."""
    for version, exact in (("1.1", 100.0), ("2.0", 100.0)):
        labels = real_data / f"squad/dev-v{version}.json"
        document = json.loads(labels.read_text(encoding="utf-8"))
        answers = {
            question["id"]: question["answers"][0]["text"] if question["answers"] else ""
            for article in document["data"]
            for paragraph in article["paragraphs"]
            for question in paragraph["qas"]
        }
        found, scored = score_squad(write("answers.json", json.dumps(answers)), labels)
        assert (found, scored.metrics["exact_match"]) == (version, exact)
    assert (scored.metrics["total"], scored.metrics["NoAns_total"]) == (11873, 5945)


def test_a_threshold_needs_scores(files):
    with pytest.raises(UsageError, match="without no-answer scores"):
        score_squad(*files({"1": "Nile", "2": ""}), threshold=0.5)
