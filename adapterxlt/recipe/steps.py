"""Steps: the unit of work and of caching."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from adapterxlt.recipe.task_data import Part
from adapterxlt.recipe.used import Used

PART_KEYS = tuple(field.name for field in fields(Part))


@dataclass(frozen=True)
class Step:
    """One step: a trained stage, or one (model, task) cell of an evaluate or retrieve stage.

    Args:
        id: `nli` for a trained stage, `scores/after_nli/udpos` for a cell.
        kind: what it does: the key of its stage kind.
        stage: name of the recipe's stage.
        inputs: ids of the steps it needs, in order.
        params: resolved parameters that can change the result (plain JSON data).
        neutral: resolved parameters that cannot (checkpoint frequency, batch sizes of inference).
        used: something trained elsewhere, which has an address already.
    """

    id: str
    kind: str
    stage: str
    inputs: tuple[str, ...]
    params: dict[str, Any]
    neutral: dict[str, object] = field(default_factory=dict)
    used: Used | None = None

    @property
    def model(self) -> str | None:
        """For a step that measures: the step that made the model; None: the bare backbone.

        Its other inputs are language adapters; `alone`, on which nothing else stands.
        """
        return self.inputs[0] if self.inputs and not self.params.get("alone") else None

    @property
    def devices(self) -> int:
        """The devices that share the steps of its training."""
        found = self.neutral.get("devices", 1)
        assert isinstance(found, int)
        return found

    def parts(self) -> tuple[Part, ...]:
        """The training data of a step: one task, or several mixed."""
        listed = self.params.get("tasks", [self.params])
        return tuple(
            Part(**{key: item[key] for key in PART_KEYS if key in item}) for item in listed
        )

    def dev_parts(self) -> tuple[Part, ...]:
        """The dev data on which a step chooses an epoch or the members of a soup; () if none."""
        soup = self.params.get("greedy")
        if soup is not None:
            return (Part(**{key: soup[key] for key in PART_KEYS if key in soup}),)
        if self.params.get("keep") != "best":
            return ()
        cap = self.params["dev_cap"]
        found = (
            Part(part.task, part.language, "dev", cap, part.max_length) for part in self.parts()
        )
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
