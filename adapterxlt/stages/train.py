"""`train`: an adapter or a full fine-tune, alone, or `after` or on top of another stage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.documents.nodes import KeyPath
from adapterxlt.methods.composing import can_stack
from adapterxlt.methods.parser import parse_method
from adapterxlt.methods.traits import counts_padding, is_orthogonal
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.kind import Scene
from adapterxlt.recipe.language_adapters import SpeakingStage
from adapterxlt.recipe.schema import TrainingStage
from adapterxlt.recipe.shape import COMPOSING, MAX_MEMBERS, Shape, ShapeOf
from adapterxlt.recipe.steps import Step
from adapterxlt.stages.language_adapters import check_unused, standing_on
from adapterxlt.stages.training.trained import TrainingKind, heads_of, told
from adapterxlt.tasks.catalogue import Task

# The first phase of a sparse fine-tune, whose largest changes it trains again.
DENSE = "full[norms=false]"


class TrainStage(TrainingStage, SpeakingStage):
    """Train a task: `{train: mnli, method: seq_bn}`, optionally on top of another stage.

    With several tasks (`train: [mnli, squad]`), each has its own head, and each training step uses
    one of them. With `language_adapters`, the stage is trained on top of the adapter of its
    language; with several languages, each training step is in one of them, on top of its adapter.
    Later stages that continue from it or are stacked on it stand on the same adapters.
    """

    key: ClassVar[str] = "train"
    method: str = Field("seq_bn", description="Method to train; see `adapterxlt list methods`.")
    after: str | None = Field(None, description="Continue training from the weights of this stage.")
    stack_on: str | None = Field(
        None, description="Train a new adapter on top of this stage, which stays frozen."
    )


class _Train(TrainingKind[TrainStage]):
    key = "train"
    model = TrainStage
    named = ("after", "stack_on", "language_adapters")
    version = 2

    def method(self, stage: TrainStage) -> str:
        return stage.method

    def shape(self, draft: Draft, name: str, stage: TrainStage, shape_of: ShapeOf) -> Shape | None:
        at: KeyPath = ("stages", name)
        try:
            method = parse_method(stage.method)
        except ValueError as error:
            message, _, hint = str(error).partition("\n")
            draft.refuse((*at, "method"), message, hint or None)
            return None
        if not draft.knows(at, *COMPOSING):
            return None
        if stage.after is not None and stage.stack_on is not None:
            draft.refuse(
                at,
                "has `after` and `stack_on`",
                "`after` continues from the weights of a stage, `stack_on` adds new ones on top",
            )
            return None
        kind: Literal["full", "adapter"] = "full" if method.is_full else "adapter"
        methods = () if method.is_full else (method,)
        top = "" if method.is_full else name
        alone = Shape(kind, methods, method.is_full, heads_of(stage), top=top)
        base = stage.after or stage.stack_on
        old = shape_of(base) if base is not None else None
        speaks = None
        if stage.language_adapters is not None or (old is not None and old.speaks is not None):
            speaks = standing_on(draft, name, stage, [(base, old)] if base else [], shape_of)
            if speaks is None:
                return None
        if stage.after is not None:
            path: KeyPath = (*at, "after")
            found = _after(draft, path, stage.after, alone, old, head=method.is_head)
        elif stage.stack_on is not None:
            found = _stacked(draft, (*at, "stack_on"), stage.stack_on, alone, old)
        elif speaks is not None:
            path, below = (*at, "language_adapters"), shape_of(speaks.source)
            put = _after if speaks.weights else _stacked
            found = put(draft, path, speaks.source, alone, below)
            found = found and replace(found, below="")
        else:
            return alone
        return found and replace(found, speaks=speaks)

    def check(self, draft: Draft, name: str, stage: TrainStage, shape_of: ShapeOf) -> None:
        super().check(draft, name, stage, shape_of)
        check_unused(draft, name, stage, shape_of)

    def check_backbone(
        self, draft: Draft, name: str, stage: TrainStage, shape_of: ShapeOf, backbone: Backbone
    ) -> None:
        super().check_backbone(draft, name, stage, shape_of, backbone)
        for text in backbone.problems_of(stage.method):
            message, _, hint = text.partition("\n")
            draft.refuse(("stages", name, "method"), message, hint or None)

    def steps(self, scene: Scene, name: str, stage: TrainStage) -> Iterable[Step]:
        relation, inputs, more = _below(scene, name, stage)
        more = {"relation": relation, **more}
        shape = scene.shape_of(name)
        if shape is not None and shape.speaks is not None:
            others, spoken = shape.speaks.of_other_languages()
            inputs, more = (*inputs, *others), {**more, **spoken}
        step = replace(self.step(scene, name, stage, more), inputs=inputs)
        if parse_method(stage.method).density:
            whole = stage.model_copy(update={"method": DENSE})
            dense = replace(self.step(scene, name, whole, more), id=f"{name}/dense", inputs=inputs)
            yield dense
            step = replace(step, inputs=(*step.inputs, dense.id))
        yield step

    def version_of(self, step: Step, tasks: Mapping[str, Task]) -> int | str:
        method = parse_method(step.text("method"))
        # Padding counted in training; decay of weights made LoReFT do nothing.
        decayed = bool(step.params.get("weight_decay")) and is_orthogonal(method)
        return f"{self.version}.1" if counts_padding(method) or decayed else self.version

    def runner(self) -> Callable[..., None]:
        from adapterxlt.stages.training.train_run import run_train

        return run_train

    def words(self, params: Mapping[str, object], inputs: Sequence[str]) -> str:
        task, cap = told(params)
        how = {"after": ", after", "stack_on": ", stacked"}.get(str(params.get("relation")), "")
        # The last input of a sparse fine-tune is its own first phase.
        below = inputs[:-1] if str(params["method"]).startswith("sft") else inputs
        above = f"{below[0]} > " if below else ""
        if "language_adapter" in params:
            how += f" on {below[1]}"
        if "spoken" in params:
            how += ", each language on its own"
        return f"{above}{task} ({params['method']}{cap}{how})"


def _below(
    scene: Scene, name: str, stage: TrainStage
) -> tuple[str, tuple[str, ...], dict[str, object]]:
    """What a stage continues from or is stacked on: how, the steps, and what else is to be said.

    On a language adapter alone it is as `stack_on` that (`after`, where it is weights), whichever
    other languages there are: they are needed where the model is measured.
    """
    shape, base = scene.shape_of(name), stage.after or stage.stack_on
    speaks = shape.speaks if shape is not None else None
    relation = "after" if stage.after else "stack_on" if stage.stack_on else "none"
    if base is None:
        if speaks is None:
            return relation, (), {}
        return "after" if speaks.weights else "stack_on", (speaks.source,), {}
    old = scene.shape_of(base)
    if speaks is None or old is None or old.speaks is None or old.speaks.source == speaks.source:
        return relation, (base,), {}
    # Below is another language's adapter than that of this training: it is swapped first.
    before = (old.speaks.source,) if speaks.weights else ()
    return relation, (base, speaks.source, *before), {"language_adapter": True}


def _after(
    draft: Draft, path: KeyPath, named: str, new: Shape, old: Shape | None, *, head: bool = False
) -> Shape | None:
    """What continues from a stage's weights; with `head`, only a new head on them."""
    if old is None:
        return None
    if old.kind == "ensemble":
        draft.refuse(
            path,
            f"`{named}` is an ensemble of several models, so training cannot continue from it",
            "continue from one of them, or `merge` them",
        )
    elif old.kind == "full":
        return replace(new, on_full=True, weights=named if new.top else "")
    elif head:
        return replace(old, heads=new.heads, headless=new.headless)
    elif new.kind == "full":
        draft.refuse(
            path,
            f"a full fine-tune cannot continue from `{named}`, which is not a full fine-tune",
            f"make `{named}` a full fine-tune too, or train an adapter here",
        )
    elif old.kind == "fusion":
        draft.refuse(
            path,
            f"`{named}` is a fusion of several adapters, so training cannot continue from it",
            f"`stack_on: {named}` trains a new adapter on top of it",
        )
    elif not new.methods[0].same_config(old.methods[-1]):
        draft.refuse(
            path,
            f"`{named}` is `{old.methods[-1]}`, and `{new.methods[0]}` cannot continue from its "
            "weights",
            f"use the same method, or `stack_on: {named}`",
        )
    else:  # of a stack, the top adapter goes on
        return replace(old, top=new.top, heads=new.heads, headless=new.headless)
    return None


