"""`fuse`: AdapterFusion of trained adapters, learnt on a task."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from adapterxlt.errors import UsageError
from adapterxlt.methods.composing import can_fuse
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.kind import Scene
from adapterxlt.recipe.language_adapters import LanguageAdapters, SpeakingStage
from adapterxlt.recipe.schema import TrainingStage
from adapterxlt.recipe.shape import COMPOSING, MAX_MEMBERS, Shape, ShapeOf
from adapterxlt.recipe.steps import Step
from adapterxlt.stages.language_adapters import KEY, check_unused, standing_on
from adapterxlt.stages.members import members_of
from adapterxlt.stages.training.trained import TrainingKind, heads_of, told


class FuseStage(TrainingStage, SpeakingStage):
    """AdapterFusion of trained adapters, learnt on a task: `{fuse: [nli, qa], train: udpos}`.

    The members stand on the pretrained backbone, or all of them on the same full fine-tune. Their
    order does not matter. If the members were trained on language adapters, or
    `language_adapters` is given, the fusion stands on the adapter of each language.
    """

    key: ClassVar[str] = "fuse"
    fuse: list[str] = Field(
        min_length=2, description="Stages whose adapters are fused, at least two."
    )
    fusion: Literal["dynamic", "static"] = Field(
        "dynamic",
        description="How attention weighs the members: for each token (dynamic), or by weights "
        "that are the same for all inputs (static).",
    )
    train_members: bool = Field(
        False, description="Also train the members; by default they stay frozen."
    )


class _Fuse(TrainingKind[FuseStage]):
    key = "fuse"
    called = "fusion"
    model = FuseStage
    lists = distinct = ("fuse",)
    named = ("fuse", KEY)
    version = 2

    def method(self, stage: FuseStage) -> str:
        return "fusion"

    def shape(self, draft: Draft, name: str, stage: FuseStage, shape_of: ShapeOf) -> Shape | None:
        if not draft.knows(("stages", name), *COMPOSING):
            return None
        members = members_of(draft, name, "fuse", stage.fuse, shape_of, done="fused")
        if not members:
            return None
        methods = tuple(shape.methods[-1] for shape in members.values())
        reason = can_fuse(methods)
        if reason is None and len(methods) > MAX_MEMBERS:
            reason = f"a fusion has at most {MAX_MEMBERS} members"
        if reason:
            draft.refuse(("stages", name, "fuse"), reason)
            return None
        weights = next(iter(members.values())).weights  # all of them stand on the same
        found = Shape("fusion", methods, bool(weights), heads_of(stage), weights=weights)
        if weights and stage.language_adapters is not None:
            draft.refuse(
                ("stages", name, KEY),
                f"the members belong to the fine-tuned weights of `{weights}`, and language "
                "adapters fit only the pretrained ones",
                "leave it out",
            )
            return None
        if stage.language_adapters is None and not any(one.speaks for one in members.values()):
            return found
        speaks = _standing_on(draft, name, stage, members, shape_of)
        below = shape_of(speaks.source) if speaks is not None else None
        if speaks is None or below is None:
            return None
        return replace(found, methods=(*below.methods, *methods), depth=2, speaks=speaks)

    def check(self, draft: Draft, name: str, stage: FuseStage, shape_of: ShapeOf) -> None:
        super().check(draft, name, stage, shape_of)
        check_unused(draft, name, stage, shape_of, of="fuse")

    def steps(self, scene: Scene, name: str, stage: FuseStage) -> Iterable[Step]:
        inputs = tuple(stage.fuse)
        more: dict[str, object] = {"fusion": stage.fusion}
        if stage.train_members:
            more["train_members"] = True
        shape = scene.shape_of(name)
        if shape is not None and shape.speaks is not None:
            inputs += (shape.speaks.source,)
            more["language_adapter"] = True
        yield replace(self.step(scene, name, stage, more), inputs=inputs)

    def in_order(self, step: Step, addresses: Sequence[str]) -> Step:
        """By address: then two recipes that write the members in another order, or under other
        names, have one fusion. The language adapter stays the last input."""
        members = len(addresses) - ("language_adapter" in step.params)
        order = sorted(range(members), key=addresses.__getitem__)
        inputs = [step.inputs[index] for index in (*order, *range(members, len(addresses)))]
        return replace(step, inputs=tuple(inputs))

    def check_inputs(self, step: Step, addresses: Sequence[str]) -> None:
        """An adapter cannot be fused with itself, whatever its stages are called."""
        for index, address in enumerate(addresses):
            first = addresses.index(address)
            if first < index:
                raise UsageError(
                    f"stage `{step.id}` fuses `{step.inputs[first]}` and `{step.inputs[index]}`, "
                    "which are identical",
                    hint="train one of them with another seed or with other settings, or leave "
                    "it out",
                )

    def runner(self) -> Callable[..., None]:
        from adapterxlt.stages.training.train_run import run_fuse

        return run_fuse

    def words(self, params: Mapping[str, object], inputs: Sequence[str]) -> str:
        task, cap = told(params)
        cap += ", members trained on" if params.get("train_members") else ""
        below = f"{inputs[-1]} > " if "language_adapter" in params else ""
        members = sorted(inputs[:-1] if below else inputs)
        return f"{below}fuse({' + '.join(members)}) > {task} (fusion{cap})"


def _standing_on(
    draft: Draft, name: str, stage: FuseStage, members: Mapping[str, Shape], shape_of: ShapeOf
) -> LanguageAdapters | None:
    """The language adapters that all members stand on, or are put on."""
    without = [member for member, shape in members.items() if shape.speaks is None]
    if without and stage.language_adapters is None:
        draft.refuse(
            ("stages", name, "fuse", stage.fuse.index(without[0])),
            f"`{without[0]}` was not trained on language adapters, but other members were",
            f"give `{KEY}` here, and all members will stand on these",
        )
        return None
    bases = [(member, shape) for member, shape in members.items() if shape.speaks is not None]
    speaks = standing_on(draft, name, stage, bases, shape_of)
    if speaks is not None and speaks.weights:
        draft.refuse(
            ("stages", name, KEY),
            "a fusion can stand on language adapters, but not on full or sparse fine-tunes",
            "train the language stages with an adapter method",
        )
        return None
    return speaks


KIND = _Fuse()
