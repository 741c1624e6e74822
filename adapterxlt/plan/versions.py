"""Version of each kind of step: raise one when its code changes what it computes."""

from __future__ import annotations

from adapterxlt.plan.steps import Step, StepKind
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.types import Kind

VERSIONS: dict[StepKind, int] = {
    "pretrain": 1,
    "train": 2,
    "fuse": 2,
    "merge": 1,
    "evaluate": 2,
    "retrieve": 2,
}
# Raised instead where what a step computes changes for one kind of task only.
REVISIONS: dict[tuple[StepKind, Kind], int] = {
    ("train", "span_qa"): 1,  # which tokens an answer is
    ("fuse", "span_qa"): 1,
    ("evaluate", "span_qa"): 1,  # which characters an answer is
}


def version_of(step: Step) -> int | str:
    """The version of a step: `2`; with the revision for its kind of task `2.1`."""
    version = VERSIONS[step.kind]
    named = [item.get("task") for item in step.params.get("tasks", [step.params])]
    found = (REVISIONS.get((step.kind, get_task(name).kind), 0) for name in named if name)
    revision = max(found, default=0)
    return f"{version}.{revision}" if revision else version
