"""The training of the models behind a measurement: time, losses, scores of epochs.

What the store does not have is left out, as results can be shared without a store.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.results.measures import METRICS_NAME
from adapterxlt.show import printable
from adapterxlt.store.durations import duration_of
from adapterxlt.store.inside import open_inside
from adapterxlt.store.losses import Course, read_course
from adapterxlt.store.manifest import read_manifest
from adapterxlt.store.store import STORE_FOLDER, Store

_LARGEST = 1 << 22  # bytes of a file that are read at most


@dataclass(frozen=True)
class Training:
    """One trained step.

    Args:
        task: its tasks.
        before: the tasks of the model that it was trained on top of.
        method: its method.
        seconds: how long it took, None if this was not recorded.
        examples: number of examples it was trained on.
        loss: mean loss at the end.
        epochs: (steps, score on dev) of each epoch, if epochs were scored.
        dev_examples: number of examples behind each of these scores, None if unknown.
        course: its losses, None if they were not kept.
    """

    fingerprint: str
    task: str
    before: str
    method: str
    seed: int | None
    seconds: float | None
    examples: int | None
    loss: float | None
    epochs: tuple[tuple[int, float], ...]
    dev_examples: int | None = None
    course: Course | None = None


def trained_behind(workdir: Path, cell: str) -> list[Training]:
    """Return every trained step behind a measurement, oldest first; [] if the store has none."""
    if not re.fullmatch("[0-9a-f]{64}", cell):
        return []
    store = Store(workdir / STORE_FOLDER)
    try:
        steps: Any = read_manifest(store.path(cell)).lineage.get("steps")
        tasks = {step["fingerprint"]: _tasks(step["params"]) for step in steps}
        return [
            _training(store, step, tasks)
            for step in steps
            if re.fullmatch("[0-9a-f]{64}", step["fingerprint"]) and "method" in step["params"]
        ]
    except (InvalidArtifactError, OSError, TypeError, KeyError, ValueError, AttributeError):
        return []


def _tasks(params: Mapping[str, Any]) -> str:
    tasks = [str(part["task"]) for part in params.get("tasks", [])] or [str(params.get("task", ""))]
    return printable(" + ".join(dict.fromkeys(tasks)))


def _training(store: Store, step: Mapping[str, Any], tasks: Mapping[str, str]) -> Training:
    params, address = step["params"], step["fingerprint"]
    found = metrics_in(store.path(address))
    dev = found.get("dev", {})
    epochs = [
        (int(one["step"]), float(one["value"]))
        for one in (dev.get("epochs", []) if isinstance(dev, dict) else [])
    ]
    training = found.get("training", {})
    seed = params.get("seed")
    return Training(
        fingerprint=address,
        task=tasks[address],
        before=", ".join(tasks.get(needed, "") for needed in step.get("inputs", [])),
        method=printable(str(params["method"])),
        seed=None if seed is None else int(seed),
        seconds=_finite(duration_of(store, address)),
        examples=int(found["examples"]) if "examples" in found else None,
        loss=_finite(training.get("final_loss")) if isinstance(training, dict) else None,
        epochs=tuple(one for one in epochs if math.isfinite(one[1])),
        dev_examples=_dev_examples(dev),
        course=read_course(store, address),
    )


def _dev_examples(dev: Any) -> int | None:
    scores = dev["epochs"][0]["scores"] if isinstance(dev, dict) and dev.get("epochs") else []
    return sum(int(one["n"]) for one in scores) or None


def metrics_in(folder: Path) -> dict[str, Any]:
    """Return what was noted of a trained or merged model; {} if it cannot be read."""
    try:
        with open_inside(folder, METRICS_NAME) as stream:
            found = json.loads(stream.read(_LARGEST))
    except (InvalidArtifactError, OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _finite(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
