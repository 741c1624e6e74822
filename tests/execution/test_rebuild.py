"""Several seeds and recipes of one name in a work folder, and its results made anew."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from adapterxlt.cli.main import cli
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.results.measures import Measure, write_measures
from adapterxlt.stages.running.context import Context
from adapterxlt.store.manifest import MANIFEST_NAME
from adapterxlt.store.store import STORE_FOLDER, Store

Go = Callable[..., Result]
RECIPE = """
name: r
backbone: {backbone}
data: data
training: {{cap: 4}}
stages:
  nli: {{train: mnli}}
  base: {{train: pawsx}}
  after: {{train: pawsx, after: nli, lr: {lr}}}
  scores: {{evaluate: [base, after], on: pawsx, languages: en, baseline: base, predictions: xtreme}}
  search: {{retrieve: [none, nli], on: tatoeba, layers: [1], max_length: 64}}
"""


def work(planned: PlannedStep, context: Context, staging: Path) -> None:
    """Stands in for the steps' own functions: what is found depends on the address only."""
    value = int(planned.fingerprint[:6], 16) / 0xFFFFFF * 100
    out, step = staging / "out", planned.step
    if step.kind == "evaluate":
        write_measures(out, [Measure("en", "dev", "accuracy", True, value, 4)])
        (out / "predictions/pawsx").mkdir(parents=True)
        (out / "predictions/pawsx/dev-en.tsv").write_text(f"{value}\n")
    elif step.kind == "retrieve":
        write_measures(out, [Measure("de", "test", "accuracy", True, value, 4, 1)])
    else:
        (out / "weights").write_text(step.id)


