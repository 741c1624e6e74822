"""`align`: pulls the vectors of words and their translations together (arXiv 2506.15415)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.documents.nodes import KeyPath
from adapterxlt.methods.depth import only_below
from adapterxlt.methods.parser import ParsedMethod, parse_method
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.fields import MAX_SEED, Place
from adapterxlt.recipe.kind import Read, Scene, Small, StageKind, Trained
from adapterxlt.recipe.kinds import KINDS
from adapterxlt.recipe.schema import Recipe, Stage, Training, TrainingBlock
from adapterxlt.recipe.shape import COMPOSING, Shape, ShapeOf
from adapterxlt.recipe.steps import Step
from adapterxlt.recipe.task_data import TaskData
from adapterxlt.stages.language_adapters import KEY
from adapterxlt.stages.measuring import check_length
from adapterxlt.stages.train import TrainStage
from adapterxlt.stages.training.small import least, one_epoch
from adapterxlt.stages.words import check_lexicon, lexicon_file
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.lexicon import name_of

# What of the training settings an alignment goes by.
USED = (
    "lr", "epochs", "max_steps", "batch_size", "max_length", "warmup", "warmup_steps",
    "weight_decay", "max_grad_norm", "seed", "frozen_dropout", "precision",
)  # fmt: skip
_ELSE = ("cap", "language", "temperature", "checkpoint_every", "resources")
HEADLESS = "it was aligned on words, not trained on a task"


class AlignStage(TrainingBlock, Stage):
    """Targeted lexical injection: `{align: gatitos/en_hi.tsv, layer: 4, method: "lora[r=16]"}`.

    The stage pulls the vectors of words and their translations together at one layer, and trains
    only the layers below. `language` is needed if the name of the lexicon does not tell it.
    """

    key: ClassVar[str] = "align"
    align: Place = Field(
        description="Lexicon inside a data folder: a TSV file, or a JSON list of pairs."
    )
    layer: int = Field(
        ge=1, description="Layer whose output the loss is computed on; 1 is the lowest layer."
    )
    loss: Literal["infonce", "triplet"] = Field(
        "infonce", description="Loss that pulls translations together."
    )
    temperature: float | None = Field(
        None, gt=0, description="Temperature of infonce; default: 0.05."
    )
    margin: float | None = Field(None, gt=0, le=2, description="Margin of triplet; default: 0.4.")
    held_out: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="Share of the entries that are held out from training, together with all "
        "entries that have the same word or phrase on one side.",
    )
    split_seed: int = Field(
        1, ge=0, le=MAX_SEED, description="Seed that draws the held-out entries."
    )
    method: str = Field(
        "lora[r=16,alpha=32]", description="Method to train; see `adapterxlt list methods`."
    )
    after: str | None = Field(None, description="Continue training from the weights of this stage.")
    stack_on: str | None = Field(
        None, description="Train a new adapter on top of this stage, which stays frozen."
    )

    @property
    def spoken(self) -> str | None:
        """The language of the lexicon that the stage names."""
        return self.language[0] if "language" in self.model_fields_set else None


class _Align(StageKind[AlignStage]):
    key = "align"
    model = AlignStage
    named = ("after", "stack_on")
    makes_model = True
    kept = True
    trains = True
    decoders = True

    def named_files(self, stage: AlignStage) -> Iterator[Task]:
        yield from lexicon_file(stage.align, stage.spoken)

    def shape(self, draft: Draft, name: str, stage: AlignStage, shape_of: ShapeOf) -> Shape | None:
        at: KeyPath = ("stages", name)
        try:
            method = _method(stage, draft.recipe.layers)
        except ValueError as error:
            message, _, hint = str(error).partition("\n")
            draft.refuse((*at, "method"), message, hint or None)
            return None
        if not draft.knows(at, *COMPOSING):
            return None
        for key in self.named:
            base = getattr(stage, key)
            old = shape_of(base) if base is not None else None
            if old is not None and old.speaks is not None:
                draft.refuse(
                    (*at, key),
                    f"`{base}` stands on language adapters, but a lexicon has words of two "
                    "languages, and alignment does not swap adapters",
                    f"name a stage without `{KEY}`, or none",
                )
                return None
        # It is composed like a stage that trains a task.
        known = {"after": stage.after, "stack_on": stage.stack_on, "method": str(method)}
        like = TrainStage(train=[TaskData(task="mlm")], **known)
        shape = KINDS["train"].shape(draft, name, like, shape_of)
        return None if shape is None else replace(shape, heads=(), headless=HEADLESS)

    def check(self, draft: Draft, name: str, stage: AlignStage, shape_of: ShapeOf) -> None:
        at: KeyPath = ("stages", name)
        if draft.knows(at, "align"):
            check_lexicon(draft, (*at, "align"), stage.align, stage.spoken)
        for key in Training.model_fields.keys() | {"preset"}:
            if key in stage.model_fields_set and key not in (*USED, *_ELSE):
                draft.refuse((*at, key), "is not a setting of `align`", "leave it out")
        if stage.spoken and len(stage.language) > 1:
            draft.refuse((*at, "language"), "a lexicon has one language besides English")
        other = {"infonce": "margin", "triplet": "temperature"}[stage.loss]
        if getattr(stage, other) is not None and draft.knows(at, "loss"):
            draft.refuse((*at, other), f"is not a setting of `loss: {stage.loss}`", "leave it out")
        batch = draft.recipe.training_of(name).batch_size
        if batch < 2 and draft.knows(at, "batch_size"):
            draft.refuse(
                (*at, "batch_size") if "batch_size" in stage.model_fields_set else at,
                "the loss compares a word with the other words of its batch, and a batch of 1 "
                "has none",
                "set `batch_size` to 2 or more",
            )

    def check_backbone(
        self, draft: Draft, name: str, stage: AlignStage, shape_of: ShapeOf, backbone: Backbone
    ) -> None:
        at: KeyPath = ("stages", name)
        if stage.layer > backbone.layers:
            draft.refuse(
                (*at, "layer"),
                f"there is no layer {stage.layer}",
                f"`{backbone.name}` has layers 1 to {backbone.layers} (0 is the embeddings)",
            )
        for text in backbone.problems_of(stage.method):
            message, _, hint = text.partition("\n")
            draft.refuse((*at, "method"), message, hint or None)
        key = (*at, "max_length") if (*at, "max_length") in draft.places else ("training",)
        check_length(draft, key, draft.recipe.training_of(name).max_length, backbone)

    def steps(self, scene: Scene, name: str, stage: AlignStage) -> Iterable[Step]:
        settings = scene.recipe.training_of(name).resolved(stage.method)
        task = scene.recipe.catalogue[name_of(stage.align)]
        params: dict[str, object] = {
            **settings.model_dump(include=set(USED)),
            "task": task.name,
            "language": task.languages[0],
            "split": "train",
            "cap": settings.cap,
            "layer": stage.layer,
            "loss": stage.loss,
            "held_out": stage.held_out,
            "split_seed": stage.split_seed,
            "method": str(_method(stage, scene.backbone.layers)),
            "relation": "after" if stage.after else "stack_on" if stage.stack_on else "none",
        }
        if stage.loss == "infonce":
            params["temperature"] = 0.05 if stage.temperature is None else stage.temperature
        else:
            params["margin"] = 0.4 if stage.margin is None else stage.margin
        neutral: dict[str, object] = {"checkpoint_every": settings.checkpoint_every}
        yield Step(name, self.key, name, self.inputs(stage), params, neutral)

    def trained(self, scene: Scene, name: str, stage: AlignStage) -> Trained:
        settings = scene.recipe.training_of(name)
        return Trained(
            {}, settings.doc_stride, settings.seed, [(name_of(stage.align), settings.cap)]
        )

    def languages(self, scene: Scene, name: str, stage: AlignStage) -> set[str]:
        return {scene.recipe.catalogue[name_of(stage.align)].languages[0]}

    def in_small(
        self, recipe: Recipe, name: str, stage: AlignStage, count: int, roots: Sequence[Path]
    ) -> Small[AlignStage]:
        settings = recipe.training_of(name)
        cap = max(2, least(count, settings.cap))
        changes = {"cap": cap, **one_epoch(settings, cap)}
        return Small(stage.model_copy(update=changes))

    def reads(self, step: Step, tasks: Mapping[str, Task]) -> Iterator[Read]:
        yield Read(tasks[step.text("task")], [step.text("language")], step.text("split"))

    def runner(self) -> Callable[..., None]:
        from adapterxlt.stages.align_run import run_align

        return run_align

    def words(self, params: Mapping[str, object], inputs: Sequence[str]) -> str:
        cap = f", {params['cap']} entries" if params.get("cap") else ""
        how = {"after": ", after", "stack_on": ", stacked"}.get(str(params.get("relation")), "")
        above = f"{inputs[0]} > " if inputs else ""
        where = f"aligned at layer {params['layer']}"
        return f"{above}{params['task']} {where} ({params['method']}, {params['loss']}{cap}{how})"


def _method(stage: AlignStage, layers: int | None) -> ParsedMethod:
    """The method, limited to the lower layers once the number of layers is known."""
    method = parse_method(stage.method)
    known = stage.layer if layers is None else layers
    return only_below(method, stage.layer, known)


KIND = _Align()
