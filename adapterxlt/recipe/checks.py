"""What a recipe means: references, compositions, and each stage by its kind.

Needs no backbone and no data. What depends on the backbone is in `backbone_checks.py`.
"""

from __future__ import annotations

from adapterxlt.recipe.composition import Composition
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.kinds import kind_of
from adapterxlt.recipe.references import check_references


def check(draft: Draft) -> None:
    """Add every problem of what is known of a recipe."""
    check_references(draft)
    for index, task in enumerate(draft.recipe.backbone.seen):
        draft.task(("backbone", "seen", index), task)
    composition = Composition(draft)
    for name, stage in draft.recipe.stages.items():
        kind_of(stage).check(draft, name, stage, composition.of)
