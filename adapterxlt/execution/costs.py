"""Collects the costs of a recipe from the measurements of its steps."""

from __future__ import annotations

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.execution.results import seed_of
from adapterxlt.recipe.fields import BARE
from adapterxlt.recipe.kinds import KINDS
from adapterxlt.results.costs import Cost, Measured, measured_of, of_step
from adapterxlt.stages.running.context import Context
from adapterxlt.store.manifest import read_manifest


def collect_costs(context: Context) -> list[Cost]:
    """Return the costs of each step that the store has, in plan order.

    A model whose costs were not measured is listed without them, so that tables can say so.
    """
    found = []
    for planned in context.plan.steps:
        step, address = planned.step, planned.fingerprint
        kind = KINDS[step.kind]
        measured = measured_of(context.store.root, address)
        if measured is None and not kind.makes_model:
            continue
        try:
            manifest = read_manifest(context.store.path(address))
        except InvalidArtifactError:
            continue
        model = (step.model or BARE) if kind.measures else step.stage
        found.append(
            of_step(
                measured or Measured(),
                recipe=context.recipe.name,
                recipe_id=context.recipe_id,
                seed=seed_of(context, model) if kind.measures or kind.makes_model else 0,
                step=step.id,
                kind=step.kind,
                task=str(step.params.get("task", step.stage)) if kind.measures else "",
                method="" if kind.measures else str(step.params.get("method", "")),
                fingerprint=address,
                bytes=manifest.size,
                taken=measured is None and manifest.artifact is not None,
            )
        )
    return found
