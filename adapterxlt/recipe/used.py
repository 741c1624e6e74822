"""Facts about a model trained elsewhere that a recipe uses, before it is imported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from adapterxlt.errors import UsageError
from adapterxlt.kinds.registry import get_kind
from adapterxlt.methods.parser import ParsedMethod
from adapterxlt.tasks.catalogue import Task, source_of

Form = Literal["full", "adapter", "stack", "fusion", "ensemble"]


@dataclass(frozen=True)
class Used:
    """A model that was trained elsewhere.

    Args:
        where: its path or URL, in full.
        fingerprint: the address that it has in a store, and so that of the stage.
        form: full backbone weights, a single adapter, or several.
        methods: of its adapters, the lowest first.
        on_full: whether it stands on fine-tuned backbone weights.
        heads: names of the tasks whose heads it has.
        headless: why it has none that can be used; "" if it has one.
        parts: the parts of its fingerprint.
        lineage: every training step behind it, oldest first, its own last.
        own: what its heads say of tasks that are not built in, by name.
        note: what of it is left out, and why; "" for nothing.
        depth: how many adapters, or fusions, stand on one another.
        top, below, weights: hashes of its topmost adapter, of those below and of the fine-tuned
            weights below all of them; "" for none.
        fused: whether a fusion is among its adapters.
    """

    where: str
    fingerprint: str
    form: Form
    methods: tuple[ParsedMethod, ...]
    on_full: bool
    heads: tuple[str, ...]
    headless: str
    parts: dict[str, object]
    lineage: tuple[dict[str, Any], ...] = field(repr=False)
    own: Mapping[str, Task] = field(default_factory=dict, repr=False)
    note: str = ""
    depth: int = 1
    top: str = ""
    below: str = ""
    weights: str = ""
    fused: bool = False

    def languages(self, kinds: Mapping[str, str]) -> set[str]:
        """Languages of the labelled data behind it.

        Args:
            kinds: of the tasks there are, by name.
        """
        return languages_of(self.lineage, kinds)


def data_parts(params: Mapping[str, object]) -> tuple[Mapping[str, object], ...]:
    """The description of each task that a step trained on; () if it trained on none."""
    listed = params.get("tasks", [params] if "task" in params else [])
    found = listed if isinstance(listed, list) else []
    return tuple(part for part in found if isinstance(part, Mapping))


def tasks_read(parts: Iterable[Mapping[str, object]], known: Mapping[str, Task]) -> set[str]:
    """Return the tasks whose files serve as training data, translated or not.

    Args:
        parts: as `data_parts` gives them.
        known: the tasks there are.
    """
    return {source_name(str(part.get("task")), str(part.get("split")), known) for part in parts}


def source_name(name: str, split: str, known: Mapping[str, Task]) -> str:
    """Return the task whose files serve as a split of a task; the task itself if it is unknown."""
    try:
        return source_of(known[name], split).name
    except (KeyError, UsageError):
        return name


def languages_of(steps: Iterable[Mapping[str, Any]], kinds: Mapping[str, str]) -> set[str]:
    """Languages of the labelled data that steps of a lineage trained on; of any that say so.

    Args:
        kinds: of the tasks there are, by name.
    """
    parts = [part for step in steps for part in data_parts(step["params"])]
    return {
        str(part["language"])
        for part in parts
        if isinstance(part.get("language"), str)
        and not ((kind := kinds.get(str(part.get("task")))) is not None and get_kind(kind).any_text)
    }


def tasks_of_heads(tasks: Mapping[str, Task], used: Mapping[str, Used]) -> dict[str, Task]:
    """The tasks that heads may have: the known ones, and those of the used models."""
    return {**tasks, **{name: task for one in used.values() for name, task in one.own.items()}}


def shot_seed_of(parts: Iterable[Mapping[str, object]], seed: object) -> int | None:
    """The seed that shots were drawn by, of the first of `data_parts` that are some; None if none.

    Args:
        seed: of the step.
    """
    seeds = (part.get("shot_seed", seed) for part in parts if part.get("shots"))
    found = next(seeds, None)
    return found if isinstance(found, int) else None


def caps_of(parts: Iterable[Mapping[str, object]]) -> list[tuple[str, int | None]]:
    """Each task of `data_parts`, and the maximum number of its training examples."""
    return [
        (str(part.get("task")), cap if type(cap) is int else None)
        for part in parts
        for cap in [part.get("cap")]
    ]