@pytest.fixture
def go(tmp_path: Path, tiny_backbone: Path, monkeypatch: pytest.MonkeyPatch) -> Go:
    """Run the recipe, its learning rate and settings given, in the folder `w`."""
    monkeypatch.setattr("adapterxlt.execution.step._runner", lambda kind: work)
    pairs = "a dog\tan animal\tentailment\nno dog\ta dog\tcontradiction\n" * 2
    twins = "a dog\tone dog\t1\na dog\ta cat\t0\n" * 2
    for name, text in {
        "xnli/train-en.tsv": pairs,
        "pawsx/train-en.tsv": twins,
        "pawsx/dev-en.tsv": twins,
        "tatoeba/v1/tatoeba.deu-eng.deu": "ein Hund\neine Katze\n",
        "tatoeba/v1/tatoeba.deu-eng.eng": "a dog\na cat\n",
    }.items():
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).write_text(text)

    def go(lr: str = "1e-3", *arguments: str) -> Result:
        path = tmp_path / "r.yaml"
        path.write_text(RECIPE.format(backbone=tiny_backbone, lr=lr))
        command = ["run", str(path), "--workdir", str(tmp_path / "w"), *arguments]
        result = CliRunner().invoke(cli, command, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result

    return go


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "w" / "results.json"


def report(*arguments: str | Path) -> Result:
    command = ["report", *map(str, arguments)]
    return CliRunner().invoke(cli, command, catch_exceptions=False, env={"COLUMNS": "300"})


def rows(results: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(results.read_text())["rows"]
    return found


def test_every_seed_and_every_recipe_of_a_name_is_kept(go: Go, results: Path) -> None:
    go()
    first = results.read_bytes()
    go()
    assert results.read_bytes() == first
    assert len(rows(results)) == 4
    seed = go("1e-3", "--set", "seed=2")
    assert [(row["model"], row["seed"]) for row in rows(results)] == [
        (model, seed) for seed in (1, 2) for model in ("base", "after", "none", "nli")
    ]
    assert "note:" not in seed.stderr
    copied = go("1e-2")
    assert len(rows(results)) == 12
    (own,) = {row["recipe_id"] for row in rows(results)[8:]}
    assert f"this recipe `r` is [{own}]" in copied.stderr
    assert "(from it to this: after: lr: 0.001 -> 0.01)" in copied.stderr
    both = results.read_bytes()
    assert "after: lr: 0.01 -> 0.001" in go().stderr
    assert results.read_bytes() == both

    shown = report(results.parent).stdout
    titles = [line for line in shown.splitlines() if line.startswith(f"{results.parent}: r")]
    ids = list(dict.fromkeys(row["recipe_id"] for row in rows(results)))
    assert [title.partition(": ")[2] for title in titles] == [
        f"r [{ids[2]}], seed 1",
        f"r [{ids[0]}], seed 1",
        f"r [{ids[1]}], seed 2",
    ]
    document = json.loads(report(results.parent, "--json").stdout)
    assert {row["recipe_id"] for row in document["results"]} == set(ids)
    assert [(one["model"], sorted(one["gains"])) for one in document["over_seeds"]] == [
        ("nli", ["1", "2"]),
        ("after", ["1", "2"]),
    ]


def test_the_same_content_under_another_name_of_the_data(
    go: Go, results: Path, tmp_path: Path
) -> None:
    go()
    shutil.copytree(tmp_path / "data", tmp_path / "copy")
    again = go("1e-3", "--data", str(tmp_path / "copy"))
    assert "0 run, 7 reused" in again.stderr
    assert [row["data"] for row in rows(results)] == ["data"] * 4 + ["copy"] * 4


def test_a_stage_more_is_no_other_recipe(go: Go, results: Path) -> None:
    go("1e-3", "--set", "stages.scores.evaluate=[base]")
    grown = go()
    assert "note:" not in grown.stderr
    assert [row["model"] for row in rows(results)] == ["base", "after", "none", "nli"]


def test_prediction_files_of_two_recipes_of_one_name(go: Go, results: Path) -> None:
    def files(folders: list[str]) -> dict[str, str]:
        return {folder: (Path(folder) / "pawsx/dev-en.tsv").read_text() for folder in folders}

    one = files(json.loads(go("1e-3", "--json").stdout)["predictions"])
    root = results.parent / "predictions/r/scores"
    assert list(one) == [str(root / "base"), str(root / "after")]
    two = files(json.loads(go("1e-2", "--json").stdout)["predictions"])
    assert not set(one) & set(two)
    assert files(list(one)) == one
    assert files(json.loads(go("1e-3", "--json").stdout)["predictions"]) == one
    assert files(json.loads(go("1e-2", "--json").stdout)["predictions"]) == two


def test_results_are_made_anew_to_the_byte(go: Go, results: Path) -> None:
    go()
    go("1e-3", "--set", "seed=2")
    go("1e-2")
    whole = results.read_bytes()
    results.write_bytes(whole[:1000])
    made = report(results.parent, "--rebuild")
    assert made.exit_code == 0
    assert results.read_bytes() == whole
    aside = results.with_name("results.damaged.json")
    assert aside.read_bytes() == whole[:1000]
    assert f"it was renamed to {aside}" in made.stderr
    results.unlink()
    report(results.parent, "--rebuild")
    assert results.read_bytes() == whole


def test_of_a_store_without_notes_as_far_as_possible(go: Go, results: Path) -> None:
    go()
    go("1e-3", "--set", "seed=2")
    go("1e-2")
    whole = results.read_bytes()
    before = rows(results)
    shutil.rmtree(results.parent / "store/.runs")
    results.unlink()
    made = report(results.parent, "--rebuild")
    assert "there is no record of the recipe that measured r: scores/base/pawsx" in made.stderr
    assert "some facts are unknown: the baseline" in made.stderr

    def facts(found: list[dict[str, Any]]) -> list[str]:
        unknown = ("recipe_id",)
        kept = [{key: row[key] for key in row if key not in unknown} for row in found]
        return sorted(json.dumps(row, sort_keys=True) for row in kept)

    assert facts(rows(results)) == facts(before)
    go()
    go("1e-3", "--set", "seed=2")
    go("1e-2")
    assert results.read_bytes() == whole


def test_a_store_may_hold_a_kind_of_stage_that_there_is_no_more(go: Go, results: Path) -> None:
    go()
    before, store = rows(results), Store(results.parent / STORE_FOLDER)
    cell = next(entry for entry in store.entries() if entry.title == "scores/base/pawsx")
    old = "0" * 64
    step = {
        "fingerprint": old,
        "kind": "pretrain",
        "params": {"steps": 3},
        "data": "",
        "inputs": [],
    }
    trained: Any = cell.lineage["steps"]
    trained = [{**each, "fingerprint": each["fingerprint"][::-1]} for each in trained[:1]]
    measured: dict[str, Any] = {
        "lineage": {**cell.lineage, "steps": [step, {**trained[0], "inputs": [old]}]},
        "parts": {**cell.parts, "inputs": [trained[0]["fingerprint"]]},
    }
    for address, kind, title, said in (
        (old, "pretrain", "mini", {"parts": {"kind": "pretrain"}, "lineage": {"steps": [step]}}),
        ("1" * 64, "evaluate", "scores/tuned/pawsx", measured),
    ):
        shutil.copytree(store.path(cell.fingerprint), store.path(address))
        told = cell.model_copy(
            update={"fingerprint": address, "kind": kind, "title": title, "recipe": "old", **said}
        )
        (store.path(address) / MANIFEST_NAME).write_text(told.text())
    work, recipe = str(results.parent), str(results.parent.parent / "r.yaml")
    plan = ["plan", recipe, "--workdir", work]
    for command in (["status", work], ["status", work, "--json"], plan, [*plan, "--explain"],
                    ["report", work]):  # fmt: skip
        done = CliRunner().invoke(cli, command, catch_exceptions=False, env={"COLUMNS": "300"})
        assert done.exit_code == 0, done.output
    assert "pretrain" in CliRunner().invoke(cli, ["status", work]).output
    assert "0 run" in go().stderr
    assert rows(results) == before
    results.unlink()
    assert report(work, "--rebuild").exit_code == 0
    (again,) = {row["lineage"] for row in rows(results) if row["recipe"] == "old"}
    assert again.endswith(" > pretrain > pawsx (seq_bn, 4 examples)")
    assert {row["recipe"] for row in rows(results)} == {"r", "old"}


def test_what_is_gone_or_damaged_is_said(go: Go, results: Path) -> None:
    go()
    store = results.parent / "store"
    base, after, *_ = (row["cell"] for row in rows(results))
    shutil.rmtree(store / base[:2] / base)
    (store / after[:2] / after / "measures.json").write_text("[]")
    (store / ".runs/r-0.json").write_text("{")
    made = report(results.parent, "--rebuild")
    assert len(rows(results)) == 4  # a sound file loses nothing
    assert "2 of its 4 measurements are not in the store" in made.stderr
    assert "measures.json" in made.stderr
    assert "r-0.json: this record of a run cannot be read" in made.stderr
    results.unlink()
    report(results.parent, "--rebuild")
    assert [row["model"] for row in rows(results)] == ["none", "nli"]


def test_a_note_that_fits_no_row(go: Go, results: Path) -> None:
    go()
    (note,) = (results.parent / "store/.runs").glob("r-*.json")
    content = json.loads(note.read_text())
    del content["cells"][0]["seed"]
    note.write_text(json.dumps(content))
    results.unlink()
    made = report(results.parent, "--rebuild")
    assert "the record of its run is damaged" in made.stderr
    assert len(rows(results)) == 4


def test_there_is_no_store(tmp_path: Path) -> None:
    result = report(tmp_path, "--rebuild")
    assert result.exit_code == 2
    assert "there is no store to rebuild results from" in result.stderr


def test_a_file_that_is_damaged_while_a_recipe_runs(
    go: Go, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoil(planned: PlannedStep, context: Context, staging: Path) -> None:
        results.write_text("{")
        work(planned, context, staging)

    monkeypatch.setattr("adapterxlt.execution.step._runner", lambda kind: spoil)
    done = go()
    assert results.read_text() == "{"
    assert "results.json: is not JSON" in done.stderr
    assert f"results in {results.with_name('results.r.json')}" in done.stderr
    assert len(rows(results.with_name("results.r.json"))) == 4


def test_a_work_folder_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(dir: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", f"{dir}/tmpx")

    (tmp_path / "w" / STORE_FOLDER).mkdir(parents=True)
    monkeypatch.setattr("adapterxlt.store.disk.tempfile.TemporaryFile", denied)
    told = CliRunner().invoke(cli, ["report", str(tmp_path / "w"), "--rebuild"])
    assert told.exit_code == 1
    assert told.stderr == (
        f"error: cannot write {tmp_path / 'w'}: Permission denied\n"
        "  choose a writable folder, or change the permissions of this one\n"
    )
