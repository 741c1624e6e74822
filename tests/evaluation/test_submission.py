from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapterxlt.benchmarks.reading import read_scores
from adapterxlt.evaluation.submission import submission_file, write_submission
from adapterxlt.kinds.pair_classification import PairExample
from adapterxlt.kinds.span_qa import QAExample
from adapterxlt.kinds.tagging import TaggingExample
from adapterxlt.tasks.catalogue import get_task


@pytest.mark.parametrize(
    ("benchmark", "task", "split", "expected"),
    [
        ("xtreme", "xnli", "test", "xnli/test-de.tsv"),
        ("xtreme", "udpos", "dev", "udpos/dev-de.tsv"),
        ("xtreme", "xquad", "test", "xquad/test-de.json"),
        ("xglue", "xglue_ner", "test", "NER/de.prediction"),
        ("xglue", "xglue_pawsx", "dev", "PAWSX/de.prediction"),
        ("xglue", "mlqa", "test", "MLQA/de.prediction"),
    ],
)
def test_files_are_where_the_benchmark_wants_them(benchmark, task, split, expected):
    assert submission_file(benchmark, get_task(task), "de", split) == Path(expected)


def test_a_task_of_no_benchmark_has_no_file():
    with pytest.raises(ValueError, match="xtreme has no task xcopa"):
        submission_file("xtreme", get_task("xcopa"), "de", "test")


def written(folder: Path, name: str, examples, predictions) -> str:
    path = folder / "a" / "file"
    write_submission(path, get_task(name), examples, predictions)
    return path.read_text(encoding="utf-8")


def test_labels_tags_and_answers(tmp_path):
    pairs = [PairExample(str(i), "a", "b", None) for i in range(2)]
    assert written(tmp_path, "xnli", pairs, [2, 0]) == "contradiction\nentailment\n"
    assert written(tmp_path, "xglue_wpr", pairs, [4, 0]) == "4\n0\n"
    sentences = [TaggingExample("1", ("a", "b"), None), TaggingExample("2", ("c",), None)]
    labels = get_task("panx").labels
    tags = [[labels.index("B-PER"), labels.index("I-PER")], [labels.index("O")]]
    assert written(tmp_path, "panx", sentences, tags) == "B-PER\nI-PER\n\nO\n\n"
    questions = [QAExample("q1", "?", "c", None), QAExample("q2", "?", "c", None)]
    assert json.loads(written(tmp_path, "xquad", questions, ["Müller", ""])) == {
        "q1": "Müller",
        "q2": "",
    }


def test_the_odds_of_no_answer_stand_beside_the_answers(tmp_path):
    questions = [QAExample("q1", "?", "c", None)]
    file = tmp_path / submission_file("squad", get_task("squad_v2"), "en", "dev")
    write_submission(file, get_task("squad_v2"), questions, [""], {"q1": 1.25})
    assert sorted(path.name for path in file.parent.iterdir()) == [
        "dev-en.json",
        "dev-en.null_odds.json",
    ]
    assert read_scores(file.with_name("dev-en.null_odds.json")) == {"q1": 1.25}


def test_every_example_needs_its_prediction(tmp_path):
    with pytest.raises(ValueError, match="2 examples, but 1 predictions"):
        written(tmp_path, "xnli", [PairExample("1", "a", "b", None)] * 2, [0])
