"""What each stage's model is made of, and whether it can be made so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from adapterxlt.documents.nodes import Node, Path, Places
from adapterxlt.methods.composing import can_fuse, can_stack
from adapterxlt.methods.merging import can_merge, cancel, merged_method
from adapterxlt.methods.parser import ParsedMethod, parse_method
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.order import in_order
from adapterxlt.recipe.references import references
from adapterxlt.recipe.schema import FuseStage, MergeStage, Recipe, TrainStage, UseStage
from adapterxlt.recipe.used import Form, Used

_FULL = parse_method("full")
MAX_MEMBERS = 32  # of a stack or a fusion, as an artifact's description has them at most
# The keys that say what a model consists of.
_COMPOSING = ("train", "method", "after", "stack_on", "fuse", "merge")


@dataclass(frozen=True)
class Shape:
    """What a model consists of.

    Args:
        kind: `full` backbone weights, a single `adapter`, a `stack` or a `fusion` of several.
        methods: of its adapters, the lowest first.
        on_full: whether it stands on fine-tuned backbone weights.
        heads: names of the tasks whose heads it has, one tuple a model; several for a merge.
        headless: why it has no head; "" if it has one.
        depth: how many adapters, or fusions, stand on one another.
    """

    kind: Form
    methods: tuple[ParsedMethod, ...]
    on_full: bool
    heads: tuple[tuple[str, ...], ...]
    headless: str = ""
    depth: int = 1


class Composition:
    """Finds the shape of every stage, adding problems as it meets them.

    A stage with a problem, or that stands on one, has no shape.
    """

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._recipe = draft.recipe
        self.shapes: dict[str, Shape | None] = {}
        for name in in_order(self._recipe.stages, self._needs):  # of a circle, some come too early
            self.shapes[name] = self._shape(name)

    def of(self, name: str) -> Shape | None:
        """The shape of a stage, None if it is not known."""
        return self.shapes.get(name)

    def _needs(self, name: str) -> Iterator[str]:
        stages = self._recipe.stages
        return (other for _, other in references(name, stages[name]) if other in stages)

    def _shape(self, name: str) -> Shape | None:
        stage = self._recipe.stages[name]
        if isinstance(stage, TrainStage):
            return self._trained(name, stage)
        if isinstance(stage, UseStage):
            used = self._draft.used.get(name)
            return (
                Shape(
                    used.form, used.methods, used.on_full, (used.heads,), used.headless, used.depth
                )
                if used
                else None
            )
        if not self._draft.knows(("stages", name), *_COMPOSING):
            return None
        if isinstance(stage, FuseStage):
            members = self._members(name, "fuse", stage.fuse)
            return self._fused(name, stage, members) if members else None
        if isinstance(stage, MergeStage):
            members = self._members(name, "merge", stage.merge)
            return self._merged(name, stage, members) if members else None
        return None

    def _trained(self, name: str, stage: TrainStage) -> Shape | None:
        at: Path = ("stages", name)
        try:
            method = parse_method(stage.method)
        except ValueError as error:
            message, _, hint = str(error).partition("\n")
            self._draft.refuse((*at, "method"), message, hint or None)
            return None
        if not self._draft.knows(at, *_COMPOSING):
            return None
        if stage.after is not None and stage.stack_on is not None:
            self._draft.refuse(
                at,
                "has `after` and `stack_on`",
                "`after` goes on from weights, `stack_on` adds some",
            )
            return None
        kind: Literal["full", "adapter"] = "full" if method.is_full else "adapter"
        methods = () if method.is_full else (method,)
        alone = Shape(kind, methods, method.is_full, _heads(stage))
        if stage.after is not None:
            return self._after((*at, "after"), stage, alone, self.of(stage.after))
        if stage.stack_on is not None:
            return self._stacked((*at, "stack_on"), stage, alone, self.of(stage.stack_on))
        return alone

    def _after(self, path: Path, stage: TrainStage, new: Shape, old: Shape | None) -> Shape | None:
        if old is None:
            return None
        if old.kind == "full":
            return Shape(new.kind, new.methods, True, new.heads)
        if new.kind == "full":
            self._draft.refuse(
                path,
                f"a full fine-tune cannot go on from `{stage.after}`, which is none",
                f"make `{stage.after}` a full fine-tune too, or train an adapter here",
            )
        elif old.kind == "fusion":
            self._draft.refuse(
                path,
                f"`{stage.after}` is a fusion of several adapters, none of which could go on",
                f"`stack_on: {stage.after}` trains a new adapter on top of it",
            )
        elif not new.methods[0].same_config(old.methods[-1]):
            self._draft.refuse(
                path,
                f"`{stage.after}` is `{old.methods[-1]}`, and `{new.methods[0]}` cannot go on "
                "from its weights",
                f"use the same method, or `stack_on: {stage.after}`",
            )
        else:  # of a stack, the top adapter goes on
            return Shape(old.kind, old.methods, old.on_full, new.heads, depth=old.depth)
        return None

    def _stacked(
        self, path: Path, stage: TrainStage, new: Shape, old: Shape | None
    ) -> Shape | None:
        if old is None:
            return None
        if old.kind == "full":
            self._draft.refuse(
                path,
                f"`{stage.stack_on}` is a full fine-tune, not an adapter",
                f"`after: {stage.stack_on}` trains an adapter on its weights",
            )
            return None
        if new.kind == "full":
            reason: str | None = "a full fine-tune cannot be stacked"
        else:
            reason = can_stack(old.methods, new.methods[0])
        if reason:
            self._draft.refuse(path, reason, "choose another method, or train without `stack_on`")
            return None
        if old.depth >= MAX_MEMBERS:
            self._draft.refuse(path, f"a stack has at most {MAX_MEMBERS} adapters")
            return None
        methods = (*old.methods, *new.methods)
        return Shape("stack", methods, old.on_full, new.heads, depth=old.depth + 1)

    def _members(self, name: str, key: str, listed: list[str]) -> Mapping[str, Shape] | None:
        """Shapes of the members: single adapters on the pretrained backbone.

        Or, of a merge, full fine-tunes all of them.
        """
        done = "fused" if key == "fuse" else "merged"
        shapes = {member: self.of(member) for member in listed}
        known = [shape for shape in shapes.values() if shape is not None]
        if key == "merge" and all(shape.kind == "full" for shape in known):
            done = ""
        members: dict[str, Shape] = {}
        sound = True
        for index, (member, shape) in enumerate(shapes.items()):
            reason = ""
            if shape is None:
                sound = False
            elif shape.kind == "full" and done:
                reason = f"is a full fine-tune; only adapters can be {done}"
                reason += " with adapters" if key == "merge" else ""
            elif shape.kind not in ("adapter", "full"):
                reason = f"is a {shape.kind} of several adapters; only single ones can be {done}"
            elif shape.on_full and done:
                reason = f"belongs to fine-tuned backbone weights and cannot be {done} with others"
            else:
                members[member] = shape
            if reason:
                self._draft.refuse(("stages", name, key, index), f"`{member}` {reason}")
                sound = False
        return members if sound else None

    def _fused(self, name: str, stage: FuseStage, members: Mapping[str, Shape]) -> Shape | None:
        methods = tuple(shape.methods[0] for shape in members.values())
        reason = can_fuse(methods)
        if reason is None and len(methods) > MAX_MEMBERS:
            reason = f"a fusion has at most {MAX_MEMBERS} members"
        if reason:
            self._draft.refuse(("stages", name, "fuse"), reason)
            return None
        return Shape("fusion", methods, False, _heads(stage))

    def _merged(self, name: str, stage: MergeStage, members: Mapping[str, Shape]) -> Shape | None:
        full = next(iter(members.values())).kind == "full"
        methods = [_FULL if full else shape.methods[0] for shape in members.values()]
        path: Path = ("stages", name, "merge")
        reason = can_merge(methods)
        if reason is None:
            path = ("stages", name, "rank")
            reason = can_merge(methods, stage.rank) if self._draft.knows(path[:2], "rank") else None
        if reason:
            self._draft.refuse(path, reason)
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


def shapes_of(recipe: Recipe, used: Mapping[str, Used]) -> Mapping[str, Shape | None]:
    """The shapes of the stages of a checked recipe."""
    return Composition(Draft(recipe, Places(Node({}, "", 0)), used=used)).shapes


def _heads(stage: TrainStage | FuseStage) -> tuple[tuple[str, ...]]:
    """One head a task, however many languages it is trained in."""
    return (tuple(dict.fromkeys(data.task for data in stage.train)),)
