"""`merge`: one model that does the weighted sum of what trained ones do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.documents.nodes import KeyPath
from adapterxlt.methods.merging import can_merge, cancel, cancel_exactly, merge_note, merged_method
from adapterxlt.methods.parser import parse_method
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.kind import Scene, StageKind
from adapterxlt.recipe.schema import Stage
from adapterxlt.recipe.shape import COMPOSING, Shape, ShapeOf
from adapterxlt.recipe.steps import Step
from adapterxlt.stages.members import members_of
from adapterxlt.tasks.catalogue import Task


class MergeStage(Stage):
    """The weighted sum of what models do: `{merge: [nli, qa], weights: [0.5, 0.5]}`.

    Adapters of one configuration (ranks and alphas of LoRAs may differ), or full fine-tunes. What
    a LoRA, an (IA)3, a ReFT or a full fine-tune does is weighed exactly; bottlenecks, prefixes and
    prompts are not linear, so their weights are. Weights are used as given (they need not sum to
    one: task arithmetic); default: equal shares. Heads with the same labels are averaged by the
    same weights, relative to their sum.
    """

    key: ClassVar[str] = "merge"
    merge: list[str] = Field(min_length=2)
    weights: list[Annotated[float, Field(allow_inf_nan=False)]] | None = None
    rank: int | None = Field(
        None,
        gt=0,
        description="rank of a merged LoRA, which loses the smallest parts of the sum; default: "
        "the sum of its members' ranks, which loses nothing",
    )

    @property
    def shares(self) -> list[float]:
        """The weights, equal ones if none are given."""
        return self.weights or [1 / len(self.merge)] * len(self.merge)


class _Merge(StageKind[MergeStage]):
    key = called = "merge"
    model = MergeStage
    lists = ("merge", "weights")
    distinct = named = ("merge",)
    makes_model = True
    kept = True
    like_first = True
    version = 2

    def shape(self, draft: Draft, name: str, stage: MergeStage, shape_of: ShapeOf) -> Shape | None:
        if not draft.knows(("stages", name), *COMPOSING):
            return None
        members = members_of(draft, name, "merge", stage.merge, shape_of, done="merged")
        return _merged(draft, name, stage, members) if members else None

    def check(self, draft: Draft, name: str, stage: MergeStage, shape_of: ShapeOf) -> None:
        at: KeyPath = ("stages", name)
        if stage.weights is None or not draft.knows(at, "merge"):
            return
        if len(stage.weights) != len(stage.merge):
            draft.refuse(
                (*at, "weights"), f"has {len(stage.weights)} weights for {len(stage.merge)} stages"
            )

    def check_backbone(
        self, draft: Draft, name: str, stage: MergeStage, shape_of: ShapeOf, backbone: Backbone
    ) -> None:
        """Whether the sum of the members' ranks is too much for the backbone."""
        shape = shape_of(name)
        for method in shape.methods if shape else ():
            for text in backbone.problems_of(str(method)):
                draft.refuse(
                    ("stages", name, "merge"),
                    f"these make `{method}`: {text.splitlines()[0]}",
                    f"merge fewer, or choose a `rank` of {backbone.hidden_size} at most",
                )

    def steps(self, scene: Scene, name: str, stage: MergeStage) -> Iterable[Step]:
        params: dict[str, object] = {"weights": stage.shares}
        if stage.rank is not None:
            params["rank"] = stage.rank
        shape = scene.shape_of(name)
        method = shape.methods[0] if shape and shape.methods else parse_method("full")
        neutral: dict[str, object] = {"note": merge_note(method, stage.shares)}
        yield Step(name, "merge", name, self.inputs(stage), params, neutral)

    def version_of(self, step: Step, tasks: Mapping[str, Task]) -> int | str:
        """`2.1` where weights nearly cancel: heads were once divided by such sums."""
        weights = [float(str(weight)) for weight in step.items("weights")]
        nearly = cancel(weights) and not cancel_exactly(weights)
        return f"{self.version}.1" if nearly else self.version

    def words(self, params: Mapping[str, object], inputs: Sequence[str]) -> str:
        return f"merge({' + '.join(inputs)})"

    def runner(self) -> Callable[..., None]:
        from adapterxlt.stages.merge_run import run_merge

        return run_merge


def _merged(
    draft: Draft, name: str, stage: MergeStage, members: Mapping[str, Shape]
) -> Shape | None:
    full = next(iter(members.values())).kind == "full"
    methods = [parse_method("full") if full else shape.methods[0] for shape in members.values()]
    path: KeyPath = ("stages", name, "merge")
    reason = can_merge(methods)
    if reason is None:
        path = ("stages", name, "rank")
        reason = can_merge(methods, stage.rank) if draft.knows(path[:2], "rank") else None
    if reason:
        draft.refuse(path, reason)
        return None
    heads = dict.fromkeys(tasks for shape in members.values() for tasks in shape.heads)
    headless = next((shape.headless for shape in members.values() if shape.headless), "")
    if cancel(stage.shares):
        total = f"{sum(stage.shares):.3g}"
        headless = f"its weights sum to {total}, so the heads of its members cancel out"
    if full:
        return Shape("full", (), True, tuple(heads), headless)
    merged = merged_method(methods, stage.rank)
    return Shape("adapter", (merged,), False, tuple(heads), headless)


KIND = _Merge()
