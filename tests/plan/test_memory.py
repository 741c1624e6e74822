"""Notes of runs: one for each content of a recipe."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from adapterxlt.plan.memory import last_parts, read_notes, remember
from adapterxlt.store.store import Store


def steps(lr: float, **others: float) -> dict[str, dict[str, object]]:
    return {name: {"lr": value} for name, value in {"nli": lr, **others}.items()}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def age(store: Store, name: str, seconds: int) -> None:
    os.utime(store.root / ".runs" / name, (seconds, seconds))


def test_notes_are_numbered_as_they_were_first_made(store: Store) -> None:
    remember(store, "r", "b", steps(1), [{"cell": "x"}])
    remember(store, "r", "a", steps(2), [])
    remember(store, "q", "b", steps(3), [])
    remember(store, "r", "b", steps(1), [{"cell": "x", "baseline": "direct"}])
    notes, unreadable = read_notes(store)
    assert [(note.recipe, note.recipe_id, note.order) for note in notes] == [
        ("r", "b", 1),
        ("r", "a", 2),
        ("q", "b", 3),
    ]
    assert notes[0].cells == [{"cell": "x", "baseline": "direct"}]
    assert unreadable == []


def test_a_plan_is_compared_with_what_it_has_most_in_common_with(store: Store) -> None:
    remember(store, "r", "a", steps(1, qa=1, pos=1), [])
    remember(store, "r", "b", steps(2, qa=2, pos=2), [])
    remember(store, "r-2", "c", steps(9, qa=9, pos=9), [])
    age(store, "r-a.json", 1)
    age(store, "r-b.json", 2)
    assert last_parts(store, "r", steps(3, qa=1, pos=1)) == steps(1, qa=1, pos=1)
    assert last_parts(store, "r", steps(3, qa=2, pos=1, new=1)) == steps(2, qa=2, pos=2)
    assert last_parts(store, "r", steps(7)) == steps(2, qa=2, pos=2)  # the last one
    assert last_parts(store, "r-2", steps(7)) == steps(9, qa=9, pos=9)
    assert last_parts(store, "s", steps(7)) == {}


def test_plans_of_older_stores_are_known(store: Store) -> None:
    (store.root / ".plans").mkdir()
    (store.root / ".plans/r.json").write_text(json.dumps(steps(1)))
    assert last_parts(store, "r", steps(2)) == steps(1)
    (store.root / ".plans/r.json").write_text("{")
    assert last_parts(store, "r", steps(2)) == {}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema": 2}', '{"schema": 1}', "[" * 99_999])
def test_a_damaged_note_is_named_and_costs_no_other(store: Store, content: str) -> None:
    remember(store, "r", "a", steps(1), [])
    bad = store.root / ".runs" / "r-b.json"
    bad.write_text(content)
    notes, unreadable = read_notes(store)
    assert ([note.recipe_id for note in notes], unreadable) == (["a"], [bad])
    assert last_parts(store, "r", steps(2)) == steps(1)
    remember(store, "r", "b", steps(2), [])
    assert [note.order for note in read_notes(store)[0]] == [1, 2]
