"""What a recipe means: references, compositions, and each stage by its kind.

Needs no backbone and no data. What depends on the backbone is in `backbone_checks.py`.
"""

from __future__ import annotations

from adapterxlt.documents.nodes import Path
from adapterxlt.recipe.composition import Composition
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.measuring_checks import check_evaluation, check_retrieval
from adapterxlt.recipe.references import check_references
from adapterxlt.recipe.schema import (
    EvaluateStage,
    FuseStage,
    MergeStage,
    RetrieveStage,
    TrainStage,
)
from adapterxlt.recipe.training_checks import check_training


def check(draft: Draft) -> None:
    """Add every problem of what is known of a recipe."""
    check_references(draft)
    for index, task in enumerate(draft.recipe.backbone.seen):
        draft.task(("backbone", "seen", index), task)
    composition = Composition(draft)
    for name, stage in draft.recipe.stages.items():
        at: Path = ("stages", name)
        if isinstance(stage, (TrainStage, FuseStage)):
            check_training(draft, name, stage)
        elif isinstance(stage, MergeStage):
            _check_merge(draft, at, stage)
        elif isinstance(stage, EvaluateStage):
            check_evaluation(draft, at, stage, composition)
        elif isinstance(stage, RetrieveStage):
            check_retrieval(draft, at, stage)


def _check_merge(draft: Draft, at: Path, stage: MergeStage) -> None:
    if stage.weights is None or not draft.knows(at, "merge"):
        return
    if len(stage.weights) != len(stage.merge):
        draft.refuse(
            (*at, "weights"), f"has {len(stage.weights)} weights for {len(stage.merge)} stages"
        )
