"""What of a recipe depends on the backbone: layers, lengths, sizes of adapters."""

from __future__ import annotations

from adapterxlt.backbones import Backbone
from adapterxlt.documents.nodes import Path
from adapterxlt.recipe.composition import Shape, shapes_of
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.schema import (
    EvaluateStage,
    FuseStage,
    MergeStage,
    RetrieveStage,
    Training,
    TrainStage,
)


def check_against_backbone(draft: Draft, backbone: Backbone) -> None:
    """Add every way in which a recipe does not fit a backbone."""
    shapes = shapes_of(draft.recipe, draft.used)
    for name, stage in draft.recipe.stages.items():
        at: Path = ("stages", name)
        if isinstance(stage, MergeStage):
            _check_merged(draft, at, shapes[name], backbone)
        if isinstance(stage, Training):
            key = (*at, "max_length")
            if key not in draft.places and ("training", "max_length") in draft.places:
                key = ("training", "max_length")
            _check_length(draft, key, draft.recipe.training_of(name).max_length, backbone)
            assert isinstance(stage, (TrainStage, FuseStage))
            for index, data in enumerate(stage.train):
                key = (*at, "train", index, "max_length")
                _check_length(draft, key, data.max_length or 0, backbone)
        elif isinstance(stage, (EvaluateStage, RetrieveStage)) and stage.max_length is not None:
            _check_length(draft, (*at, "max_length"), stage.max_length, backbone)
        if isinstance(stage, TrainStage):
            for text in backbone.problems_of(stage.method):
                message, _, hint = text.partition("\n")
                draft.refuse((*at, "method"), message, hint or None)
        if isinstance(stage, RetrieveStage) and stage.layers != "all":
            for index, layer in enumerate(stage.layers):
                if int(layer) > backbone.layers:
                    draft.refuse(
                        (*at, "layers", index),
                        f"there is no layer {layer}",
                        f"`{backbone.name}` has 0 (the embeddings) to {backbone.layers}",
                    )


def _check_merged(draft: Draft, at: Path, shape: Shape | None, backbone: Backbone) -> None:
    """Whether the sum of the members' ranks is too much for the backbone."""
    for method in shape.methods if shape else ():
        for text in backbone.problems_of(str(method)):
            draft.refuse(
                (*at, "merge"),
                f"these make `{method}`: {text.splitlines()[0]}",
                f"merge fewer, or choose a `rank` of {backbone.hidden_size} at most",
            )


def _check_length(draft: Draft, path: Path, length: int, backbone: Backbone) -> None:
    if length > backbone.max_length:
        draft.refuse(
            path,
            f"{length} subwords are more than `{backbone.name}` can take",
            f"max_length: {backbone.max_length} at most",
        )
