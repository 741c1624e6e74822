"""Recipes whose data cannot be shared, on made-up files in the official layouts, in small."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from adapterxlt.benchmarks.folder import Result, score_benchmark
from adapterxlt.benchmarks.xglue import XGLUE
from adapterxlt.cli.main import cli
from tests.scenarios.made_up import DEV, LANGUAGES, dev_size, write_stilts, write_xglue

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

CAP = 8  # more than a dev file has, less than a training file
MAIN = {"NER": "f1", "POS": "precision", "MLQA": "f1", "WPR": "ndcg"}  # else the accuracy
WITHHELD = {"NC", "QADSM", "WPR", "QAM"}  # their test files have no labels
CELLS = {(task, language) for task, languages in LANGUAGES.items() for language in languages}

Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """`adapterxlt run RECIPE` on the bundled backbone, with a cap; gives what `--json` prints."""
    workdir = tmp_path_factory.mktemp("work")

    def go(recipe: str, data: Path, *settings: str) -> dict[str, Any]:
        changes = (part for setting in settings for part in ("--set", setting))
        done = CliRunner().invoke(
            cli,
            ["run", recipe, "--set", "backbone=mini", *changes, "--data", str(data),
             "--trial", str(CAP), "--workdir", str(workdir), "--json"],
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        document: dict[str, Any] = json.loads(done.stdout)
        assert document["steps"]["failed"] == {}
        return document

    return go


@pytest.fixture(scope="module")
def xglue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("xglue_full_dataset")
    write_xglue(folder)
    return folder


@pytest.fixture(scope="module")
def download(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("download")
    write_stilts(folder)
    return folder


def submitted(run: Run, xglue: Path, split: str, folder: Path) -> dict[tuple[str, str], Any]:
    """Run all of XGLUE and put its prediction files into one folder, as they are submitted.

    Returns:
        the rows of the main metrics by task and language.
    """
    settings = (
        f"stages.{task.lower()}_scores.{setting}"
        for task in LANGUAGES
        for setting in ("predictions=xglue", f"split={split}")
    )
    document = run("xglue/all", xglue, *settings)
    for model in map(Path, document["predictions"]):
        for file in model.glob("*/*.prediction"):
            (folder / file.parent.name).mkdir(parents=True, exist_ok=True)
            (folder / file.parent.name / file.name).write_bytes(file.read_bytes())
    rows = [row for row in document["results"] if row["main"] and row["split"] == split]
    found = {(row["task"].removeprefix("xglue_").upper(), row["language"]): row for row in rows}
    assert len(found) == len(rows)
    return found


def predicted(file: Path, task: str) -> list[int]:
    """How many labels each example of a prediction file has."""
    text = file.read_text(encoding="utf-8")
    if task == "MLQA":
        return [1] * len(json.loads(text))
    if task in ("NER", "POS"):
        return [len(tags.split("\n")) for tags in text.removesuffix("\n\n").split("\n\n")]
    return [len(line.split()) for line in text.splitlines()]


def same_as_scored(rows: dict[tuple[str, str], Any], scored: Result) -> set[tuple[str, str]]:
    """Compare the values of `run` with those of `score`; returns the cells that were compared."""
    compared = set()
    for task in scored.tasks:
        (metric,) = task.spec.means
        for language, metrics in task.languages.items():
            row = rows[task.spec.name, language]
            assert row["metric"] == metric == MAIN.get(task.spec.name, "accuracy")
            assert row["value"] == pytest.approx(100 * metrics[metric], abs=1e-9)
            compared.add((task.spec.name, language))
    return compared


def test_xglue_in_every_task_and_language(run: Run, xglue: Path, tmp_path: Path) -> None:
    rows = submitted(run, xglue, "dev", tmp_path)
    assert rows.keys() == CELLS
    for (task, language), row in rows.items():
        assert row["n"] == dev_size(task, language)
        sizes = predicted(tmp_path / task / f"{language}.prediction", task)
        assert sizes == [6 if task in ("NER", "POS") else 1] * dev_size(task, language)
    assert {row["caps"] for row in rows.values()} == {f"train {CAP}, evaluate {CAP}"}
    assert len({row["value"] for row in rows.values()}) > 20  # values that could tell a mix-up

    scored = score_benchmark(XGLUE, tmp_path, xglue, split="dev")
    assert same_as_scored(rows, scored) == CELLS
    assert (scored.problems, scored.overall is None) == ([], False)


def test_xglue_s_withheld_labels_are_predicted_and_not_scored(
    run: Run, xglue: Path, tmp_path: Path
) -> None:
    rows = submitted(run, xglue, "test", tmp_path)
    labelled = {cell for cell in CELLS if cell[0] not in WITHHELD}
    assert rows.keys() == labelled
    for task, language in CELLS:
        sizes = predicted(tmp_path / task / f"{language}.prediction", task)
        assert len(sizes) == dev_size(task, language) - 1

    done = CliRunner().invoke(
        cli, ["score", "xglue", "--predictions", str(tmp_path), "--labels", str(xglue), "--json"]
    )
    assert done.exit_code == 5
    missing = json.loads(done.stdout)["missing"]
    assert {(item["task"], item["language"]) for item in missing} == CELLS - labelled
    assert all("the labels of the published test files are withheld" in item["message"]
               for item in missing)  # fmt: skip
    assert "missing: NC in all 5 languages" in done.stderr
    assert same_as_scored(rows, score_benchmark(XGLUE, tmp_path, xglue)) == labelled


TARGETS = {
    **dict.fromkeys(("xnli", "pawsx"), ("accuracy", "en de")),
    **dict.fromkeys(("udpos", "panx", "mlqa"), ("f1", "en de")),
    "tatoeba": ("accuracy", "de fr"),
    "bucc2018": ("f1", "de fr"),
}


NINE = (
    "anli_plus", "mnli", "qqp", "squad", "squad_v2", "hellaswag", "ccg", "cosmosqa",
    "commonsenseqa",
)  # fmt: skip


@pytest.mark.parametrize("name", ["ccg", "anli_plus", "multi"])
def test_stilts_on_every_target(run: Run, download: Path, name: str) -> None:
    document = run(f"stilts/{name}", download)
    rows = [row for row in document["results"] if row["main"]]
    found = {(row["task"], row["language"], row["metric"]) for row in rows}
    assert found == {
        (task, language, metric)
        for task, (metric, languages) in TARGETS.items()
        for language in languages.split()
    }
    # Of mining it is the gold pairs that count.
    assert {(row["task"] == "bucc2018", row["n"]) for row in rows} == {(False, DEV), (True, 2)}
    after = [row for row in rows if "after" in row["model"]]
    assert len(after) == 2 * 5
    assert {row["baseline"] for row in after} >= {"direct_xnli", "direct_squad"}
    source = f"{name} (full, {CAP} examples,"
    if name == "multi":
        source = " + ".join(f"{task}[{CAP}]" for task in NINE) + " (full, proportional,"
    assert all(row["lineage"].startswith(f"mini > {source}") for row in after)

    # The answers of these are withheld.
    assert len(document["predictions"]) == 4
    sizes = {
        (file.parent.name, file.name): len(json.loads(file.read_text(encoding="utf-8")))
        for folder in map(Path, document["predictions"])
        for file in folder.glob("*/*.json")
    }
    assert sizes == {
        (task, f"test-{language}.json"): DEV
        for task, languages in (("xquad", "en de"), ("tydiqa", "en fi"))
        for language in languages.split()
    }
