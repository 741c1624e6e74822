"""`use`: an artifact, another library's folder, or a stage of a work folder, as a stage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import AdapterXLTError
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.fields import MAX_LENGTH
from adapterxlt.recipe.kind import Scene, StageKind, Trained
from adapterxlt.recipe.kinds import like_first
from adapterxlt.recipe.language_adapters import LanguageAdapters
from adapterxlt.recipe.shape import Shape, ShapeOf
from adapterxlt.recipe.steps import Step
from adapterxlt.recipe.used import Used, caps_of, data_parts, shot_seed_of
from adapterxlt.stages.language_adapters import KEY, check_stages, check_unused
from adapterxlt.stages.use.keys import UseStage
from adapterxlt.tasks.catalogue import Task


class _Use(StageKind[UseStage]):
    key = "use"
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
            used.form, used.methods, used.on_full, (used.heads,), used.headless, used.depth
        )
        if stage.language_adapters is None:
            return shape
        speaks = _speaks(draft, name, stage, used, shape_of)
        return None if speaks is None else replace(shape, speaks=speaks)

    def check(self, draft: Draft, name: str, stage: UseStage, shape_of: ShapeOf) -> None:
        check_unused(draft, name, stage, shape_of, of="use")

    def steps(self, scene: Scene, name: str, stage: UseStage) -> Iterable[Step]:
        yield Step(name, "use", name, (), {}, used=scene.used[name])

    def trained(self, scene: Scene, name: str, stage: UseStage) -> Trained:
        """As it says; where it does not say so, as in the recipe's `training`."""
        used, default = scene.used[name], scene.recipe.training
        params = _params_behind(used)
        parts = data_parts(params)
        lengths = {str(part.get("task")): part.get("max_length") for part in parts}
        seed = params.get("seed")
        return Trained(
            lengths={task: _number(lengths.get(task), default.max_length) for task in used.heads},
            doc_stride=_number(params.get("doc_stride"), default.doc_stride),
            seed=seed if type(seed) is int else None,
            caps=caps_of(parts),
            shot_seed=shot_seed_of(parts, seed),
        )

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
    if used.form != "stack" or used.on_full:
        draft.refuse(path, "it does not stand on an adapter that could be a language adapter")
        return None
    weights = check_stages(draft, path, stages, shape_of)
    if weights:
        draft.refuse(path, "it stands on an adapter, not on a full or sparse fine-tune")
    if weights is not False:
        return None
    language = str(_params_behind(used).get("language", "unknown"))
    # Its own is none of the recipe's: each language's is put in its place.
    return LanguageAdapters(stages, stage.no_language_adapter, name, language)


def _params_behind(used: Used) -> Mapping[str, object]:
    """Parameters of the step that its heads come from: its own; of a merge, its first member's.

    Not all of them need be there.
    """
    by_fingerprint = {step["fingerprint"]: step for step in used.lineage}
    step = used.lineage[-1]
    while like_first(step["kind"]) and step["inputs"]:
        step = by_fingerprint[step["inputs"][0]]  # came before it, so this ends
    params = step["params"]
    assert isinstance(params, Mapping)
    return params


def _number(said: object, default: int) -> int:
    return said if type(said) is int and 0 < said <= MAX_LENGTH else default


KIND = _Use()
