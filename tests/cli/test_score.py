from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.conftest import Invoke

XNLI = ("ar", "bg", "de", "el", "en", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh")
Score = Callable[..., Result]


@pytest.fixture
def score(invoke: Invoke) -> Score:
    def go(benchmark: str, predictions: Path, labels: Path, *more: object) -> Result:
        return invoke("score", benchmark, "--predictions", predictions, "--labels", labels, *more)

    return go


@pytest.fixture
def mock(real_data: Path, tmp_path: Path) -> Path:
    """A copy of XTREME's own mock files, to do what one likes with."""
    return Path(shutil.copytree(real_data / "xtreme_mock", tmp_path / "mock"))


@pytest.fixture
def answers(tmp_path: Path) -> tuple[Path, Path]:
    """One SQuAD question and its answer."""
    labels, predictions = tmp_path / "dev.json", tmp_path / "answers.json"
    question = {"id": "1", "question": "Who?", "answers": [{"text": "der Hund", "answer_start": 0}]}
    paragraph = {"context": "der Hund", "qas": [question]}
    labels.write_text(json.dumps({"data": [{"paragraphs": [paragraph]}]}))
    predictions.write_text(json.dumps({"1": "ein Hund"}))
    return predictions, labels


def test_xtreme_as_one_document(score: Score, mock: Path) -> None:
    result = score("xtreme", mock / "predictions", mock / "labels", "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["schema"] == 1
    assert document["tasks"]["xnli"]["ru"] == {"accuracy": 70.0}
    assert document["averages"]["udpos"]["f1"] == pytest.approx(70.217460, abs=1e-4)
    assert document["overall"] == pytest.approx(62.1732, abs=1e-4)
    assert document["missing"] == []


@pytest.mark.parametrize("columns", ["80", "120"])
def test_xtreme_as_tables(
    score: Score, mock: Path, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    result = score("xtreme", mock / "predictions", mock / "labels")
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert max(map(len, lines)) <= int(columns)
    assert any(line.startswith(" udpos           chunk F1 of raw tags") for line in lines)
    assert "token accuracy 74.19" in result.stdout
    assert lines[-2].split() == ["overall", "mean", "of", "9", "tasks", "62.17"]
    assert "note: mewslix: files that are not part of XTREME were ignored" in result.stderr


def test_a_missing_language_is_named_and_costs_its_averages(score: Score, mock: Path) -> None:
    (mock / "predictions/xnli/test-sw.tsv").unlink()
    result = score("xtreme", mock / "predictions", mock / "labels", "--json")
    assert result.exit_code == 5
    document = json.loads(result.stdout)
    assert len(document["tasks"]["xnli"]) == 14
    assert document["averages"]["xnli"] is None
    assert document["groups"]["classification"] is None
    assert document["groups"]["tagging"] == pytest.approx(63.8627, abs=1e-4)
    assert document["overall"] is None
    (missing,) = document["missing"]
    assert (missing["task"], missing["language"]) == ("xnli", "sw")
    assert "test-sw.tsv" in missing["message"]
    assert "missing: xnli sw: no predictions" in result.stderr


def test_only_the_tasks_asked_for(score: Score, mock: Path) -> None:
    shutil.rmtree(mock / "predictions/mlqa")
    result = score(
        "xtreme", mock / "predictions", mock / "labels", "--task", "pawsx", "--task", "xnli"
    )
    assert result.exit_code == 0, result.output
    assert "classification" in result.stdout
    assert "overall" not in result.stdout
    assert score("xtreme", mock, mock, "--task", "pawx").exit_code == 2


def test_nothing_to_score(score: Score, tmp_path: Path) -> None:
    result = score("xglue", tmp_path, tmp_path)
    assert result.exit_code == 5
    assert "no folder of a task (NER, POS, " in result.stderr
    (tmp_path / "WPR").mkdir()
    result = score("xglue", tmp_path, tmp_path)
    assert result.exit_code == 5
    assert "nothing to score" in result.stderr
    assert "WPR in all 7 languages: de: no predictions: looked for" in result.stderr
    assert score("xglue", tmp_path / "nowhere", tmp_path).exit_code == 5


def test_xglue_in_shares(score: Score, tmp_path: Path) -> None:
    (tmp_path / "XNLI").mkdir()
    for language in XNLI:
        lines = "a\tb\tneutral\na\tb\tentailment\n"
        (tmp_path / f"XNLI/{language}.test").write_text(lines)
        (tmp_path / f"XNLI/{language}.prediction").write_text("neutral\nneutral\n")
    result = score("xglue", tmp_path, tmp_path, "--task", "XNLI")
    assert result.exit_code == 0, result.output
    assert "0.5000" in result.stdout
    document = json.loads(score("xglue", tmp_path, tmp_path, "--task", "xnli", "--json").stdout)
    assert document["unit"] == "share"
    assert document["averages"] == {"XNLI": {"accuracy": 0.5, "score": 0.5}}
    assert document["understanding"] is None


def test_squad_and_mlqa(score: Score, answers: tuple[Path, Path]) -> None:
    result = score("squad", *answers)
    assert result.exit_code == 0, result.output
    assert [line.split() for line in result.stdout.splitlines()][4:6] == [
        ["exact", "match", "0.00"],
        ["f1", "50.00"],
    ]
    document = json.loads(score("squad", *answers, "--language", "de", "--json").stdout)
    assert document["tasks"] == {"mlqa": {"de": {"exact_match": 100.0, "f1": 100.0}}}
    assert document["averages"] == {"mlqa": {"exact_match": 100.0, "f1": 100.0}}


def test_squad_options_that_do_not_go_together(score: Score, answers: tuple[Path, Path]) -> None:
    result = score("squad", *answers, "--language", "fi")
    assert result.exit_code == 2
    assert "MLQA does not have the language `fi`" in result.stderr
    assert score("squad", *answers, "--version", "2.0", "--language", "de").exit_code == 2
    assert score("squad", *answers, "--no-answer-scores", answers[0]).exit_code == 2


def test_a_file_that_is_not_there(score: Score, answers: tuple[Path, Path]) -> None:
    result = score("squad", answers[0], answers[1].with_name("none.json"))
    assert result.exit_code == 5
    assert "none.json: cannot be read" in result.stderr
