"""Estimates the remaining time of a plan from the times of similar steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from adapterxlt.plan.steps import PlannedStep
from adapterxlt.store.durations import duration_of
from adapterxlt.store.manifest import Manifest
from adapterxlt.store.store import Store


@dataclass(frozen=True)
class Cost:
    """The remaining work of a plan.

    Args:
        steps: to be run; `unknown` of them are like none that was run in this store.
        seconds, size: of those that are like others, by these.
    """

    steps: int
    unknown: int
    seconds: float
    size: float


def cost_of(steps: Iterable[PlannedStep], store: Store) -> Cost:
    """The expected cost of the remaining steps, from steps of the same kind and task, or kind."""
    told: dict[tuple[object, ...], list[tuple[float, int]]] = {}
    for entry in store.entries():
        seconds = duration_of(store, entry.fingerprint)
        if seconds is not None:
            for key in (_like(entry), (entry.kind,)):
                told.setdefault(key, []).append((seconds, entry.size))
    left = [planned for planned in steps if planned.status in ("todo", "damaged")]
    known = []
    for planned in left:
        params = planned.parts.get("params")
        key = _key(planned.step.kind, params)
        if likes := told.get(key) or told.get((planned.step.kind,)):
            known.append([sum(column) / len(likes) for column in zip(*likes, strict=True)])
    return Cost(
        steps=len(left),
        unknown=len(left) - len(known),
        seconds=sum(seconds for seconds, _ in known),
        size=sum(size for _, size in known),
    )


def _like(entry: Manifest) -> tuple[object, ...]:
    return _key(entry.kind, entry.parts.get("params"))


def _key(kind: str, params: object) -> tuple[object, ...]:
    found = params if isinstance(params, dict) else {}
    return kind, found.get("task"), found.get("cap"), found.get("method")
