"""Results from anyone's hands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapterxlt.errors import AdapterXLTError, UsageError
from adapterxlt.report.read import read_runs
from tests.report.rows import row


def write(folder: Path, document: Any) -> Path:
    folder.mkdir(exist_ok=True)
    text = document if isinstance(document, str) else json.dumps(document)
    (folder / "results.json").write_text(text, encoding="utf-8")
    return folder


def of(*rows: dict[str, object]) -> dict[str, object]:
    return {"schema": 1, "rows": list(rows)}


GOOD = row("direct", "de", 60.0).as_dict()


def test_rows_come_back_as_they_were_by_folder_and_recipe(tmp_path: Path) -> None:
    first = [row("direct", "de", 60.0), row("nli", "de", 61.5, layer=2, pooling="cls")]
    other = {**GOOD, "recipe": "another"}
    a = write(tmp_path / "a", of(*(each.as_dict() for each in first), other))
    b = write(tmp_path / "b", of(GOOD))
    runs = read_runs((b, a, b), print)
    assert [(run.workdir, run.recipe, len(run.rows)) for run in runs] == [
        (b, "test", 1),
        (a, "test", 2),
        (a, "another", 1),
    ]
    assert runs[1].rows == tuple(first)


def test_recipes_of_one_name_are_told_apart_the_last_first(tmp_path: Path) -> None:
    def version(recipe_id: str, seed: int, setup: str) -> list[dict[str, object]]:
        own = {"recipe_id": recipe_id, "seed": seed, "cell": recipe_id + setup}
        return [{**GOOD, **own, "setup": f"{setup}{n}", "language": n} for n in ("en", "de")]

    rows = [*version("1", 1, "x"), *version("2", 1, "y"), *version("3", 2, "x"), GOOD]
    runs = read_runs((write(tmp_path / "a", of(*rows)),), print)
    assert [(run.recipe, run.heading, len(run.rows)) for run in runs] == [
        ("test", "test [no id], seed 1", 1),
        ("test", "test [2], seed 1", 2),
        ("test", "test [1], seed 1", 2),
        ("test", "test [3], seed 2", 2),
    ]
    only_seeds = [*version("1", 1, "x"), *version("3", 2, "x")]
    runs = read_runs((write(tmp_path / "b", of(*only_seeds)),), print)
    assert [run.heading for run in runs] == ["test, seed 1", "test, seed 2"]
    (one,) = read_runs((write(tmp_path / "c", of(*version("1", 1, "x"))),), print)
    assert one.heading == "test"


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a/results\.json: there is no such file"):
        read_runs((tmp_path / "a",), print)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("", "is not JSON: it is empty"),
        ('{"rows": [\n1 2]}', "is not JSON: .*: line 2 column 3"),
        ("9" * 5000, "is not JSON"),
        ({"schema": 7}, "has schema 7, but this version reads 1"),
        (of({**GOOD, "more": float("inf")}), "holds a value that JSON does not allow"),
        ('{"schema": 1, "rows": [], "more": "\\ud800"}', "holds a value that JSON does not allow"),
        ('{"rows": ', "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ([], "has no list of `rows`"),
        ({"schema": 1, "rows": {}}, "has no list of `rows`"),
        ({"schema": 2, "rows": []}, "has schema 2, but this version reads 1"),
        (of({**GOOD, "value": "much"}), r"rows\[0\]\.value: Input should be a valid number"),
        (of(GOOD, {**GOOD, "value": float("nan")}), r"rows\[1\]\.value: nan is not a score"),
        (of({**GOOD, "value": -1e306}), r"rows\[0\]\.value: -1e\+306 is not a score"),
        (of({**GOOD, "n": -1}), r"rows\[0\]\.n: -1 is not a number of examples"),
        (of({**GOOD, "n": 10**400}), r"rows\[0\]\.n: 10+ is not a number of examples"),
        (of({key: GOOD[key] for key in GOOD if key != "seed"}), r"rows\[0\]\.seed: .*required"),
        (of({**GOOD, "main": False}), "scores on pawsx has no main metric"),
        ({"schema": 1, "rows": [3]}, r"rows\[0\]"),
    ],
)
def test_what_is_none_is_refused_with_its_place(
    tmp_path: Path, document: Any, message: str
) -> None:
    folder = write(tmp_path / "a", document)
    with pytest.raises(AdapterXLTError, match=message) as raised:
        read_runs((folder,), print)
    assert str(folder / "results.json") in str(raised.value)
    assert f"adapterxlt report {folder} --rebuild" in str(raised.value)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    folder = write(tmp_path / "a", "")
    (folder / "results.json").write_bytes(b"\xff\xfe")
    with pytest.raises(AdapterXLTError, match="is not UTF-8"):
        read_runs((folder,), print)


def test_what_steers_a_terminal_is_not_kept(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "a", of({**GOOD, "lineage": "mini\x1b]0;x\x07", "trained_in": ["\n"]})
    )
    (run,) = read_runs((folder,), print)
    assert run.rows[0].lineage == "mini?]0;x?"
    assert run.rows[0].trained_in == ("?",)
