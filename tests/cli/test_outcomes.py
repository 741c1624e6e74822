"""Outcomes of a real run: compared without model and data, exported, and damaged."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from adapterxlt.cli.main import cli

RECIPE = """
name: r
backbone: {tiny}
data: .
tasks: pairs.yaml
training: {max_steps: 1}
compare: {baseline: b, equivalence: 60}
stages:
  a: {train: pairs, seed: 2}
  b: {train: pairs, method: lora}
  s: {evaluate: [a, b], on: pairs, languages: [en, de, sw]}
"""
ENTRY = """
kind: pair_classification
labels: [same, other]
languages: [en, de, sw]
parallel: row
format: pair_tsv
files: "{lang}.{split}.tsv"
columns: {text_a: 0, text_b: 1, label: 2}
"""


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, list(map(str, arguments)))


@pytest.fixture(scope="module")
def work(tiny_backbone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("outcomes")
    for code, word in (("en", "cat"), ("de", "Katze"), ("sw", "paka")):
        for split in ("train", "dev"):
            labels = ["same"] * 3 + ["other"] * 5
            lines = [f"{word} {n}\t{word} {n % 3}\t{label}\n" for n, label in enumerate(labels)]
            (folder / f"{code}.{split}.tsv").write_text("".join(lines))
    (folder / "pairs.yaml").write_text(ENTRY)
    (folder / "r.yaml").write_text(RECIPE.replace("{tiny}", str(tiny_backbone)))
    done = call("run", folder / "r.yaml", "--workdir", folder / "w")
    assert done.exit_code == 0, done.output
    assert "a vs b on pairs dev: " in done.output
    assert "points [" in done.output
    for path in (*folder.glob("*.tsv"), *folder.glob("*.yaml")):  # a report needs none of it
        path.unlink()
    return folder / "w"


def comparisons(*workdirs: Path) -> list[dict[str, Any]]:
    told = call("report", *workdirs, "--json")
    assert told.exit_code == 0, told.output
    found: list[dict[str, Any]] = json.loads(told.stdout)["comparisons"]
    return found


def test_a_comparison_has_its_fields(work: Path) -> None:
    [one] = comparisons(work)
    assert {key: one[key] for key in ("recipe", "model", "baseline", "task", "split")} == {
        "recipe": "r", "model": "a", "baseline": "b", "task": "pairs", "split": "dev"
    }  # fmt: skip
    assert one["metric"] == "accuracy"
    assert one["languages"] == ["de", "sw"]
    assert (one["seeds"], one["examples"]) == (1, 16)
    assert one["low"] <= one["points"] <= one["high"]
    assert one["p"] == one["p_corrected"]
    assert one["verdict"] in ("better", "worse", "not shown")
    assert "clustered by translation" in one["interval"]
    assert one["equivalence"] == 60
    assert one["equivalent"] == (one["low90"] > -60 and one["high90"] < 60)
    rows = json.loads((work / "results.json").read_text())["rows"]
    means = {
        model: sum(r["value"] for r in rows if r["model"] == model and r["language"] != "en") / 2
        for model in "ab"
    }
    assert one["points"] == pytest.approx(means["a"] - means["b"])
    assert comparisons(work) == [one]


def test_the_same_stands_on_page_and_terminal(work: Path, tmp_path: Path) -> None:
    shown = " ".join(call("report", work, "--html", tmp_path / "p.html").output.split())
    assert "1 recipe" in shown
    for text in (call("report", work).stdout, (tmp_path / "p.html").read_text()):
        assert "a vs b on pairs dev: " in text
        assert "10,000 bootstrap samples" in " ".join(text.split())
        assert "unpaired" not in text


@pytest.mark.parametrize("suffix", ["jsonl", "jsonl.gz", "parquet"])
def test_every_outcome_is_exported(work: Path, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"o.{suffix}"
    told = call("outcomes", "export", work, "--out", out)
    assert told.exit_code == 0, told.output
    assert f"{out}: 48 outcomes" in told.output
    if suffix == "parquet":
        from pyarrow.parquet import read_table

        records = read_table(out).to_pylist()
    else:
        packed = out.read_bytes()
        text = (gzip.decompress(packed) if suffix == "jsonl.gz" else packed).decode()
        records = [json.loads(line) for line in text.splitlines()]
    assert len(records) == 48
    assert records[3] == {
        **records[3], "recipe": "r", "stage": "s", "model": "a", "seed": 2, "task": "pairs",
        "language": "en", "split": "dev", "layer": None, "id": "3", "gold": "other",
    }  # fmt: skip
    for row in json.loads((work / "results.json").read_text())["rows"]:
        own = [r for r in records if (r["model"], r["language"]) == (row["model"], row["language"])]
        right = sum(one["gold"] == one["predicted"] for one in own)
        assert row["value"] == pytest.approx(100 * right / 8)


def test_without_outcomes_values_alone_are_compared(work: Path, tmp_path: Path) -> None:
    shutil.copytree(work, tmp_path / "w")
    for path in (tmp_path / "w").rglob("outcomes.npz"):
        path.unlink()
    assert comparisons(tmp_path / "w") == []
    text = call("report", tmp_path / "w").stdout
    assert "unpaired: for one of the models, no outcomes" in " ".join(text.split())
    told = call("outcomes", "export", tmp_path / "w", "--out", tmp_path / "o.jsonl")
    assert told.exit_code == 2
    assert "there are no outcomes" in told.output


def test_values_that_were_edited_are_said_until_they_are_rebuilt(
    work: Path, tmp_path: Path
) -> None:
    shutil.copytree(work, tmp_path / "w")
    assert "warning" not in call("report", work).output
    path = tmp_path / "w" / "results.json"
    document = json.loads(path.read_text())
    main = [row for row in document["rows"] if row["main"]]
    first = dict(main[0])
    for row in main:
        row["value"] = 99.0
    path.write_text(json.dumps(document))
    told = call("report", tmp_path / "w")
    assert told.exit_code == 0
    [warning] = [line for line in told.stderr.splitlines() if "warning" in line]
    assert warning.startswith(
        f"warning: {path}: {len(main)} values of stage `s` of r are not what was measured, such as "
        f"accuracy of {first['model']} on pairs dev, {first['language']}: 99, but the store has "
        f"{first['value']:g}; "
    )
    exported = call("outcomes", "export", tmp_path / "w", "--out", tmp_path / "o.jsonl")
    assert exported.exit_code == 0
    assert warning in exported.stderr.splitlines()
    assert "warning" not in call("report", tmp_path / "w", "--rebuild").stderr
    assert (
        json.loads(path.read_text())["rows"]
        == json.loads((work / "results.json").read_text())["rows"]
    )


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"x" * 100])
def test_damaged_outcomes_are_named(work: Path, tmp_path: Path, content: bytes) -> None:
    shutil.copytree(work, tmp_path / "w")
    path = next((tmp_path / "w").rglob("outcomes.npz"))
    path.write_bytes(content)
    for arguments in (
        ["report", tmp_path / "w"],
        ["outcomes", "export", tmp_path / "w", "--out", tmp_path / "o.jsonl"],
    ):
        told = call(*arguments)
        assert told.exit_code == 4
        assert f"{path}: does not hold valid outcomes" in told.output


def test_an_address_is_no_path(work: Path, tmp_path: Path) -> None:
    shutil.copytree(work, tmp_path / "w")
    file = tmp_path / "w" / "results.json"
    document = json.loads(file.read_text())
    for row in document["rows"]:
        row["cell"] = f"../../{row['cell']}"
    file.write_text(json.dumps(document))
    assert comparisons(tmp_path / "w") == []


def test_where_to_write_must_be_known(work: Path, tmp_path: Path) -> None:
    told = call("outcomes", "export", work, "--out", tmp_path / "o.csv")
    assert told.exit_code == 2
    assert "must end in .parquet or .jsonl" in told.output
    told = call("outcomes", "export", tmp_path, "--out", tmp_path / "o.jsonl")
    assert told.exit_code == 2
    assert "results.json: there is no such file" in told.output
