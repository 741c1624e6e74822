"""`ensemble`: several models of one task, whose outputs are averaged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from adapterxlt.documents.nodes import KeyPath
from adapterxlt.errors import UsageError
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.heads import head_for
from adapterxlt.recipe.kind import Scene, StageKind
from adapterxlt.recipe.schema import Stage
from adapterxlt.recipe.shape import COMPOSING, MAX_MEMBERS, Shape, ShapeOf
from adapterxlt.recipe.steps import Step
from adapterxlt.recipe.used import tasks_of_heads
from adapterxlt.show import number_of
from adapterxlt.tasks.catalogue import compatible


class EnsembleStage(Stage):
    """Models whose outputs are averaged: `{ensemble: [direct, after_nli], weights: [2, 1]}`.

    For classes, tags and choices the probabilities are averaged. For answers it is the logits of
    their first and last words, because these can be compared between the windows of a context.
    Inputs are cut at the length that the first member was trained with. Members may differ in
    their methods and their composition.
    """

    key: ClassVar[str] = "ensemble"
    ensemble: list[str] = Field(
        min_length=2,
        max_length=MAX_MEMBERS,
        description="Stages whose outputs are averaged, at least two.",
    )
    weights: list[Annotated[float, Field(gt=0, allow_inf_nan=False)]] | None = Field(
        None, description="Weight of each member, relative to their sum; default: equal weights."
    )

    @property
    def shares(self) -> list[float]:
        """The weights, relative to their sum."""
        weights = self.weights or [1.0] * len(self.ensemble)
        return [weight / sum(weights) for weight in weights]


class _Ensemble(StageKind[EnsembleStage]):
    key = "ensemble"
    model = EnsembleStage
    lists = ("ensemble", "weights")
    distinct = named = ("ensemble",)
    makes_model = True
    like_first = True

    def shape(
        self, draft: Draft, name: str, stage: EnsembleStage, shape_of: ShapeOf
    ) -> Shape | None:
        at: KeyPath = ("stages", name)
        if not draft.knows(at, *COMPOSING):
            return None
        shapes = [shape_of(member) for member in stage.ensemble]
        sound = True
        for index, (member, shape) in enumerate(zip(stage.ensemble, shapes, strict=True)):
            reason = _unfit(draft, stage.ensemble[0], shapes[0], shape) if shape else None
            if reason:
                draft.refuse((*at, "ensemble", index), f"`{member}` {reason}")
            sound = sound and shape is not None and reason is None
        if not sound:
            return None
        heads = tuple(tasks for shape in shapes if shape for tasks in shape.heads)
        return Shape("ensemble", (), False, heads)

    def check(self, draft: Draft, name: str, stage: EnsembleStage, shape_of: ShapeOf) -> None:
        at: KeyPath = ("stages", name)
        if stage.weights is None or not draft.knows(at, "ensemble"):
            return
        if len(stage.weights) != len(stage.ensemble):
            draft.refuse(
                (*at, "weights"),
                f"has {number_of(len(stage.weights), 'weight')} for "
                f"{number_of(len(stage.ensemble), 'stage')}",
            )

    def steps(self, scene: Scene, name: str, stage: EnsembleStage) -> Iterable[Step]:
        yield Step(name, self.key, name, self.inputs(stage), {"weights": stage.shares})

    def check_inputs(self, step: Step, addresses: Sequence[str]) -> None:
        """Refuse a model that is listed twice; `weights` can give it more weight."""
        for index, address in enumerate(addresses):
            first = addresses.index(address)
            if first < index:
                raise UsageError(
                    f"stage `{step.id}` averages `{step.inputs[first]}` and "
                    f"`{step.inputs[index]}`, which are identical",
                    hint="train one of them with another seed or with other settings, or leave "
                    "it out",
                )

    def members(self, step: Step) -> Mapping[str, float]:
        return dict(zip(step.inputs, step.items("weights"), strict=True))

    def words(self, params: Mapping[str, object], inputs: Sequence[str]) -> str:
        return f"ensemble({' + '.join(inputs)})"

    def runner(self) -> Callable[..., None]:
        from adapterxlt.stages.ensemble_run import run_ensemble

        return run_ensemble


def _unfit(draft: Draft, first: str, wanted: Shape | None, shape: Shape) -> str | None:
    """The reason why a model cannot be averaged with the first one; None if it can."""
    if shape.kind == "ensemble":
        return "is itself an ensemble; list its members here instead"
    if shape.speaks is not None:
        return "stands on language adapters, which an ensemble cannot swap"
    if shape.headless:
        return f"has no head, so its outputs cannot be averaged: {shape.headless}"
    if wanted is None or wanted is shape or not wanted.heads:
        return None
    known = tasks_of_heads(draft.tasks, draft.used)
    own, others = (
        [known[name] for names in heads for name in names if name in known]
        for heads in (shape.heads, wanted.heads)
    )
    if not own or not others or any(head_for(others, task) for task in own):
        return None
    return f"does not predict the same as `{first}`: {compatible(others[0], own[0])}"


KIND = _Ensemble()
