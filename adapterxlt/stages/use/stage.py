"""`use`: an artifact, another library's folder, or a stage of a work folder, as a stage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import AdapterXLTError
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.kind import Scene, StageKind, Trained
from adapterxlt.recipe.language_adapters import LanguageAdapters
from adapterxlt.recipe.shape import Shape, ShapeOf
from adapterxlt.recipe.steps import Step
from adapterxlt.recipe.used import Used
from adapterxlt.stages.language_adapters import KEY, check_stages, check_unused
from adapterxlt.stages.use.keys import UseStage
from adapterxlt.stages.use.settings import params_behind, trained_by
from adapterxlt.tasks.catalogue import Task


class _Use(StageKind[UseStage]):
    key = "use"
    decoders = True
    model = UseStage
    lists = ("labels",)
    makes_model = True
    named = (KEY,)

    def look_at(
        self,
        stage: UseStage,
        base: Path,
        backbone: Backbone | None,
        tasks: Mapping[str, Task],
    ) -> Used | None:
        from adapterxlt.stages.use.look import look_at

        return look_at(stage, base, backbone, tasks)

    def shape(self, draft: Draft, name: str, stage: UseStage, shape_of: ShapeOf) -> Shape | None:
        used = draft.used.get(name)
        if used is None:
            return None
        shape = Shape(
            used.form,
            used.methods,
            used.on_full,
            (used.heads,),
            used.headless,
            used.depth,
            used.top,
            used.below,
            used.weights,
            used.fused,
        )
        if stage.language_adapters is None:
            return shape
        speaks = _speaks(draft, name, stage, used, shape_of)
        if speaks is None:
            return None
        _, *below = used.below.split()  # but for the language adapter, which is swapped
        return replace(shape, speaks=speaks, below=" ".join(below))

    def check(self, draft: Draft, name: str, stage: UseStage, shape_of: ShapeOf) -> None:
        check_unused(draft, name, stage, shape_of, of="use")

    def steps(self, scene: Scene, name: str, stage: UseStage) -> Iterable[Step]:
        yield Step(name, "use", name, (), {}, used=scene.used[name])

    def trained(self, scene: Scene, name: str, stage: UseStage) -> Trained:
        """As it says; where it does not say so, as in the recipe's `training`."""
        used = scene.used[name]
        return trained_by(used.lineage, used.heads, scene.recipe.training)

    def languages(self, scene: Scene, name: str, stage: UseStage) -> set[str]:
        return scene.used[name].languages(
            {key: task.kind for key, task in scene.recipe.catalogue.items()}
        )

    def take_in(
        self, stage: UseStage, used: Used, base: Path, store: Any, backbone: Backbone, progress: Any
    ) -> None:
        from adapterxlt.stages.use.look import take_in_used

        take_in_used(stage, used, base, store, backbone, progress)

    def runner(self) -> Callable[..., None]:
        # It was taken in before the plan was made.
        raise AdapterXLTError(
            "a model that the recipe uses was removed from the store in the meantime"
        )


def _speaks(
    draft: Draft, name: str, stage: UseStage, used: Used, shape_of: ShapeOf
) -> LanguageAdapters | None:
    """The language adapters of the recipe, in the place of the one that it was trained on."""
    path, stages = ("stages", name, KEY), stage.language_adapters
    assert stages is not None
    if not draft.knows(("stages", name), KEY):
        return None
    if used.depth < 2 or used.on_full:
        draft.refuse(path, "it does not stand on an adapter that could be a language adapter")
        return None
    weights = check_stages(draft, path, stages, shape_of)
    if weights:
        draft.refuse(path, "it stands on an adapter, not on a full or sparse fine-tune")
    if weights is not False:
        return None
    language = str(params_behind(used.lineage).get("language", "unknown"))
    # Its own is none of the recipe's: each language's is put in its place.
    return LanguageAdapters(stages, stage.no_language_adapter, name, language)


KIND = _Use()
