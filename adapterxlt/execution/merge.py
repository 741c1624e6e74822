"""Merge trained adapters into one by a weighted average of their weights."""

from __future__ import annotations

from pathlib import Path

from adapterxlt.execution.contamination import write_seen
from adapterxlt.execution.context import Context
from adapterxlt.execution.measures import METRICS_NAME
from adapterxlt.models.build import merge, save
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.store.files import write_json


def run_merge(planned: PlannedStep, context: Context, staging: Path) -> None:
    """Merge the step's inputs and leave the artifact in `staging/out`."""
    members = [context.artifact(name) for name in planned.step.inputs]
    weights = planned.step.items("weights")
    name = f"merge_{planned.fingerprint[:8]}"
    out = staging / "out"
    save(merge(context.backbone, members, weights, name), out)
    write_seen(out, {}, members)
    write_json(out / METRICS_NAME, {"weights": weights})
