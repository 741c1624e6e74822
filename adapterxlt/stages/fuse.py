"""`fuse`: AdapterFusion of trained adapters, learnt on a task."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from adapterxlt.errors import UsageError
from adapterxlt.methods.composing import can_fuse
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.kind import Scene
from adapterxlt.recipe.schema import TrainingStage
from adapterxlt.recipe.shape import COMPOSING, MAX_MEMBERS, Shape, ShapeOf
from adapterxlt.recipe.steps import Step
from adapterxlt.stages.members import members_of
from adapterxlt.stages.training.trained import TrainingKind, heads_of, told


class FuseStage(TrainingStage):
    """AdapterFusion of trained adapters, learnt on a task: `{fuse: [nli, qa], train: udpos}`."""

    key: ClassVar[str] = "fuse"
    fuse: list[str] = Field(min_length=2)
    fusion: Literal["dynamic", "static"] = "dynamic"


class _Fuse(TrainingKind[FuseStage]):
    key = "fuse"
    called = "fusion"
    model = FuseStage
    lists = distinct = named = ("fuse",)
    version = 2

    def method(self, stage: FuseStage) -> str:
        return "fusion"

    def shape(self, draft: Draft, name: str, stage: FuseStage, shape_of: ShapeOf) -> Shape | None:
        if not draft.knows(("stages", name), *COMPOSING):
            return None
        members = members_of(draft, name, "fuse", stage.fuse, shape_of, done="fused")
        if not members:
            return None
        methods = tuple(shape.methods[0] for shape in members.values())
        reason = can_fuse(methods)
        if reason is None and len(methods) > MAX_MEMBERS:
            reason = f"a fusion has at most {MAX_MEMBERS} members"
        if reason:
            draft.refuse(("stages", name, "fuse"), reason)
            return None
        return Shape("fusion", methods, False, heads_of(stage))

    def steps(self, scene: Scene, name: str, stage: FuseStage) -> Iterable[Step]:
        yield self.step(scene, name, stage, {"fusion": stage.fusion})

    def check_inputs(self, step: Step, addresses: Sequence[str]) -> None:
        """An adapter cannot be fused with itself, whatever its stages are called."""
        for index, address in enumerate(addresses):
            first = addresses.index(address)
            if first < index:
                raise UsageError(
                    f"stage `{step.id}` fuses `{step.inputs[first]}` and `{step.inputs[index]}`, "
                    "which are one and the same adapter",
                    hint="train one of them with another seed or other settings, or leave it out",
                )

    def runner(self) -> Callable[..., None]:
        from adapterxlt.stages.training.train_run import run_fuse

        return run_fuse

    def words(self, params: Mapping[str, object], inputs: Sequence[str]) -> str:
        task, cap = told(params)
        return f"fuse({' + '.join(inputs)}) > {task} (fusion{cap})"


KIND = _Fuse()
