"""Version of each kind of step: raise one when its code changes what it computes."""

from __future__ import annotations

from collections.abc import Mapping

from adapterxlt.kinds.registry import get_kind
from adapterxlt.methods.parser import parse_method
from adapterxlt.methods.traits import counts_padding, is_orthogonal
from adapterxlt.metrics.facts import packages_of
from adapterxlt.plan.steps import Step, StepKind
from adapterxlt.tasks.catalogue import Task

VERSIONS: dict[StepKind, int] = {
    "train": 2,
    "fuse": 2,
    "merge": 2,
    "evaluate": 2,
    "retrieve": 3,
}


def version_of(step: Step, tasks: Mapping[str, Task]) -> int | str:
    """The version of a step: `2`; where only some of its kind compute something else now, `2.1`.

    What is measured on it, or built on it, changes its address with it. With metrics of other
    packages, their versions: `2, my-metrics 1.0`.
    """
    version, revision = VERSIONS[step.kind], 0
    packages: list[str] = []
    if step.kind == "evaluate":
        task = tasks[step.text("task")]
        revision, packages = get_kind(task.kind).revision, packages_of(task.metrics)
    elif step.kind == "train":
        method = parse_method(step.text("method"))
        # Padding counted in training; decay of weights made LoReFT do nothing.
        decayed = bool(step.params.get("weight_decay")) and is_orthogonal(method)
        revision = 1 if counts_padding(method) or decayed else 0
    said = f"{version}.{revision}" if revision else version
    return ", ".join([str(said), *packages]) if packages else said
