"""Several intermediate tasks mixed into one adapter, from real files, then zero-shot."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from tests.scenarios.program import Cli

RECIPE = """
name: multitask
backbone: mini
data: [{own}, {data}]
seed: 1
training: {{lr: 3e-3, epochs: 1, batch_size: 32, max_length: 96}}
stages:
  mixed:
    method: seq_bn
    sampling: capped
    sampling_cap: 900
    train:
      # Dev files stand in where the folder has no training file.
      - {{task: squad, split: dev, cap: 1200, max_length: 128}}
      - {{task: hellaswag, cap: 500}}
      - {{task: commonsenseqa, cap: 800}}
      - {{task: snli, split: dev, cap: 3000}}
  english: {{evaluate: mixed, on: [squad, commonsenseqa, mnli], cap: 100}}
  answers: {{evaluate: mixed, on: [xquad, mlqa], languages: [en, de, zh], cap: 100}}
  more: {{evaluate: mixed, on: tydiqa, languages: en, cap: 100}}
  submission: {{evaluate: mixed, on: tydiqa, languages: fi, predictions: xtreme}}
  choices: {{evaluate: mixed, on: xcopa, languages: [id, sw, zh]}}
  inference: {{evaluate: mixed, on: xnli, languages: [en, de, sw, zh], cap: 200}}
"""

MEASURED = {
    **dict.fromkeys(("squad", "commonsenseqa", "mnli", "tydiqa"), "en"),
    **dict.fromkeys(("xquad", "mlqa"), "en de zh"),
    "xcopa": "id sw zh",
    "xnli": "en de sw zh",
}
TYDIQA = "tydiqa/tydiqa-goldp-v1.1-{0}/tydiqa.goldp.en.{0}.json"


def _with_ids_of_their_own(path: Path) -> str:
    """A file in SQuAD's JSON, its questions numbered (XTREME's training files repeat ids)."""
    document = json.loads(path.read_text(encoding="utf-8"))
    questions = (
        question
        for article in document["data"]
        for paragraph in article["paragraphs"]
        for question in paragraph["qas"]
    )
    for number, question in enumerate(questions):
        question["id"] = f"english-{number}"
    return json.dumps(document)


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_four_tasks_in_one_adapter(cli: Cli, real_data: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "multitask.yaml"
    # TyDiQA's dev answers are withheld; English ones are in its training file.
    gold = tmp_path / "own" / TYDIQA.format("dev")
    gold.parent.mkdir(parents=True)
    gold.write_text(_with_ids_of_their_own(real_data / TYDIQA.format("train")))
    recipe.write_text(RECIPE.format(own=tmp_path / "own", data=real_data))
    done = cli("run", recipe, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["steps"]["failed"] == {}
    rows = document["results"]

    # What is trained on and evaluated on is told before the training begins.
    warning, *rest = done.stderr.splitlines()
    assert warning.startswith("warning: evaluation texts were seen in training: ")
    assert "xquad en: " in warning
    assert rest[0].startswith("mixed: ")

    # One adapter, a head for each task, and a record of what each task got.
    [spec] = (
        path
        for path in (tmp_path / "runs" / "store").rglob("model.json")
        if "heads" not in path.parts
    )
    heads = json.loads(spec.read_text())
    assert [heads["head"]["task"], *(head["task"] for head in heads["other_heads"])] == [
        "squad",
        "hellaswag",
        "commonsenseqa",
        "snli",
    ]
    assert len(heads["adapters"]) == 1
    tasks = json.loads((spec.parent / "metrics.json").read_text())["tasks"]
    assert [task["examples"] for task in tasks] == [1200, 500, 800, 3000]
    counted = [min(task["inputs"], 900) for task in tasks]
    for task, count in zip(tasks, counted, strict=True):
        assert task["probability"] == pytest.approx(count / sum(counted))
        assert task["steps"] > 0
    assert sum(task["steps"] for task in tasks) == sum(-(-count // 32) for count in counted)
    # So short a training of so small a model learns little; but no head does worse than one that
    # knows nothing (SQuAD's has the tokens of a window to choose from).
    for task, choices in zip(tasks, (128, 4, 5, 3), strict=True):
        assert task["final_loss"] < 1.1 * math.log(choices)

    # Every task is predicted by the head that fits it.
    found = {(row["task"], row["language"]): row for row in rows if row["main"]}
    assert {key: row["n"] for key, row in found.items()} == {
        (task, language): 200 if task == "xnli" else 100
        for task, languages in MEASURED.items()
        for language in languages.split()
    }
    # No better than chance is asked for, and not less: within three standard errors of it.
    chances = {"commonsenseqa": 1 / 5, "mnli": 1 / 3, "xnli": 1 / 3, "xcopa": 1 / 2}
    for (task, _), row in found.items():
        chance = chances.get(task, 0.0)
        error = math.sqrt(chance * (1 - chance) / row["n"])
        assert 100 * (chance - 3 * error) <= row["value"] <= 100
    lineage = (
        "mini > squad[1200] + hellaswag[500] + commonsenseqa[800] + snli[3000] (seq_bn, capped)"
    )
    assert {row["lineage"] for row in rows} == {lineage}

    # XQuAD's English paragraphs are in SQuAD dev, which this model was trained on.
    seen_in_squad = {key for key, row in found.items() if "squad " in row["contamination"]}
    assert ("xquad", "en") in seen_in_squad
    assert ("squad", "en") in seen_in_squad
    assert {language for _, language in seen_in_squad} == {"en"}
    assert not {"xcopa", "xnli", "mnli"} & {task for task, _ in seen_in_squad}

    # Where answers are withheld, there are predictions.
    [answers] = (tmp_path / "runs" / "predictions").rglob("tydiqa/dev-fi.json")
    assert len(json.loads(answers.read_text())) == 400

    # Nothing is trained again.
    again = json.loads(cli("run", recipe, "--json").stdout)
    assert again["steps"]["done"] == []
    assert again["results"] == rows
