"""Outcomes of all kinds of task in two work folders, as one table."""

from __future__ import annotations

import dataclasses
import gzip
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from pyarrow.parquet import read_table

from adapterxlt.cli.main import cli
from adapterxlt.errors import InvalidArtifactError
from adapterxlt.metrics.columns import chunk_counts
from adapterxlt.progress import Silent
from adapterxlt.results.export import exported, parquet
from adapterxlt.results.kept import write_results
from adapterxlt.results.outcomes import Outcomes, write_outcomes
from adapterxlt.results.predicted import PREDICTED_NAME, read_predicted, write_predicted
from adapterxlt.store.store import STORE_FOLDER, Store
from tests.report.rows import row

TAGS = [("B-PER", "O"), ("O",)]
TOLD = {"tagging": ["B-PER O", "B-LOC"], "qa": ["", "Łódź\nnorth"]}
COLUMNS: dict[str, dict[str, Any]] = {
    "classes": {"gold": [0, 1], "predicted": [1, 1]},
    "several": {"gold": [[True, True], [False, False]], "predicted": [[False, True]] * 2},
    "tagging": {"words": [2, 1], "right": [2, 0], **chunk_counts(TAGS, [TAGS[0], ("B-LOC",)])},
    "qa": {"exact": [False, True], "f1": [0.0, 1.0]},
    "regression": {"gold_value": [0.5, 1.0], "predicted_value": [0.25, 1.5]},
    "queries": {"gold": [0, 1], "predicted": [0, 0], "ndcg": [0.5, 0.0], "queries": [1, 0]},
    "masked": {"loss": [1.5, 2.0], "tokens": [3, 4]},
    "retrieval": {"rank": [1, 2], "rank_xx_en": [1, 1], "seen": [True, False]},
    "mining": {"true": [True, False], "found": [True, True], "both": [True, False], "group": [0, 0],
               "found_tuned": [True, False], "both_tuned": [True, False]},
}  # fmt: skip


def filled(workdir: Path, kinds: tuple[str, ...], *, predicted: bool = True) -> Path:
    rows = []
    for kind in kinds:
        cell = kind.encode().hex().ljust(64, "0")
        folder = Store(workdir / STORE_FOLDER).path(cell)
        folder.mkdir(parents=True)
        columns = {name: np.array(values) for name, values in COLUMNS[kind].items()}
        write_outcomes(folder, [Outcomes("de", "dev", np.arange(2), columns, labels=("no", "yes"))])
        if predicted and kind in TOLD:
            write_predicted(folder, {"de": TOLD[kind]})
        rows.append(dataclasses.replace(row("none", "de", 50.0, task=kind), cell=cell))
    write_results(workdir, "test", rows)
    return workdir


def records(*workdirs: Path) -> list[dict[str, Any]]:
    file = io.BytesIO()
    assert parquet(exported(workdirs, Silent()), file) == 2 * len(COLUMNS) * len(workdirs)
    found: list[dict[str, Any]] = read_table(file).to_pylist()
    return found


def test_all_kinds_are_one_table(tmp_path: Path) -> None:
    work = filled(tmp_path / "w", tuple(COLUMNS))
    of = {(one["task"], one["id"]): one for one in records(work)}
    assert of["mining", "1"]["found"] == 1
    assert of["mining", "1"]["both"] == 0
    assert of["tagging", "0"]["both"] == 1
    assert of["tagging", "0"]["found"] == 1
    assert type(of["mining", "0"]["true"]) is int
    assert of["retrieval", "0"]["seen"] is True
    assert of["qa", "1"]["exact"] is True
    assert of["several", "0"]["gold"] == ["no", "yes"]
    assert of["classes", "0"]["predicted"] == ["yes"]
    assert of["qa", "1"]["predicted"] == ["Łódź\nnorth"]
    assert of["qa", "0"]["predicted"] == [""]
    assert of["tagging", "0"]["predicted"] == ["B-PER O"]
    assert of["mining", "0"]["predicted"] is None
    assert of["masked", "0"]["loss"] == 1.5


