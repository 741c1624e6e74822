from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from adapterxlt.plan.durations import Cost, cost_of
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.recipe.steps import Step
from adapterxlt.store.durations import duration_of, note_duration
from adapterxlt.store.store import Store


def put(store: Store, name: str, kind: str, seconds: float, size: int, **params: Any) -> None:
    address = name * 64
    (store.open_staging(address) / "out" / "x").write_bytes(b"x" * size)
    store.commit(address, kind=kind, title="t", recipe="r", parts={"params": params}, lineage={})
    note_duration(store, address, seconds)


def todo(kind: str, **params: Any) -> PlannedStep:
    step = Step("a", kind, "a", (), params)
    return PlannedStep(step, "f" * 64, {"params": params}, "todo", "")


def test_what_is_left_is_told_by_what_is_like_it(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, "a", "train", 10, 100, task="mnli", method="lora")
    put(store, "b", "train", 30, 300, task="mnli", method="lora")
    put(store, "c", "train", 2, 1, task="udpos", method="lora")
    steps = [
        todo("train", task="mnli", method="lora"),
        todo("train", task="squad", method="lora"),
        todo("evaluate", task="udpos"),
        replace(todo("train", task="mnli"), status="done"),
    ]
    assert duration_of(store, "a" * 64) == 10
    assert duration_of(store, "d" * 64) is None
    cost = cost_of(steps, store)
    assert (cost.steps, cost.unknown) == (3, 1)
    assert cost.seconds == 20 + 14
    assert 200 + 133 < cost.size < 200 + 135
    assert cost_of([], Store(tmp_path / "none")) == Cost(0, 0, 0, 0)
