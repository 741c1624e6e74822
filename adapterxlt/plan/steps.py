"""The unit of work and of caching: one step of a plan."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Literal

from adapterxlt.recipe.order import in_order
from adapterxlt.recipe.schema import Part

PART_KEYS = tuple(field.name for field in fields(Part))
StepKind = Literal["train", "fuse", "merge", "use", "evaluate", "retrieve"]
TRAINED: tuple[StepKind, ...] = ("train", "fuse", "merge")  # what makes a model
Status = Literal["done", "todo", "damaged", "remote"]


@dataclass(frozen=True)
class Step:
    """One step: a trained stage, or one (model, task) cell of an evaluate or retrieve stage.

    Args:
        id: `nli` for a trained stage, `scores/after_nli/udpos` for a cell.
        kind: what it does.
        stage: name of the recipe's stage.
        inputs: ids of the steps it needs, in order.
        params: resolved parameters that can change the result (plain JSON data).
        neutral: resolved parameters that cannot (checkpoint frequency, batch sizes of inference).
    """

    id: str
    kind: StepKind
    stage: str
    inputs: tuple[str, ...]
    params: dict[str, Any]
    neutral: dict[str, object] = field(default_factory=dict)

    def parts(self) -> tuple[Part, ...]:
        """What a train or fuse step trains on: one task, or several mixed."""
        listed = self.params.get("tasks", [self.params])
        return tuple(Part(**{key: item[key] for key in PART_KEYS}) for item in listed)

    def dev_parts(self) -> tuple[Part, ...]:
        """What a train or fuse step chooses its best epoch on; () if it keeps the last."""
        if self.params.get("keep") != "best":
            return ()
        cap = self.params["dev_cap"]
        found = (replace(part, split="dev", cap=cap) for part in self.parts())
        return tuple(dict.fromkeys(found))

    def text(self, key: str) -> str:
        """A parameter that is a string."""
        return str(self.params[key])

    def number(self, key: str) -> int:
        """A parameter that is a whole number."""
        value = self.params[key]
        if not isinstance(value, int):
            raise TypeError(f"{self.id}: `{key}` is {value!r}, not a whole number")
        return value

    def items(self, key: str) -> list[Any]:
        """A parameter that is a list."""
        value = self.params[key]
        if not isinstance(value, list):
            raise TypeError(f"{self.id}: `{key}` is {value!r}, not a list")
        return value


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
    """

    step: Step
    fingerprint: str
    parts: dict[str, object]
    status: Status
    reason: str
    origins: dict[str, list[str]] = field(default_factory=dict)
    lineage: tuple[dict[str, Any], ...] = ()


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
        """The step and all that it needs, each after what it needs itself."""
        order = in_order([step_id], lambda name: self._by_id[name].step.inputs)
        return [self._by_id[name] for name in order]
