"""Merge trained models into one, whatever their weights are and however they are found."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from adapterxlt.methods.arithmetic import Arithmetic, Shares
from adapterxlt.models.build import merge, save
from adapterxlt.models.save import shrink_weights
from adapterxlt.models.spec import DIFFERENCE_FILE
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.results.measures import METRICS_NAME
from adapterxlt.stages.merging.soup_run import choose
from adapterxlt.stages.running.contamination import write_seen
from adapterxlt.stages.running.context import Context
from adapterxlt.store.files import write_json


def run_merge(planned: PlannedStep, context: Context, staging: Path) -> None:
    """Merge the step's inputs and leave the artifact in `staging/out`."""
    step = planned.step
    members = [context.artifact(name) for name in step.inputs]
    rank = step.number("rank") if "rank" in step.params else None
    make = partial(
        merge,
        context.backbone,
        members,
        name=f"merge_{planned.fingerprint[:8]}",
        rank=rank,
        how=Arithmetic.of(step.params),
        start=step.params.get("start_seed"),
        first_head=step.params.get("head_of") == "first",
    )
    shares = Shares.of(step.items("weights"), step.params.get("layers", ()))
    metrics: dict[str, object] = {}
    if "greedy" in step.params:
        soup = choose(planned, context, lambda weights: make(Shares.of(weights)))
        shares = Shares.of(soup.weights)
        metrics["greedy"] = soup.told()
    out = staging / "out"
    merged = make(shares)
    save(merged, out)
    if all((folder / DIFFERENCE_FILE).is_file() for folder in members):
        shrink_weights(context.backbone, out)  # the sum of small differences is small
    write_seen(out, {}, members)
    context.progress.log(f"{step.id}: {step.neutral['note']}")
    metrics["weights"] = list(shares.everywhere)
    if shares.layers:
        metrics["layers"] = shares.plain_layers()
    if rank is not None:
        metrics |= {"rank": rank, "error": merged.error}
        context.progress.log(
            f"{step.id}: rank {rank} leaves out {merged.error:.1%} of the norm of the merged "
            "updates"
        )
    write_json(out / METRICS_NAME, metrics)
