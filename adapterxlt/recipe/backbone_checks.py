"""What of a recipe depends on the backbone: layers, lengths, sizes of adapters."""

from __future__ import annotations

from adapterxlt.backbones import Backbone
from adapterxlt.errors import Problem
from adapterxlt.methods import check_method
from adapterxlt.recipe.nodes import Path, Places
from adapterxlt.recipe.schema import (
    EvaluateStage,
    FuseStage,
    Recipe,
    RetrieveStage,
    Training,
    TrainStage,
)


def check_against_backbone(recipe: Recipe, places: Places, backbone: Backbone) -> list[Problem]:
    """Return every way in which a checked recipe does not fit a backbone."""
    problems: list[Problem] = []
    for name, stage in recipe.stages.items():
        at: Path = ("stages", name)
        if isinstance(stage, Training):
            key = (*at, "max_length")
            if key not in places and ("training", "max_length") in places:
                key = ("training", "max_length")
            _check_length(key, recipe.training_of(name).max_length, places, backbone, problems)
            assert isinstance(stage, (TrainStage, FuseStage))
            for index, data in enumerate(stage.train):
                key = (*at, "train", index, "max_length")
                _check_length(key, data.max_length or 0, places, backbone, problems)
        elif isinstance(stage, (EvaluateStage, RetrieveStage)) and stage.max_length is not None:
            _check_length((*at, "max_length"), stage.max_length, places, backbone, problems)
        if isinstance(stage, TrainStage):
            for text in check_method(stage.method, backbone.hidden_size, backbone.layers):
                message, _, hint = text.partition("\n")
                problems.append(places.problem((*at, "method"), message, hint or None))
        if isinstance(stage, RetrieveStage) and stage.layers != "all":
            for index, layer in enumerate(stage.layers):
                if int(layer) > backbone.layers:
                    problems.append(
                        places.problem(
                            (*at, "layers", index),
                            f"there is no layer {layer}",
                            f"`{backbone.name}` has 0 (the embeddings) to {backbone.layers}",
                        )
                    )
    return problems


def _check_length(
    path: Path, length: int, places: Places, backbone: Backbone, problems: list[Problem]
) -> None:
    if length > backbone.max_length:
        problems.append(
            places.problem(
                path,
                f"{length} subwords are more than `{backbone.name}` can take",
                f"max_length: {backbone.max_length} at most",
            )
        )
