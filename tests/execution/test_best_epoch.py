"""A stage that keeps its best epoch: scored as an evaluation scores, and told everywhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.execution.run import RunResult, run_recipe
from adapterxlt.plan.plan import resolve_sources
from adapterxlt.recipe.load import load_text
from adapterxlt.stages.running.contamination import read_seen

Run = Callable[[str], RunResult]

WORDS = ("dog", "cat", "house", "tree", "river", "bread", "stone", "train", "cloud", "glass")


def _pairs(first: int, count: int) -> str:
    rows = ((WORDS[n % 10], WORDS[n * (1 + n % 2) % 10], n) for n in range(first, first + count))
    return "".join(f"a {one} {n}\ta {other} {n}\t{int(one == other)}\n" for one, other, n in rows)


def _sentences(first: int, count: int) -> str:
    rows = (
        f"the\tDET\n{WORDS[n % 10]}{n}\tNOUN\nsleeps\tVERB\n\n" for n in range(first, first + count)
    )
    return "".join(rows)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    files = {
        "pawsx/train-en.tsv": _pairs(0, 40),
        "pawsx/dev-en.tsv": _pairs(100, 24),
        "udpos/train-en.tsv": _sentences(0, 24),
        "udpos/dev-en.tsv": _sentences(100, 12),
        "mlm/de.train.txt": "".join(f"Der Hund Nummer {n} schläft.\n" for n in range(20)),
        "mlm/de.dev.txt": "".join(f"Die Katze Nummer {n} wacht.\n" for n in range(9)),
    }
    for name, text in files.items():
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).write_text(text, encoding="utf-8")
    return tmp_path / "data"


@pytest.fixture
def go(tmp_path: Path, data: Path, tiny_backbone: Path) -> Run:
    def run(stages: str) -> RunResult:
        loaded = load_text(
            f"name: r\nbackbone: {tiny_backbone}\ndata: {data}\n"
            "training: {lr: 3e-3, epochs: 3, batch_size: 8, max_length: 32, keep: best}\n"
            f"stages: {stages}"
        )
        sources = resolve_sources(loaded.recipe, loaded.base)
        return run_recipe(loaded.recipe, workdir=tmp_path / "work", sources=sources)

    return run


def dev_of(result: RunResult, stage: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((result.outputs[stage] / "metrics.json").read_text())["dev"]
    return found


def test_dev_scores_are_those_of_an_evaluation(go: Run, data: Path) -> None:
    result = go(
        "{mixed: {train: [pawsx, udpos, {task: mlm, language: de}], method: full},"
        " one: {train: pawsx, dev_cap: 10},"
        " s: {evaluate: mixed, on: [pawsx, udpos], languages: en},"
        " t: {evaluate: one, on: pawsx, languages: en, cap: 10},"
        " m: {evaluate: mixed, on: mlm, languages: de}}"
    )
    assert result.failed == {}
    dev = dev_of(result, "mixed")
    assert [epoch["epoch"] for epoch in dev["epochs"]] == [1, 2, 3]
    kept = dev["epochs"][dev["kept"] - 1]
    rows = {(row.stage, row.task): row for row in result.rows if row.main}
    for score in kept["scores"]:
        row = rows["m" if score["task"] == "mlm" else "s", score["task"]]
        assert (score["metric"], score["n"]) == (row.metric, row.n)
        assert score["value"] == pytest.approx(row.value, abs=1e-9)
    values = [score["value"] for score in kept["scores"] if score["task"] != "mlm"]
    assert kept["value"] == pytest.approx(sum(values) / 2)
    assert kept["value"] == max(epoch["value"] for epoch in dev["epochs"])

    one = dev_of(result, "one")
    assert rows["t", "pawsx"].value == one["epochs"][one["kept"] - 1]["value"]
    assert rows["t", "pawsx"].lineage.endswith("> pawsx (seq_bn, best epoch on dev[10])")

    # What an epoch is chosen on is not what a model has seen.
    assert {row.contamination for row in result.rows} == {""}
    (hashes,) = read_seen(None, result.outputs["one"]).values()
    assert len(hashes) == len(np.unique(hashes)) <= 80


def _tydiqa(question: str, answer: str) -> str:
    answers = [{"answer_start": 0, "text": answer}]
    qas = [{"id": "english-1", "question": question, "answers": answers}]
    paragraphs = [{"context": "Rome is old.", "qas": qas}]
    return json.dumps({"data": [{"title": "t", "paragraphs": paragraphs}]})


@pytest.mark.parametrize(
    ("dev", "message"),
    [
        (None, "no dev data of `tydiqa` in language `en`"),
        (_tydiqa("Which?", ""), "1 of 1 dev examples of `tydiqa` .* have no label"),  # withheld
    ],
)
def test_dev_data_are_looked_at_before_anything_is_trained(
    go: Run, data: Path, dev: str | None, message: str
) -> None:
    for split, text in (("train", _tydiqa("What is old?", "Rome")), ("dev", dev)):
        file = data / f"tydiqa/tydiqa-goldp-v1.1-{split}/tydiqa.goldp.en.{split}.json"
        if text is not None:
            file.parent.mkdir(parents=True)
            file.write_text(text)
    with pytest.raises(MissingDataError, match=message):
        go("{first: {train: udpos, keep: last}, a: {train: tydiqa, max_length: 128}}")
    assert not list((data.parent / "work").rglob("*.safetensors"))
