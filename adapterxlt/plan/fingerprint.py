"""The address of a step: a hash of exactly the things that can change its result."""

from __future__ import annotations

import json
from collections.abc import Mapping

from adapterxlt.recipe.kinds import KINDS
from adapterxlt.recipe.steps import Step
from adapterxlt.store.files import canonical_json
from adapterxlt.tasks.catalogue import Task, catalogue


def fingerprint_parts(
    step: Step,
    *,
    data: str,
    backbone: str,
    inputs: tuple[str, ...],
    tasks: Mapping[str, Task] | None = None,
) -> dict[str, object]:
    """Return the named parts that a step's fingerprint covers, as JSON reads them back.

    Args:
        step: its names do not count (a renamed stage is the same stage), its `neutral`
            parameters neither.
        data: content hash of the data it reads, "" when it reads none.
        backbone: content hash of the backbone, "" when it needs none.
        inputs: fingerprints of its inputs, in order.
        tasks: the tasks that it may name; default: the built-in ones.
    """
    parts = {
        "kind": step.kind,
        "version": KINDS[step.kind].version_of(step, catalogue() if tasks is None else tasks),
        "params": step.params,
        "data": data,
        "backbone": backbone,
        "inputs": list(inputs),
    }
    # Parts are compared with those of earlier runs, whose keys became strings in a file.
    read_back: dict[str, object] = json.loads(canonical_json(parts))
    return read_back