@pytest.mark.parametrize("name", ["o.jsonl", "o.jsonl.gz", "o.parquet"])
def test_a_column_has_one_type_in_every_file(tmp_path: Path, name: str) -> None:
    work = filled(tmp_path / "w", tuple(COLUMNS))
    told = CliRunner().invoke(cli, ["outcomes", "export", str(work), "--out", str(tmp_path / name)])
    assert told.exit_code == 0, told.output
    assert told.stderr == f"{tmp_path / name}: 18 outcomes\n"
    if name == "o.jsonl":
        types: dict[str, set[type]] = {}
        for line in (tmp_path / name).read_text().splitlines():
            for key, value in json.loads(line).items():
                types.setdefault(key, set()).add(type(value))
        assert {key: found for key, found in types.items() if len(found) > 1} == {}


def test_single_labels_and_texts_stay_texts(tmp_path: Path) -> None:
    work = filled(tmp_path / "w", ("classes", "tagging"))
    found = {(one["task"], one["id"]): one for block in exported([work], Silent())
             for one in [{key: values[0] for key, values in block.items()}]}  # fmt: skip
    assert found["classes", "0"]["predicted"] == "yes"
    assert found["tagging", "0"]["predicted"] == "B-PER O"


def test_rows_of_two_folders_are_told_apart(tmp_path: Path) -> None:
    found = records(filled(tmp_path / "a", tuple(COLUMNS)), filled(tmp_path / "b", tuple(COLUMNS)))
    facts = ("workdir", "recipe", "recipe_id", "fingerprint", "task", "id")
    assert len({tuple(one[key] for key in facts) for one in found}) == len(found)
    assert {one["workdir"] for one in found} == {str(tmp_path / "a"), str(tmp_path / "b")}


def test_what_was_not_kept_is_said(tmp_path: Path) -> None:
    work = filled(tmp_path / "w", tuple(COLUMNS), predicted=False)
    told = CliRunner().invoke(
        cli, ["outcomes", "export", str(work), "--out", str(tmp_path / "o.jsonl")]
    )
    assert told.exit_code == 0, told.output
    assert "kept no predictions of 2 measurements (first: scores/none/tagging)" in told.stderr


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "Expecting value"),
        (b"{}", "schema"),
        (b'{"schema": 2}', "its schema is 2, not 1"),
        (b'{"schema": 1, "predicted": {"de": [1]}}', "expected str instance"),
        (b'{"schema": 1, "predicted": {"de": ["\\ud800"]}}', "codec can't encode"),
        (b"\x1f\x8b123", "predictions"),
    ],
)
def test_damaged_predictions_are_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    packed = gzip.compress(content) if content.startswith(b"{") else content
    (tmp_path / PREDICTED_NAME).write_bytes(packed)
    with pytest.raises(InvalidArtifactError, match="does not hold valid predictions") as told:
        read_predicted(tmp_path)
    assert problem in str(told.value)


def test_predictions_that_do_not_match_are_refused(tmp_path: Path) -> None:
    work = filled(tmp_path / "w", ("qa",))
    [path] = work.rglob(PREDICTED_NAME)
    write_predicted(path.parent, {"de": ["one"]})
    with pytest.raises(InvalidArtifactError, match="scores/none/qa in de do not match"):
        exported([work], Silent())


def test_the_same_predictions_give_the_same_bytes(tmp_path: Path) -> None:
    write_predicted(tmp_path, {"sw": ["a", "\ud800b"], "de": []})
    first = (tmp_path / PREDICTED_NAME).read_bytes()
    assert read_predicted(tmp_path) == {"de": [], "sw": ["a", "?b"]}
    write_predicted(tmp_path, {"de": [], "sw": ["a", "?b"]})
    assert (tmp_path / PREDICTED_NAME).read_bytes() == first
