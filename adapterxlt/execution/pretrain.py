"""Build a backbone from public text."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from adapterxlt.stages.running.context import Context
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.pretraining.build import build_backbone
from adapterxlt.pretraining.config import PretrainConfig
from adapterxlt.progress import Bar, Progress


def run_pretrain(planned: PlannedStep, context: Context, staging: Path) -> None:
    """Build the backbone into `staging/out`."""
    config = PretrainConfig.model_validate(planned.step.params["pretrain"])
    with ExitStack() as stack:
        phases = _Phases(context.progress, stack)
        build_backbone(config, context.sources.roots[0], staging / "out", phases.report)


class _Phases:
    """One bar a phase of the build."""

    def __init__(self, progress: Progress, stack: ExitStack) -> None:
        self.progress = progress
        self.stack = stack
        self.phase = ""
        self.done = 0
        self.bar: Bar | None = None

    def report(self, phase: str, done: int, total: int) -> None:
        """Say that `done` of `total` steps of a phase are done."""
        if phase != self.phase or self.bar is None:
            self.stack.close()
            self.phase, self.done = phase, 0
            self.bar = self.stack.enter_context(self.progress.bar(phase, total, unit="step"))
        self.bar.advance(done - self.done)
        self.done = done
