"""`adapterxlt report`."""

from __future__ import annotations

import dataclasses
import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from adapterxlt.cli.main import cli
from adapterxlt.plan.memory import remember
from adapterxlt.results.kept import write_results
from adapterxlt.store.store import STORE_FOLDER, Store
from tests.report.measured import Measured
from tests.report.rows import row


@pytest.fixture
def workdirs(tmp_path: Path) -> list[str]:
    """Three seeds of one recipe."""
    for seed, gain in ((1, 2.0), (2, 4.0), (3, 3.0)):
        rows = [row("direct", "de", 60.0), row("nli", "de", 60.0 + gain)]
        seeded = [dataclasses.replace(each, seed=seed) for each in rows]
        write_results(tmp_path / f"runs{seed}", "test", seeded)
    return [str(tmp_path / f"runs{seed}") for seed in (1, 2, 3)]


def report(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["report", *arguments], env={"COLUMNS": "300"})


def test_tables_of_one_folder_are_those_of_its_run(workdirs: list[str]) -> None:
    result = report(workdirs[0])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "scores: pawsx dev, accuracy"
    assert "  nli vs direct on pawsx dev: +2.0 ± 6.8 points zero-shot" in result.stdout
    assert "Over several seeds" not in result.stdout


def test_seeds_are_taken_together(workdirs: list[str]) -> None:
    result = report(*workdirs)
    assert result.stdout.count("scores: pawsx dev, accuracy") == 3
    assert (
        "nli vs direct on pawsx dev: +3.0 ± 2.5 points zero-shot, 3 seeds (1: +2.0, 2: +4.0, "
        "3: +3.0; better in 3)"
    ) in result.stdout


def test_a_page(workdirs: list[str], tmp_path: Path) -> None:
    html = tmp_path / "new" / "page.html"
    result = report(*workdirs, "--html", str(html))
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"{html}: 1 recipe\n"  # under three seeds
    assert "+3.0 ± 2.5 points" in html.read_text(encoding="utf-8")


def test_json(workdirs: list[str]) -> None:
    document = json.loads(report(*workdirs, "--json").stdout)
    assert document["schema"] == 1
    assert [(each["workdir"], each["model"], each["value"]) for each in document["results"]][
        :2
    ] == [
        (workdirs[0], "direct", 60.0),
        (workdirs[0], "nli", 62.0),
    ]
    (seeds,) = document["over_seeds"]
    assert seeds["gains"] == {"1": 2.0, "2": 4.0, "3": 3.0}
    assert (seeds["points"], seeds["margin"]) == (3.0, pytest.approx(4.303 / 3**0.5, rel=1e-3))


def test_errors(workdirs: list[str], tmp_path: Path) -> None:
    assert report().exit_code == 2
    missing = report(str(tmp_path / "nowhere"))
    assert missing.exit_code == 2
    assert "nowhere/results.json: there is no such file" in missing.stderr
    (tmp_path / "r.yaml").write_text("name: r\n")
    for path in ("r.yaml", "r.yaml/x"):
        wrong = report(str(tmp_path / path))
        assert wrong.stderr == (
            f"error: {tmp_path / path}: is not a folder\n  name a work folder of a finished run\n"
        )
    write_results(tmp_path / "empty", "test", [])
    empty = report(str(tmp_path / "empty"))
    assert (empty.exit_code, "no results" in empty.stderr) == (2, True)
    (tmp_path / "empty/results.json").write_text("{")
    assert report(workdirs[0], str(tmp_path / "empty")).exit_code == 1


def test_a_page_never_replaces_what_is_read(workdirs: list[str], tmp_path: Path) -> None:
    results = Path(workdirs[1]) / "results.json"
    before = results.read_bytes()
    (tmp_path / "link.html").symlink_to(results)
    for html in (results, tmp_path / "link.html"):
        result = report(*workdirs, "--html", str(html))
        assert (result.exit_code, results.read_bytes()) == (2, before)
        assert "is the same file as" in result.stderr
    packed = tmp_path / "page.html.gz"
    assert report(*workdirs, "--html", str(packed)).exit_code == 0
    assert b"points" in gzip.decompress(packed.read_bytes())


