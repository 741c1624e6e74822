"""The recipes of the papers, in small on real files: `adapterxlt run RECIPE --trial N`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.scenarios.program import Cli

pytestmark = pytest.mark.timeout(1500)

# One of each kind of task; what each measures, in how many languages of the folder.
RUN = {
    "xtreme/xnli": (15, "mini > xnli (full, 4 examples)"),
    "xtreme/panx": (17, "mini > panx (full, 4 examples, best epoch on dev[4])"),
    "xglue/mlqa": (7, "mini > xglue_mlqa (full, 4 examples)"),
}


def run(cli: Cli, name: str, data: Path) -> tuple[int, str, str]:
    done = cli("run", name, "--set", "backbone=mini", "--data", data, "--trial", 4, "--json")
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", list(RUN))
def test_it_runs_in_every_language(cli: Cli, real_data: Path, name: str) -> None:
    code, out, err = run(cli, name, real_data)
    assert code == 0, err
    document = json.loads(out)
    assert document["recipe"] == f"{name.replace('/', '-')}-trial"
    rows = [row for row in document["results"] if row["main"]]
    languages, lineage = RUN[name]
    assert len({row["language"] for row in rows}) == len(rows) == languages
    assert {row["lineage"] for row in rows} == {lineage}
    assert {row["caps"] for row in rows} == {"train 4, evaluate 4"}
    assert {row["n"] for row in rows} == {4}
    trained_on_dev = "train on the dev split" in err
    assert trained_on_dev == (name != "xtreme/panx")


@pytest.mark.slow
def test_answers_that_are_withheld_are_predicted(cli: Cli, real_data: Path, tmp_path: Path) -> None:
    code, out, err = run(cli, "xtreme/tydiqa", real_data)
    assert code == 0, err
    document = json.loads(out)
    assert document["results"] == []
    (folder,) = (tmp_path / path for path in document["predictions"])
    sizes = {path.name: len(json.loads(path.read_text())) for path in folder.glob("tydiqa/*")}
    languages = ("ar", "bn", "en", "fi", "id", "ko", "ru", "sw", "te")
    assert sizes == {f"test-{language}.json": 4 for language in languages}


def test_what_is_missing_is_named(cli: Cli, real_data: Path) -> None:
    code, out, err = run(cli, "xglue/ner", real_data)
    assert (code, out) == (5, "")
    assert "no dev data of `xglue_ner` in language `de`" in err
    assert f"looked for layout xglue: {real_data}/NER/de.dev" in err
