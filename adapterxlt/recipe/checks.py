"""Checks the meaning of a recipe: references, compositions, and each stage by its kind.

Needs no backbone and no data. What depends on the backbone is in `backbone_checks.py`.
"""

from __future__ import annotations

from adapterxlt.recipe.composition import Composition
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.kinds import kind_of, measured_by
from adapterxlt.recipe.references import check_references
from adapterxlt.suggest import suggest


def check(draft: Draft) -> None:
    """Report every problem in the known parts of a recipe."""
    check_references(draft)
    for index, task in enumerate(draft.recipe.backbone.seen):
        draft.task(("backbone", "seen", index), task)
    _check_compare(draft)
    composition = Composition(draft)
    for name, stage in draft.recipe.stages.items():
        kind_of(stage).check(draft, name, stage, composition.of)


def _check_compare(draft: Draft) -> None:
    """Check that the baseline is a model that some stage measures."""
    compare = draft.recipe.compare
    if compare.baseline is None:
        return
    measured = {model for stage in draft.recipe.stages.values() for model in measured_by(stage)}
    if measured and compare.baseline not in measured:
        draft.refuse(
            ("compare", "baseline"),
            f"no stage measures `{compare.baseline}`",
            suggest(compare.baseline, sorted(measured)),
        )