def _stacked(
    draft: Draft, path: KeyPath, named: str, new: Shape, old: Shape | None
) -> Shape | None:
    """What is trained on top of a stage."""
    if old is None:
        return None
    if old.kind == "ensemble":
        draft.refuse(
            path,
            f"`{named}` is an ensemble of several models, so nothing can be stacked on it",
            "stack on one of its members, or `fuse` them",
        )
        return None
    if old.kind == "full":
        draft.refuse(
            path,
            f"`{named}` is a full fine-tune, not an adapter",
            f"`after: {named}` trains an adapter on its weights",
        )
        return None
    if new.kind == "full":
        reason: str | None = (
            "only adapters can be stacked, but this method trains the backbone or a head"
        )
    else:
        reason = can_stack(old.methods, new.methods[0])
    if reason:
        key = "`stack_on`" if path[-1] == "stack_on" else "it"
        draft.refuse(path, reason, f"choose another method, or train without {key}")
        return None
    if old.depth >= MAX_MEMBERS:
        draft.refuse(path, f"a stack has at most {MAX_MEMBERS} adapters")
        return None
    return replace(
        old,
        kind="stack",
        methods=(*old.methods, *new.methods),
        heads=new.heads,
        headless=new.headless,
        depth=old.depth + 1,
        top=new.top,
        below=named,
    )


KIND = _Train()
