"""Version of each kind of step: raise one when its code changes what it computes."""

from __future__ import annotations

from adapterxlt.plan.steps import StepKind

VERSIONS: dict[StepKind, int] = {
    "pretrain": 1,
    "train": 2,
    "fuse": 2,
    "merge": 2,
    "evaluate": 2,
    "retrieve": 2,
}
