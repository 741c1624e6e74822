"""Published hyper-parameters of tasks, as named presets (`presets.yaml`)."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """How a published result was trained; None: its source does not say.

    `warmup` is a share of the steps, `warmup_steps` a number of them; the other fields are those
    of a recipe's `training`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    lr: float | None = None
    epochs: float | None = None
    batch_size: int | None = None
    max_length: int | None = None
    doc_stride: int | None = None
    warmup: float | None = None
    warmup_steps: int | None = None
    weight_decay: float | None = None
    max_grad_norm: float | None = None
    keep: Literal["best"] | None = None
    dev_cap: int | None = None
    large: Settings | None = Field(None, description="what differs for a model of 24 layers")

    def given(self, *, large: bool = False) -> dict[str, float | int | str]:
        """The settings that the source gives, for a base or a large model."""
        own = self.model_dump(exclude_none=True, exclude={"large"})
        if large and self.large is not None:
            own |= self.large.model_dump(exclude_none=True)
        return own


class Preset(BaseModel):
    """One source's settings for its tasks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    source: str
    tasks: dict[str, Settings]


@lru_cache(maxsize=1)
def presets() -> dict[str, Preset]:
    """Every preset by name, in the order of the file."""
    path = resources.files("adapterxlt.tasks") / "presets.yaml"
    found = {}
    for entry in yaml.safe_load(path.read_text(encoding="utf-8")):
        tasks = {
            name: settings
            for names, settings in entry["tasks"].items()
            for name in names.split(", ")
        }
        found[entry["name"]] = Preset(name=entry["name"], source=entry["source"], tasks=tasks)
    return found


def presets_of(task: str) -> dict[str, Settings]:
    """The published settings for a task, by preset."""
    return {
        preset.name: preset.tasks[task] for preset in presets().values() if task in preset.tasks
    }
