"""Losses beside the store: what is kept, and what is not taken for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapterxlt.store.losses import FOLDER, Course, course_of, note_course, read_course
from adapterxlt.store.store import Store

ADDRESS = "a" * 64


def test_windows_are_means_and_the_last_may_be_shorter() -> None:
    assert course_of([1.0, 0.5]) == Course(2, 1, (1.0, 0.5))
    found = course_of([float(step) for step in range(101)], [(101, 60.0)])
    assert (found.steps, found.window, len(found.losses)) == (101, 2, 51)
    assert found.losses[:2] == (0.5, 2.5)
    assert found.losses[-1] == 100.0
    assert found.dev == ((101, 60.0),)


def test_what_is_kept_is_read_again_and_small(tmp_path: Path) -> None:
    store = Store(tmp_path)
    course = course_of([1 / (1 + step) for step in range(12_345)], [(500, 1.5), (12_345, 70.25)])
    note_course(store, ADDRESS, course)
    assert read_course(store, ADDRESS) == course
    assert (tmp_path / FOLDER / f"{ADDRESS}.json").stat().st_size < 1500
    assert read_course(store, "b" * 64) is None


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{", "[" * 5000, '"x"',
        '{"schema":1,"steps":2,"window":1,"losses":[1],"dev":[]}',
        '{"schema":1,"steps":0,"window":1,"losses":[],"dev":[]}',
        '{"schema":1,"steps":2,"window":0,"losses":[1,2],"dev":[]}',
        '{"schema":1,"steps":1,"window":1,"losses":[NaN],"dev":[]}',
        '{"schema":1,"steps":1,"window":1,"losses":[1],"dev":[[1,1e999]]}',
        '{"schema":1,"steps":1e999,"window":1,"losses":[1],"dev":[]}',
        '{"schema":1,"steps":1,"window":1,"losses":["<b>"],"dev":[]}',
        '{"schema":2,"steps":1,"window":1,"losses":[1],"dev":[]}',
        json.dumps({"schema": 1, "steps": 101, "window": 1, "losses": [1] * 101, "dev": []}),
    ],
)  # fmt: skip
def test_what_is_no_course_is_as_if_there_were_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / FOLDER / f"{ADDRESS}.json"
    file.parent.mkdir()
    file.write_text(text)
    assert read_course(Store(tmp_path), ADDRESS) is None


def test_a_link_to_elsewhere_is_not_followed(tmp_path: Path) -> None:
    note_course(Store(tmp_path / "other"), ADDRESS, course_of([1.0]))
    file = tmp_path / "store" / FOLDER / f"{ADDRESS}.json"
    file.parent.mkdir(parents=True)
    file.symlink_to(tmp_path / "other" / FOLDER / f"{ADDRESS}.json")
    assert read_course(Store(tmp_path / "store"), ADDRESS) is None
