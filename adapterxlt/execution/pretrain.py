"""Build a backbone from public text."""

from __future__ import annotations

from pathlib import Path

from adapterxlt.execution.context import Context
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.pretraining import build_backbone
from adapterxlt.pretraining.config import PretrainConfig


def run_pretrain(planned: PlannedStep, context: Context, staging: Path) -> None:
    """Build the backbone into `staging/out`."""
    settings = planned.step.params["pretrain"]
    config = PretrainConfig.model_validate(settings)
    build_backbone(config, context.sources.roots[0], staging / "out", context.progress)
