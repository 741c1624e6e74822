"""Published hyper-parameters of tasks, as named presets (`presets.yaml`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import resources
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from adapterxlt.tasks.catalogue import Task


class Settings(BaseModel):
    """How a published result was trained; None: its source does not say.

    `warmup` is a share of the steps, `warmup_steps` a number of them; the other fields are those
    of a recipe's `training`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    lr: float | None = None
    epochs: float | None = None
    max_steps: int | None = None
    batch_size: int | None = None
    max_length: int | None = None
    doc_stride: int | None = None
    warmup: float | None = None
    warmup_steps: int | None = None
    weight_decay: float | None = None
    max_grad_norm: float | None = None
    keep: Literal["best"] | None = None
    dev_cap: int | None = None
    large: Settings | None = Field(
        None, description="Settings that differ for a model with 24 layers."
    )

    def given(self, *, large: bool = False) -> dict[str, float | int | str]:
        """Return the settings that the source gives for a base or a large model."""
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
    """Return the published settings for a task, by preset."""
    return {
        preset.name: preset.tasks[task] for preset in presets().values() if task in preset.tasks
    }


def fitting(preset: Preset, task: str, tasks: Mapping[str, Task]) -> Settings | None:
    """Return a preset's settings for a task; None if it has none.

    If the task has no settings of its own, those of the tasks that train on its data are used
    (XNLI's for MNLI), provided that these are all equal.
    """
    if task in preset.tasks:
        return preset.tasks[task]
    learners = [
        settings
        for name, settings in preset.tasks.items()
        if name in tasks and tasks[name].train == task
    ]
    return learners[0] if learners and all(each == learners[0] for each in learners) else None


def preset_for(
    name: str | None, trained: Iterable[str], tasks: Mapping[str, Task], *, large: bool
) -> dict[str, float | int | str]:
    """Return a preset's settings for a stage that trains on some tasks.

    They are empty if there is no such preset, or if it does not have the same settings for all of
    the tasks; `why_not` then gives the reason.
    """
    preset = presets().get(name or "")
    found = [fitting(preset, task, tasks) for task in trained] if preset else []
    first = found[0] if found else None
    if first is None or any(settings != first for settings in found):
        return {}
    return first.given(large=large)


def why_not(
    preset: Preset, trained: Iterable[str], tasks: Mapping[str, Task]
) -> tuple[str, str] | None:
    """Return why a preset has no settings for a stage on some tasks, and what to do about it."""
    found = {task: fitting(preset, task, tasks) for task in trained}
    unknown = [task for task, settings in found.items() if settings is None]
    if unknown:
        return (
            f"`{preset.name}` has no settings for `{unknown[0]}`",
            (
                f"it has settings for {', '.join(preset.tasks)}; set the preset only in "
                "stages with these tasks"
            ),
        )
    (first, *others) = found
    odd = next((task for task in others if found[task] != found[first]), None)
    if odd is not None:
        return (
            f"`{preset.name}` has different settings for `{odd}` and `{first}`",
            "a stage trains with one set of settings, so write them out instead",
        )
    return None
