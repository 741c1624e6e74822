"""Merge trained models into one that does the weighted sum of what they do."""

from __future__ import annotations

from pathlib import Path

from adapterxlt.models.build import merge, save
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.results.measures import METRICS_NAME
from adapterxlt.stages.running.contamination import write_seen
from adapterxlt.stages.running.context import Context
from adapterxlt.store.files import write_json


def run_merge(planned: PlannedStep, context: Context, staging: Path) -> None:
    """Merge the step's inputs and leave the artifact in `staging/out`."""
    step = planned.step
    members = [context.artifact(name) for name in step.inputs]
    weights = step.items("weights")
    rank = step.number("rank") if "rank" in step.params else None
    name = f"merge_{planned.fingerprint[:8]}"
    out = staging / "out"
    merged = merge(context.backbone, members, weights, name, rank)
    save(merged, out)
    write_seen(out, {}, members)
    context.progress.log(f"{step.id}: {step.neutral['note']}")
    metrics: dict[str, object] = {"weights": weights}
    if rank is not None:
        metrics |= {"rank": rank, "error": merged.error}
        context.progress.log(
            f"{step.id}: rank {rank} leaves out {merged.error:.1%} of the merged updates' norm"
        )
    write_json(out / METRICS_NAME, metrics)
