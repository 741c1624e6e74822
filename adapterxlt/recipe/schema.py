"""What a recipe may say: one model a stage kind, every unknown key refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, PrivateAttr, SerializeAsAny, model_validator

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.devices import AUTO
from adapterxlt.methods.defaults import default_epochs, default_lr
from adapterxlt.recipe.fields import (
    MAX_LENGTH,
    Device,
    Name,
    Precision,
    Sampling,
    Split,
    TrainingLanguages,
)
from adapterxlt.recipe.resources import Resources
from adapterxlt.recipe.strict import Strict
from adapterxlt.recipe.task_data import Part, TrainingTasks, parts_of
from adapterxlt.tasks.catalogue import Catalogue, catalogue
from adapterxlt.tasks.presets import preset_for

LARGE = 24  # layers of a large model


class Training(Strict):
    """How a stage trains; also the recipe's `training:` block of defaults for all its stages.

    None means: the default of the method (`models/defaults` names them and their source).
    """

    lr: float | None = Field(None, gt=0, description="peak learning rate")
    epochs: float | None = Field(
        None,
        gt=0,
        description="passes over the training inputs (a long one counts once a window); of several "
        "tasks, over all of them together, each counting min(n, sampling_cap) where that is used",
    )
    max_steps: int | None = Field(None, gt=0, description="optimizer steps; wins over epochs")
    batch_size: int = Field(32, gt=0, description="examples an optimizer step")
    token_budget: int = Field(
        4096,
        gt=0,
        description="padded tokens at most in one forward pass; larger batches are split",
    )
    max_length: int = Field(128, ge=8, le=MAX_LENGTH, description="subwords an input at most")
    doc_stride: int = Field(64, gt=0, description="overlap of long QA contexts, in subwords")
    warmup: float = Field(0.1, ge=0, lt=1, description="share of steps with rising learning rate")
    warmup_steps: int | None = Field(None, ge=0, description="wins over warmup")
    weight_decay: float = Field(0.0, ge=0, description="The weight decay of AdamW.")
    max_grad_norm: float = Field(
        1.0, gt=0, description="Gradients of a larger norm than this are scaled down to it."
    )
    cap: int | None = Field(None, gt=0, description="training examples at most (seeded sample)")
    seed: int | None = Field(None, ge=0, description="default: the recipe's seed")
    language: TrainingLanguages = Field(
        ["en"], description="language(s) of the training examples; several are mixed as tasks are"
    )
    split: Split = Field("train", description="split to train on")
    sampling: Sampling = Field(
        "proportional",
        description="of several tasks, how often each is drawn, n being its training inputs: "
        "proportional to n; capped: to min(n, sampling_cap); temperature: to "
        "min(n, sampling_cap)^(1/temperature); uniform: all alike",
    )
    sampling_cap: int | None = Field(None, gt=0, description="see sampling")
    temperature: float | None = Field(None, gt=0, description="see sampling")
    keep: Literal["last", "best"] = Field(
        "last",
        description="the weights of which epoch: the last, or the best on dev, where every task is "
        "scored after each epoch, in its language, by its main metric (several: their mean)",
    )
    dev_cap: int | None = Field(
        None, gt=0, description="with keep: best, dev examples of a task at most (the first ones)"
    )
    frozen_dropout: bool = Field(
        False, description="keep dropout inside the frozen backbone (adapters only)"
    )
    precision: Precision = Field(
        "fp32", description="of products; weights stay fp32. auto: bf16 on a GPU that has it"
    )
    devices: int = Field(
        1,
        ge=1,
        le=64,
        description="GPUs of one machine that share the inputs of every step (on a CPU: "
        "processes); the batch stays the same, results agree to rounding; changes no address",
    )
    checkpoint_every: int = Field(200, gt=0, description="steps between checkpoints")

    def resolved(self, method: str) -> Training:
        """With the method's learning rate and epochs (`fusion`: AdapterFusion's) where not given.

        `max_steps` wins over `epochs`.
        """
        epochs = None if self.max_steps else self.epochs or default_epochs(method)
        lr = default_lr(method) if self.lr is None else self.lr
        return self.model_copy(update={"lr": lr, "epochs": epochs})


class TrainingBlock(Training):
    """The settings as they are written: beside a preset, whose values they win over."""

    preset: str | None = Field(
        None, description="published settings of the task, see `adapterxlt list presets`"
    )

    @property
    def written(self) -> dict[str, object]:
        """The settings that are given, without the preset."""
        return {key: getattr(self, key) for key in self.model_fields_set - {"preset"}}


class Stage(Strict):
    """Base of what a stage may say; each kind of stage has a model of its own, see `kind.py`."""

    key: ClassVar[str] = ""  # the one that tells its kind, `train` for example

    resources: Resources | None = Field(
        None, description="what it needs of a machine: {gpus, cpus, memory}; changes no address"
    )


class TrainingStage(TrainingBlock, Stage):
    """Base of what a stage that trains may say; of several tasks every step is on one."""

    train: TrainingTasks = Field(
        description="The task to train on, or a list of tasks that are mixed: names, or mappings."
    )


class StoreSettings(Strict):
    """Where stages that others have trained may be: `{remotes: [s3://bucket/team]}`."""

    remotes: list[str] = Field(
        [],
        description="Addresses of stores that are asked for a stage before it is trained here.",
    )


class BackboneChoice(Strict):
    """A backbone by its name, or with what cannot be read from its files.

    `{name: intfloat/multilingual-e5-small, seen: [mnli, squad], prefix: "query: "}`
    """

    name: str = Field(
        min_length=1, description="A bundled name, an id of the Hugging Face Hub, or a folder."
    )
    seen: list[str] = Field(
        [],
        description="tasks whose training data its makers trained on; of a task that has none "
        "(translations), all of its data",
    )
    prefix: str = Field(
        "", max_length=200, description="put before each sentence in retrieval, as E5 wants it"
    )

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, value: object) -> object:
        return {"name": value} if isinstance(value, str) else value

    def told(self, backbone: Backbone) -> Backbone:
        """The backbone with what the recipe says of it."""
        return replace(backbone, seen=tuple(self.seen), prefix=self.prefix)


class Compare(Strict):
    """How results are compared; it changes no result."""

    baseline: str | None = Field(
        None,
        description="a model that others are compared with, wherever both are listed",
    )
    equivalence: float | None = Field(
        None, gt=0, description="points of the metric within which models count as equal"
    )


class Recipe(Strict):
    """A whole recipe, matrix expanded and `--set` applied."""

    name: Name = Field(description="The name of the recipe in results and reports.")
    description: str = Field("", description="One line for people, shown by `list recipes`.")
    backbone: BackboneChoice = Field(
        BackboneChoice(name="mini"),
        description="The pretrained encoder that every stage stands on: a name, or a mapping.",
    )
    data: list[str] = Field(
        default_factory=lambda: ["pocket"],
        min_length=1,
        description="Where data lie: folders beside the recipe or absolute ones, `pocket` "
        "(bundled), or `hub` (the Hugging Face Hub).",
    )
    tasks: list[str] = Field(
        [], description="entries of own tasks: YAML files, or folders of them, beside the recipe"
    )
    seed: int = Field(
        1, ge=0, description="The seed of every stage that does not name one of its own."
    )
    device: Device = Field(AUTO, description="where models compute; changes no address")
    training: TrainingBlock = Field(
        TrainingBlock(), description="Settings of all stages that train; those of a stage win."
    )
    store: StoreSettings = Field(
        StoreSettings(), description="Where stages that others have trained are looked for."
    )
    compare: Compare = Field(
        Compare(), description="How results are compared; it changes no result."
    )
    resources: Resources = Field(
        Resources(), description="what each stage needs of a machine; changes no address"
    )
    stages: dict[Name, SerializeAsAny[Stage]] = Field(
        description="What is computed: the stages by name; the leading key tells the kind of each."
    )

    _catalogue: Catalogue = PrivateAttr(default_factory=catalogue)
    _layers: int | None = PrivateAttr(None)

    @property
    def catalogue(self) -> Catalogue:
        """The tasks that it can name: the built-in ones and the user's."""
        return self._catalogue

    @property
    def layers(self) -> int | None:
        """Layers of its backbone; None as long as they are not known."""
        return self._layers

    def knowing(self, tasks: Catalogue) -> Recipe:
        """The same recipe with another catalogue."""
        known = self.model_copy()
        known._catalogue = tasks
        return known

    def on(self, layers: int) -> Recipe:
        """The same recipe for a backbone of so many layers: presets tell large ones apart."""
        known = self.model_copy()
        known._layers = layers
        return known

    def training_of(self, name: str) -> Training:
        """The training settings of a stage that trains, the recipe's defaults filled in."""
        stage: object = self.stages[name]
        if not isinstance(stage, TrainingBlock):
            raise TypeError(f"stage `{name}` does not train")
        # What is not trained on a task has no preset.
        tasks = [data.task for data in stage.train] if isinstance(stage, TrainingStage) else []
        large = self._layers is not None and self._layers >= LARGE
        merged: dict[str, object] = {}
        published: set[str] = set()  # what of it a preset gave
        for block in (self.training, stage):
            preset = preset_for(block.preset, tasks, self.catalogue, large=large)
            for layer in (preset, block.written):
                for soft, hard in (("warmup", "warmup_steps"), ("epochs", "max_steps")):
                    if soft in layer and (layer is preset or hard in published):
                        merged.pop(hard, None)  # it would win, though it was said before
                merged |= {key: layer[key] for key in layer if key in Training.model_fields}
                published = published - layer.keys() | (layer.keys() if layer is preset else set())
        if merged.get("seed") is None:
            merged["seed"] = self.seed
        return Training.model_validate(merged)

    def resources_of(self, name: str) -> Resources:
        """What a stage needs of a machine."""
        stage = self.stages[name]
        own = stage.resources
        found = self.resources if own is None else own.over(self.resources)
        devices = self.training_of(name).devices if isinstance(stage, TrainingStage) else 1
        if devices > 1 and found.gpus is None and self.device != "cpu":
            found = found.model_copy(update={"gpus": devices})
        return found

    def parts_of(self, name: str, roots: Sequence[Path] | None = None) -> tuple[Part, ...]:
        """What a stage that trains does so on: each task in each of its languages.

        Args:
            roots: data folders, see `task_data.parts_of`.
        """
        return tuple(part for item in self.parts_by_item(name, roots) for part in item)

    def parts_by_item(self, name: str, roots: Sequence[Path] | None = None) -> list[list[Part]]:
        """The same, those of each item of `train` by themselves."""
        stage, settings = self._training_stage(name), self.training_of(name)
        return [
            parts_of(
                data,
                self.catalogue,
                languages=settings.language,
                split=settings.split,
                cap=settings.cap,
                max_length=settings.max_length,
                roots=roots,
            )
            for data in stage.train
        ]

    def _training_stage(self, name: str) -> TrainingStage:
        stage = self.stages[name]
        if not isinstance(stage, TrainingStage):
            raise TypeError(f"stage `{name}` does not train")
        return stage
