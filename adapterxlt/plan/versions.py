"""Version of each kind of step: raise one when its code changes what it computes."""

from __future__ import annotations

from adapterxlt.methods import counts_padding, parse_method
from adapterxlt.plan.steps import Step, StepKind

VERSIONS: dict[StepKind, int] = {
    "pretrain": 1,
    "train": 2,
    "fuse": 2,
    "merge": 1,
    "evaluate": 2,
    "retrieve": 2,
}


def version_of(step: Step) -> int | str:
    """The version of a step; of a method that alone computes something else now, a later one.

    What is measured on it, or built on it, changes its address with it.
    """
    number = VERSIONS[step.kind]
    # Padding counted in training, until it counted nowhere.
    changed = step.kind == "train" and counts_padding(parse_method(step.text("method")))
    return f"{number}.1" if changed else number
