"""Checks a recipe against its backbone: layers, lengths, sizes of adapters."""

from __future__ import annotations

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.recipe.composition import Composition
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.kinds import KINDS, kind_of


def check_against_backbone(draft: Draft, backbone: Backbone) -> None:
    """Report every way in which a recipe does not fit a backbone."""
    draft.recipe = draft.recipe.on(backbone.layers)
    composition = Composition(draft)  # the shapes that depend on the backbone are known now
    for name, stage in draft.recipe.stages.items():
        kind = kind_of(stage)
        if backbone.architecture.decoder and not kind.decoders:
            able = ", ".join(f"`{key}`" for key in KINDS if KINDS[key].decoders)
            draft.refuse(
                ("stages", name),
                f"`{kind.key}` needs an encoder, but `{backbone.name}` is a decoder "
                f"(`{backbone.model_type}`): its tokens see only those before them",
                f"stages that a decoder can be used in: {able}",
            )
            continue
        kind.check_backbone(draft, name, stage, composition.of, backbone)
