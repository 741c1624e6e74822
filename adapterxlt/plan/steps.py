"""Steps with their fingerprints and status."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from adapterxlt.order import in_order
from adapterxlt.recipe.steps import Step
from adapterxlt.store.checkpoints import Begun

Status = Literal["done", "todo", "damaged", "remote"]


@dataclass(frozen=True)
class PlannedStep:
    """A step with its fingerprint and what is to be done about it.

    Args:
        step: the step.
        fingerprint: 64 hex digits over everything that can change the result.
        parts: the named parts of the fingerprint (`kind`, `version`, `params`, `data`,
            `backbone`, `inputs`), for explanations.
        status: whether the store has it.
        reason: why it is to be done, one line; for a done step, a note or "".
        origins: where the data of each of its tasks are from, see `tasks.origin`.
        lineage: of what was trained elsewhere, every step behind it, its own last.
        begun: how far the step is, if a stopped run has left a checkpoint of it.
    """

    step: Step
    fingerprint: str
    parts: dict[str, object]
    status: Status
    reason: str
    origins: dict[str, list[str]] = field(default_factory=dict)
    lineage: tuple[dict[str, Any], ...] = ()
    begun: Begun | None = None


@dataclass(frozen=True)
class Plan:
    """All steps of a recipe in an order that respects their inputs."""

    recipe: str
    steps: tuple[PlannedStep, ...]

    @cached_property
    def _by_id(self) -> dict[str, PlannedStep]:
        return {planned.step.id: planned for planned in self.steps}

    def by_id(self, step_id: str) -> PlannedStep:
        """Return the planned step with this id; KeyError if there is none."""
        return self._by_id[step_id]

    def upto(self, step_id: str) -> list[PlannedStep]:
        """The step and everything that it needs, in an order that respects inputs."""
        order = in_order([step_id], lambda name: self._by_id[name].step.inputs)
        return [self._by_id[name] for name in order]
