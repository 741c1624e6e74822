"""Checks a recipe against its backbone: layers, lengths, sizes of adapters."""

from __future__ import annotations

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.recipe.composition import Composition
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.kinds import kind_of


def check_against_backbone(draft: Draft, backbone: Backbone) -> None:
    """Add every way in which a recipe does not fit a backbone."""
    draft.recipe = draft.recipe.on(backbone.layers)
    composition = Composition(draft)  # what of shapes depends on the backbone is known now
    for name, stage in draft.recipe.stages.items():
        kind_of(stage).check_backbone(draft, name, stage, composition.of, backbone)
