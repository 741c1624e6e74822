"""Describes an artifact in words, for tables, cards and the index page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapterxlt.plan.lineage import describe
from adapterxlt.recipe.kinds import called
from adapterxlt.recipe.language_adapters import place_of_own
from adapterxlt.sharing.foreign_head import UNKNOWN
from adapterxlt.sharing.locate import IMPORTED
from adapterxlt.store.manifest import Manifest
from adapterxlt.tasks.origin import describe_origins


def describe_lineage(manifest: Manifest) -> str:
    """`mini > mnli (seq_bn) > udpos (seq_bn, after)`; an artifact may say anything."""
    try:
        return describe(manifest.lineage)
    except (KeyError, TypeError, AssertionError, RecursionError, IndexError, ValueError):
        return "cannot be read"


def last_params(manifest: Manifest) -> Mapping[str, Any]:
    """Parameters of the step that trained it; {} if it does not say."""
    params = manifest.parts.get("params")
    return params if isinstance(params, dict) else {}


def task_of(manifest: Manifest) -> str:
    """The task or tasks it was trained on; of a merge, those of its members.

    `unknown` of what another library made.
    """
    if manifest.kind == IMPORTED:
        return UNKNOWN
    params = last_params(manifest)
    if isinstance(params.get("tasks"), list):
        names = [part.get("task") for part in params["tasks"] if isinstance(part, dict)]
    elif "task" in params:
        names = [params["task"]]
    else:
        names = [
            step["params"].get("task")
            for step in _steps(manifest)
            if isinstance(step.get("params"), dict)
        ]
    return " + ".join(dict.fromkeys(str(name) for name in names if name))


def method_of(manifest: Manifest) -> str:
    """The method it was trained with."""
    return called(manifest.kind) or str(last_params(manifest).get("method", "unknown"))


def methods_of(manifest: Manifest) -> list[str]:
    """The methods of all steps, each once."""
    every = [step.get("params") for step in _steps(manifest)] + [last_params(manifest)]
    methods = [params.get("method") for params in every if isinstance(params, dict)]
    return list(dict.fromkeys(method for method in methods if isinstance(method, str)))


def stands_on(manifest: Manifest) -> Mapping[str, Any] | None:
    """The step of the lowest adapter of a stack, which is a language's where there is one.

    None of what is not stacked on anything, or does not say so.
    """
    steps = {str(step.get("fingerprint")): step for step in _steps(manifest)}
    step: Mapping[str, Any] | None = steps.get(manifest.fingerprint)
    stacked = False
    for _ in steps:
        params, inputs = (step or {}).get("params"), (step or {}).get("inputs")
        if not isinstance(params, dict) or not isinstance(inputs, list) or not inputs:
            break
        own = place_of_own(params, len(inputs))
        if own is not None:  # it was put in the place of another
            return steps.get(str(inputs[own]))
        stacked = stacked or params.get("relation") == "stack_on"
        step = steps.get(str(inputs[0]))
    return step if stacked else None


def languages_of(manifest: Manifest) -> list[str]:
    """Languages of the training data, all steps together."""
    return _said_of_data(_steps(manifest), "language")


def data_of(manifest: Manifest) -> dict[str, list[str]]:
    """Where the data of each task of all steps are from, oldest first; see `tasks.origin`.

    [] where it was not recorded.
    """
    found: dict[str, list[str]] = {}
    for step in _steps(manifest):
        recorded = step.get("origins")
        for task in _said_of_data([step], "task"):
            origins = recorded.get(task) if isinstance(recorded, dict) else None
            known = map(str, origins) if isinstance(origins, list) else []
            found[task] = list(dict.fromkeys([*found.get(task, []), *known]))
    return found


def describe_data(manifest: Manifest) -> str:
    """`mnli: pocket, squad: folder downloads`; `unknown` of what another library made."""
    if manifest.kind == IMPORTED:
        return UNKNOWN
    return ", ".join(
        f"{task}: {describe_origins(origins)}" for task, origins in data_of(manifest).items()
    )


def _said_of_data(steps: list[dict[str, Any]], key: str) -> list[str]:
    """What steps say of the data they trained on, each thing once."""
    found: dict[str, None] = {}
    for step in steps:
        params = step.get("params")
        if not isinstance(params, dict):
            continue
        parts = params.get("tasks") if isinstance(params.get("tasks"), list) else [params]
        for part in parts or ():
            if isinstance(part, dict) and isinstance(part.get(key), str):
                found[part[key]] = None
    return list(found)


def _steps(manifest: Manifest) -> list[dict[str, Any]]:
    steps = manifest.lineage.get("steps")
    return [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
