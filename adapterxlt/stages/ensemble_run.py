"""Builds an ensemble: its members stay unchanged and run one after the other."""

from __future__ import annotations

from pathlib import Path

from adapterxlt.plan.steps import PlannedStep
from adapterxlt.stages.running.contamination import write_seen
from adapterxlt.stages.running.context import Context
from adapterxlt.store.files import write_json


def run_ensemble(planned: PlannedStep, context: Context, staging: Path) -> None:
    """Leave in `staging/out` which members count how much, and all that they were trained on."""
    step, out = planned.step, staging / "out"
    members = [context.plan.by_id(name).fingerprint for name in step.inputs]
    write_json(out / "ensemble.json", {"members": members, "weights": step.items("weights")})
    write_seen(out, {}, [context.artifact(name) for name in step.inputs])
