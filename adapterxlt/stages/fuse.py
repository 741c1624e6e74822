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
from adapterxlt.recipe.language_adapters import LanguageAdapters, SpeakingStage, place_of_own
from adapterxlt.recipe.schema import TrainingStage
from adapterxlt.recipe.shape import COMPOSING, MAX_MEMBERS, Shape, ShapeOf
from adapterxlt.recipe.steps import Step
from adapterxlt.stages.fuse_members import unfit_to_fuse
from adapterxlt.stages.language_adapters import KEY, check_unused, standing_on
from adapterxlt.stages.members import members_of
from adapterxlt.stages.training.trained import TrainingKind, heads_of, told


class FuseStage(TrainingStage, SpeakingStage):
    """AdapterFusion of trained adapters, learnt on a task: `{fuse: [nli, qa], train: udpos}`.

    The members are adapters, or stacks with the same adapters below the topmost one. They stand on
    the pretrained backbone, or all of them on the same full fine-tune. Their order does not
    matter. If the members were trained on language adapters, or `language_adapters` is given, the
    fusion stands on the adapter of each language.
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
        known = {member: shape for member in stage.fuse if (shape := shape_of(member)) is not None}
        speaking = stage.language_adapters is not None or any(one.speaks for one in known.values())
        unfit = unfit_to_fuse(known, speaking)
        members = members_of(draft, name, "fuse", stage.fuse, shape_of, unfit)
        if not members:
            return None
        methods = tuple(shape.methods[-1] for shape in members.values())
        reason = can_fuse(methods)
        if reason is None and len(methods) > MAX_MEMBERS:
            reason = f"a fusion has at most {MAX_MEMBERS} members"
        if reason:
            draft.refuse(("stages", name, "fuse"), reason)
            return None
        first = next(iter(members.values()))  # all stand on what is below its topmost adapter
        swapped = 1 if first.speaks is not None and not first.speaks.weights else 0
        found = replace(
            first,
            kind="fusion",
            methods=(*first.methods[swapped:-1], *methods),
            heads=heads_of(stage),
            headless="",
            depth=first.depth - swapped,
            top=name,
            fused=True,
            speaks=None,
        )
        if not speaking:
            return found
        speaks = _standing_on(draft, name, stage, members, shape_of)
        below = shape_of(speaks.source) if speaks is not None else None
        if speaks is None or below is None:
            return None
        if speaks.weights:
            return replace(found, speaks=speaks)
        methods = (*below.methods, *found.methods)
        return replace(found, methods=methods, depth=found.depth + 1, speaks=speaks)

    def check(self, draft: Draft, name: str, stage: FuseStage, shape_of: ShapeOf) -> None:
        super().check(draft, name, stage, shape_of)
        check_unused(draft, name, stage, shape_of, of="fuse")

    def steps(self, scene: Scene, name: str, stage: FuseStage) -> Iterable[Step]:
        inputs = tuple(stage.fuse)
        more: dict[str, object] = {"fusion": stage.fusion}
        if stage.train_members:
            more["train_members"] = True
        shape = scene.shape_of(name)
        speaks = shape.speaks if shape is not None else None
        if speaks is not None and not speaks.weights:
            others, spoken = speaks.of_other_languages()
            inputs += (speaks.source, *others)
            more |= {"language_adapter": True, **spoken}
        yield replace(self.step(scene, name, stage, more), inputs=inputs)

    def in_order(self, step: Step, addresses: Sequence[str]) -> Step:
        """By address: then two recipes that write the members in another order, or under other
        names, have one fusion. Language adapters stay the last inputs."""
        members = count_members(step.params, len(addresses))
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
        count = count_members(params, len(inputs))
        below = f"{inputs[count]} > " if count < len(inputs) else ""
        cap += ", each language on its own" if "spoken" in params else ""
        members = sorted(inputs[:count])
        return f"{below}fuse({' + '.join(members)}) > {task} (fusion{cap})"


def count_members(params: Mapping[str, object], inputs: int) -> int:
    """How many inputs of a step are members; those after them are language adapters."""
    own = place_of_own(params, inputs)
    return inputs if own is None else own


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
    weights = next(iter(members.values())).weights
    if without and weights:
        draft.refuse(
            ("stages", name, KEY),
            "the members belong to fine-tuned weights, and language adapters fit only the "
            "pretrained ones",
            "leave it out",
        )
        return None
    bases = [(member, shape) for member, shape in members.items() if shape.speaks is not None]
    speaks = standing_on(draft, name, stage, bases, shape_of)
    if speaks is None or not speaks.weights:
        return speaks
    if without:
        draft.refuse(
            ("stages", name, "fuse", stage.fuse.index(without[0])),
            f"`{without[0]}` was not trained on the weights of `{speaks.source}`",
            f"give `{without[0]}` the same `{KEY}`",
        )
        return None
    for member, shape in bases:
        if shape.speaks is not None and shape.speaks.source != speaks.source:
            draft.refuse(
                ("stages", name, "fuse", stage.fuse.index(member)),
                f"`{member}` was trained on `{shape.speaks.source}`, and this fusion is trained on "
                f"`{speaks.source}`; weights of the backbone cannot be exchanged below a fusion",
                "train the fusion in the language of its members",
            )
            return None
    return speaks


KIND = _Fuse()