def test_other_forms(workdirs: list[str], tmp_path: Path) -> None:
    paths = {name: tmp_path / f"out.{name}" for name in ("html", "markdown", "csv", "latex")}
    options = [word for name, path in paths.items() for word in (f"--{name}", str(path))]
    result = report(*workdirs, *options)
    assert (result.exit_code, result.stdout) == (0, ""), result.output
    assert paths["markdown"].read_text().startswith("# Scores\n")
    assert "\n# Did the intermediate task help?\n" in paths["markdown"].read_text()
    assert "- nli vs direct on pawsx dev: +3.0 ± 2.5 points" in paths["markdown"].read_text()
    assert len(paths["csv"].read_text().splitlines()) == 1 + 6
    assert paths["latex"].read_text().startswith("%")
    same = report(*workdirs, "--csv", str(paths["csv"]), "--latex", str(paths["csv"]))
    assert same.exit_code == 2
    assert "is also the file of --csv" in same.stderr


@pytest.mark.parametrize(
    ("lineage", "question"),
    [
        ("mini > pawsx (lora)", "Is it better than the baseline?"),
        ("mini > mnli (lora) > pawsx (lora, after)", "Did the intermediate task help?"),
    ],
)
def test_all_formats_answer_the_same_question(tmp_path: Path, lineage: str, question: str) -> None:
    work = Measured(tmp_path).add("direct", "d", {"de": np.arange(100) < 50})
    folder = str(work.add("other", "o", {"de": np.arange(100) < 60}, lineage=lineage).save())
    assert f"\n{question}\n" in report(folder).stdout
    page, text = tmp_path / "a.html", tmp_path / "a.md"
    assert report(folder, "--html", str(page), "--markdown", str(text)).exit_code == 0
    assert f"<h1>{question}</h1>" in page.read_text()
    assert f"\n# {question}\n" in text.read_text()


def versions(folder: Path) -> str:
    """A recipe that was run with three learning rates, the last run first."""
    folder.mkdir()
    work, store = Measured(folder), Store(folder / STORE_FOLDER)
    for number, lr in enumerate((0.1, 0.2, 0.3)):
        version = f"{number}a"
        for model in ("direct", "nli"):
            known = {"recipe_id": version, "setup": f"{model} {lr}", "fingerprint": version + model}
            work.add(model, f"{model} {lr}", {"de": np.arange(100) < 50 + number}, **known)
        parts = {"kind": "train", "version": 1, "backbone": "", "data": "", "inputs": []}
        remember(store, "test", version, {"nli": {**parts, "params": {"lr": lr}}}, [])
    return str(work.save())


def test_versions_of_a_recipe_are_told_apart_and_can_be_left_out(tmp_path: Path) -> None:
    folder = versions(tmp_path / "runs")
    result = report(folder)
    assert result.stdout.count("scores: pawsx dev, accuracy") == 3
    assert result.stderr == (
        f"note: {folder} has results of 3 versions of the recipe `test`, the newest first: [2a], "
        "[1a] (from it to the first: nli: lr: 0.2 -> 0.3), [0a] (from it to the first: nli: lr: "
        f"0.1 -> 0.3). All of them count in Holm's correction; `adapterxlt report '{folder}:test "
        "[2a]'` leaves the others out\n"
    )
    alone = report(f"{folder}:test [2a]")
    assert alone.stderr == ""
    assert alone.stdout.count("scores: pawsx dev, accuracy") == 1
    assert "52.0" in alone.stdout
    assert len(json.loads(report(f"{folder}:test [2a]", "--json").stdout)["comparisons"]) == 1
    wrong = report(f"{folder}:tset")
    assert wrong.exit_code == 2
    assert wrong.stderr == (
        f"error: {folder} has no results of a recipe `tset`\n  did you mean `test`?\n"
    )
    assert report(f"{folder}:test [2a]", folder).stdout == result.stdout


def test_all_versions_that_a_name_may_mean_are_listed(tmp_path: Path) -> None:
    folder = versions(tmp_path / "runs")
    told = report(folder, "--compare", "nli", "direct").stderr
    assert "say which: `test [2a]:nli`, `test [1a]:nli`, `test [0a]:nli`\n" in told
    pair = ("test [2a]:nli", "test [0a]:nli")
    found = json.loads(report(folder, "--compare", *pair, "--json").stdout)["comparisons"]
    assert [one["points"] for one in found if one["asked"]] == [2.0]
