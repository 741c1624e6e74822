"""Collects the costs of a recipe from the measurements of its steps."""

from __future__ import annotations

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.execution.results import seed_of
from adapterxlt.recipe.fields import BARE
from adapterxlt.recipe.kinds import KINDS
from adapterxlt.results.costs import Cost, measured_of, of_step
from adapterxlt.stages.running.context import Context
from adapterxlt.store.manifest import read_manifest


def collect_costs(context: Context) -> list[Cost]:
    """What each step of a recipe cost that the store has and knows of, in plan order."""
    found = []
    for planned in context.plan.steps:
        step, address = planned.step, planned.fingerprint
        kind = KINDS[step.kind]
        measured = measured_of(context.store.root, address)
        if measured is None:
            continue
        try:
            size = read_manifest(context.store.path(address)).size
        except InvalidArtifactError:
            continue
        model = (step.model or BARE) if kind.measures else step.stage
        found.append(
            of_step(
                measured,
                recipe=context.recipe.name,
                recipe_id=context.recipe_id,
                seed=seed_of(context, model) if kind.measures or kind.makes_model else 0,
                step=step.id,
                kind=step.kind,
                task=str(step.params.get("task", step.stage)) if kind.measures else "",
                method="" if kind.measures else str(step.params.get("method", "")),
                fingerprint=address,
                bytes=size,
            )
        )
    return found
