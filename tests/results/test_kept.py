"""results.json keeps what was measured, whoever else writes to it."""

from __future__ import annotations

import dataclasses
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.results.file import DamagedResultsError
from adapterxlt.results.kept import check_results, merge, write_results
from adapterxlt.results.rows import Row
from tests.report.rows import row


def measured(model: str, value: float = 60.0, recipe_id: str = "1", **changes: Any) -> Row:
    cell = f"{model}{value}"
    own = {"recipe_id": recipe_id, "cell": cell, "setup": cell, **changes}
    return dataclasses.replace(row(model, "de", value), **own)


def rows_in(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "results.json").read_text())["rows"]
    return found


def brief(rows: list[dict[str, Any]]) -> list[tuple[str, str, float]]:
    return [(each["recipe_id"], each["model"], each["value"]) for each in rows]


def test_another_seed_and_another_recipe_of_the_name_stay(tmp_path: Path) -> None:
    first = [measured("a"), measured("b", 61.0)]
    seed = [measured("a", 62.0, "2", seed=2, setup="a60.0"), measured("b", 63.0, "2", seed=2)]
    edited = [measured("a", recipe_id="3"), measured("b", 70.0, "3")]
    for rows in (first, seed, edited):
        write_results(tmp_path, "test", rows)
    content = (tmp_path / "results.json").read_bytes()
    assert brief(rows_in(tmp_path)) == [
        ("1", "a", 60.0),
        ("1", "b", 61.0),
        ("2", "a", 62.0),
        ("2", "b", 63.0),
        ("3", "a", 60.0),
        ("3", "b", 70.0),
    ]
    for rows in (seed, first, edited):  # nothing new
        write_results(tmp_path, "test", rows)
        assert (tmp_path / "results.json").read_bytes() == content


def test_a_recipe_that_grew_takes_the_place_of_what_it_was(tmp_path: Path) -> None:
    write_results(tmp_path, "test", [measured("a")])
    grown = [measured("b", 61.0, "2"), measured("a", recipe_id="2", baseline="b")]
    write_results(tmp_path, "test", grown)
    assert brief(rows_in(tmp_path)) == [("2", "b", 61.0), ("2", "a", 60.0)]
    write_results(tmp_path, "test", [measured("a")])
    assert brief(rows_in(tmp_path)) == [("2", "b", 61.0), ("2", "a", 60.0)]


def test_what_the_store_has_no_more_is_kept_in_its_place(tmp_path: Path) -> None:
    order = ["scores/a/pawsx", "scores/b/pawsx", "scores/c/pawsx"]
    three = [measured("a"), measured("b"), measured("c")]
    write_results(tmp_path, "test", three, order=order)
    write_results(tmp_path, "test", [three[1]], order=order)
    assert [each["model"] for each in rows_in(tmp_path)] == ["a", "b", "c"]


def test_rows_of_before_ids_give_way_to_the_same_measured_again(tmp_path: Path) -> None:
    old = [row("a", "de", 60.0).as_dict(), row("b", "de", 61.0).as_dict()]
    for each in old:
        for key in ("recipe_id", "cell", "setup"):
            del each[key]
    (tmp_path / "results.json").write_text(json.dumps({"schema": 1, "rows": old}))
    write_results(tmp_path, "test", [measured("a"), measured("b", 62.0)])
    found = rows_in(tmp_path)
    assert [(each.get("recipe_id"), each["value"]) for each in found] == [
        (None, 60.0),
        (None, 61.0),
        ("1", 60.0),
        ("1", 62.0),
    ]
    write_results(tmp_path, "test", [measured("a", recipe_id="2"), measured("b", 61.0, "2")])
    assert [each.get("recipe_id") for each in rows_in(tmp_path)] == ["1", "1", "2", "2"]


def test_keys_that_are_not_known_stay(tmp_path: Path) -> None:
    later = {**measured("a").as_dict(), "recipe": "other", "device": "H100"}
    (tmp_path / "results.json").write_text(json.dumps({"schema": 1, "rows": [later]}))
    write_results(tmp_path, "test", [measured("a")])
    assert later in rows_in(tmp_path)


def test_a_file_that_was_damaged_meanwhile_is_left_as_it_is(tmp_path: Path) -> None:
    class Log:
        lines: list[str] = []  # noqa: RUF012

        def log(self, message: str) -> None:
            self.lines.append(message)

    results = tmp_path / "results.json"
    results.write_text('{"schema": 1, ')
    with pytest.raises(DamagedResultsError, match="line 1 column 15"):
        check_results(tmp_path)
    progress: Any = Log()
    for name in ("results.test.json", "results.test-2.json"):
        path = write_results(tmp_path, "test", [measured("a")], progress=progress)
        assert path == tmp_path / name
        assert json.loads(path.read_text())["rows"] == [measured("a").as_dict()]
        assert str(path) in progress.lines[-1]
    assert results.read_text() == '{"schema": 1, '


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w/results.json").symlink_to(tmp_path / "elsewhere.json")
    check_results(tmp_path / "w")
    path = write_results(tmp_path / "w", "test", [measured("a")])
    assert path.is_symlink()
    assert brief(json.loads((tmp_path / "elsewhere.json").read_text())["rows"])


def test_many_at_once(tmp_path: Path) -> None:
    def write(number: int) -> None:
        rows = [measured("a", float(number), str(number), seed=number)]
        write_results(tmp_path, "test", rows)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(24)))
    assert {each["seed"] for each in rows_in(tmp_path)} == set(range(24))


VERSIONS = st.lists(
    st.tuples(st.sampled_from("123"), st.sets(st.sampled_from("abcd"), min_size=1)), max_size=8
)


@given(VERSIONS)
def test_no_measurement_is_ever_lost(runs: list[tuple[str, set[str]]]) -> None:
    rows: list[dict[str, Any]] = []
    expected = set()
    for recipe_id, models in runs:
        new = [measured(model, recipe_id=recipe_id).as_dict() for model in sorted(models)]
        rows = merge(rows, new)
        expected |= {each["cell"] for each in new}
        assert {each["cell"] for each in rows} == expected
        keys = [(each["recipe_id"], each["cell"]) for each in rows]
        assert len(keys) == len(set(keys))
        assert merge(rows, new) == rows
