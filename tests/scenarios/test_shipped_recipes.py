"""The recipes that ship with the project do what they say, on what ships and on real data."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.program import Cli

ROOT = Path(__file__).resolve().parents[2]
RECIPES = ROOT / "recipes"
MINI = ROOT / "artifacts" / "backbones" / "mini"

Rows = list[dict[str, Any]]


def results(cli: Cli, *arguments: object) -> Rows:
    done = cli("run", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["steps"]["failed"] == {}
    found: Rows = document["results"]
    return found


def mean(rows: Rows, skip: Iterable[str] = ("en",), **fields: object) -> float:
    """Mean value of the rows with these fields, over languages but those to skip."""
    values = [
        row["value"]
        for row in rows
        if row["language"] not in skip and all(row[name] == fields[name] for name in fields)
    ]
    assert values, f"no rows with {fields}"
    return sum(values) / len(values)


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_quickstart(cli: Cli) -> None:
    rows = results(cli, RECIPES / "quickstart.yaml")
    # A span drawn at random is hardly ever right; the bounds are loose.
    answers = {"task": "tydiqa", "metric": "f1"}
    assert mean(rows, model="answers", **answers) > 15
    gained = mean(rows, model="answers_after_qa", **answers)
    assert gained > mean(rows, model="answers", **answers)
    assert mean(rows, model="answers_after_qa", language="en", skip=(), **answers) > 60
    for model in ("names", "names_after_nli", "names_after_qa"):
        assert mean(rows, model=model, task="panx", metric="f1") > 45
    search = {"stage": "search", "model": "none", "metric": "accuracy"}
    assert mean(rows, layer=2, **search) > 58
    assert mean(rows, layer=2, **search) > mean(rows, layer=0, **search) + 20
    # Every number says what it came from.
    last = next(row for row in rows if row["model"] == "answers_after_qa")
    assert last["lineage"] == "mini > squad (seq_bn) > tydiqa (seq_bn, after)"
    assert last["baseline"] == "answers"
    assert {row["seed"] for row in rows} == {1}


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_real_smoke_reduced(cli: Cli, real_data: Path) -> None:
    smaller = {
        "stages.nli.cap": 1000,
        "stages.nli_full.cap": 300,
        "stages.pos.cap": 1500,
        "stages.pos_full.cap": 300,
        "stages.pos_after_nli.cap": 300,
        "stages.ner.cap": 1500,
        "stages.ner_full.cap": 300,
        "stages.ner_after_nli.cap": 300,
        "stages.inference.cap": 50,
        "stages.tagging.cap": 60,
        "stages.entities.cap": 60,
        "stages.search.languages": "[de, sw, th]",
        "stages.mining.layers": 2,
    }
    settings = [part for key, value in smaller.items() for part in ("--set", f"{key}={value}")]
    rows = results(cli, RECIPES / "real-smoke.yaml", "--data", real_data, *settings)

    languages = {
        task: {row["language"] for row in rows if row["task"] == task}
        for task in ("xnli", "udpos", "panx")
    }
    assert {task: len(found) for task, found in languages.items()} == {
        "xnli": 15,
        "udpos": 18,
        "panx": 17,
    }
    # The majority tag (NOUN) makes up less than a quarter of the words, names an F1 of zero.
    assert mean(rows, model="pos", metric="token_accuracy") > 32
    assert mean(rows, model="ner", metric="f1") > 5
    search = {"stage": "search", "model": "none", "metric": "accuracy", "layer": 2}
    card = json.loads((MINI / "scores.json").read_text(encoding="utf-8"))["tatoeba"]
    for language in ("de", "sw", "th"):
        assert mean(rows, language=language, **search) == pytest.approx(card[language][2], abs=0.3)
    assert mean(rows, stage="mining", model="none", metric="f1") > 30
    caps = {row["caps"] for row in rows if row["model"] == "pos"}
    assert caps == {"train 1500, evaluate 60"}
