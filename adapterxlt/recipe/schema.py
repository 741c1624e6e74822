"""The keys of a recipe: one model per kind of stage; unknown keys are refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field, PrivateAttr, SerializeAsAny, model_validator

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.devices import AUTO
from adapterxlt.methods.defaults import default_epochs, default_lr
from adapterxlt.recipe.fields import (
    MAX_LENGTH,
    MAX_SEED,
    Device,
    Name,
    Place,
    Precision,
    Sampling,
    Split,
    TrainingLanguages,
    mapping_of,
)
from adapterxlt.recipe.resources import Resources
from adapterxlt.recipe.strict import Strict
from adapterxlt.recipe.task_data import Part, TrainingTasks, parts_of
from adapterxlt.tasks.catalogue import Catalogue, catalogue
from adapterxlt.tasks.presets import preset_for

LARGE = 24  # layers of a large model


class Training(Strict):
    """Training settings of a stage, or defaults for all stages in the recipe's `training:` block.

    None stands for the default of the method; `methods/defaults` lists them with their source.
    """

    lr: float | None = Field(None, gt=0, description="Peak learning rate.")
    epochs: float | None = Field(
        None,
        gt=0,
        description="Number of passes over the training inputs; each window of a long input "
        "counts. With several tasks, an epoch draws as many inputs as its tasks "
        "contribute in total; with sampling_cap, a task with n inputs contributes "
        "min(n, sampling_cap).",
    )
    max_steps: int | None = Field(
        None, gt=0, description="Number of optimizer steps; overrides epochs."
    )
    batch_size: int = Field(32, gt=0, description="Examples per optimizer step.")
    token_budget: int = Field(
        4096,
        gt=0,
        description="Maximum number of tokens, including padding, in one forward pass; larger "
        "batches are split.",
    )
    max_length: int = Field(
        128, ge=8, le=MAX_LENGTH, description="Maximum length of an input, in subwords."
    )
    doc_stride: int = Field(
        64, gt=0, description="Overlap of the windows of long QA contexts, in subwords."
    )
    warmup: float = Field(
        0.1, ge=0, lt=1, description="Share of the steps in which the learning rate rises."
    )
    warmup_steps: int | None = Field(
        None,
        ge=0,
        description="Number of steps in which the learning rate rises; overrides warmup.",
    )
    weight_decay: float = Field(0.0, ge=0, description="Weight decay of AdamW.")
    max_grad_norm: float = Field(
        1.0, gt=0, description="Maximum norm of the gradients; larger gradients are scaled down."
    )
    cap: int | None = Field(
        None,
        gt=0,
        description="Maximum number of training examples; they are sampled with the seed.",
    )
    seed: int | None = Field(
        None, ge=0, le=MAX_SEED, description="Seed of the stage; default: the recipe's seed."
    )
    language: TrainingLanguages = Field(
        ["en"],
        description="Language or languages of the training examples; several are mixed in the "
        "same way as tasks.",
    )
    split: Split = Field("train", description="Split to train on.")
    sampling: Sampling = Field(
        "proportional",
        description="How often each of several tasks is drawn, where n is the number of its "
        "training inputs. `proportional`: in proportion to n; `capped`: to min(n, "
        "sampling_cap); `temperature`: to min(n, sampling_cap)^(1/temperature); "
        "`uniform`: equally often.",
    )
    sampling_cap: int | None = Field(
        None, gt=0, description="Parameter of `sampling`, which describes it."
    )
    temperature: float | None = Field(
        None, gt=0, description="Parameter of `sampling`, which describes it."
    )
    keep: Literal["last", "best"] = Field(
        "last",
        description="Which epoch's weights to keep: those of the last epoch, or of the best "
        "epoch on dev. After each epoch every task is scored on its dev split by its "
        "main metric; the scores of several tasks are averaged.",
    )
    dev_cap: int | None = Field(
        None,
        gt=0,
        description="With `keep: best`, maximum number of dev examples per task (the first ones).",
    )
    frozen_dropout: bool = Field(
        False, description="Keep dropout inside the frozen backbone (adapters only)."
    )
    precision: Precision = Field(
        "fp32",
        description="Precision of matrix products; weights stay fp32. `auto` means bf16 on GPUs "
        "that support it, else fp32; `fp16` needs a CUDA GPU.",
    )
    devices: int = Field(
        1,
        ge=1,
        le=64,
        description="Number of GPUs (on a CPU: processes) of one machine that share the inputs "
        "of every step. The batch stays the same and results agree up to rounding; "
        "does not affect fingerprints.",
    )
    checkpoint_every: int = Field(200, gt=0, description="Number of steps between checkpoints.")

    def resolved(self, method: str) -> Training:
        """Return the settings with the method's learning rate and epochs filled in.

        The method `fusion` stands for AdapterFusion. `max_steps` takes precedence over `epochs`.
        """
        epochs = None if self.max_steps else self.epochs or default_epochs(method)
        lr = default_lr(method) if self.lr is None else self.lr
        return self.model_copy(update={"lr": lr, "epochs": epochs})


class TrainingBlock(Training):
    """The settings as the recipe writes them; they override the values of its preset."""

    preset: str | None = Field(
        None, description="Published settings for the task; see `adapterxlt list presets`."
    )

    @property
    def written(self) -> dict[str, object]:
        """The settings that are given, without the preset."""
        return {key: getattr(self, key) for key in self.model_fields_set - {"preset"}}


class Stage(Strict):
    """Base of the keys of a stage; each kind of stage has its own model, see `kind.py`."""

    key: ClassVar[str] = ""  # the one that tells its kind, `train` for example

    resources: Resources | None = Field(
        None,
        description="What the stage needs from a machine: {gpus, cpus, memory}; does not affect "
        "fingerprints.",
    )


class TrainingStage(TrainingBlock, Stage):
    """Base of the keys of a stage that trains; each training step uses one of its tasks."""

    train: TrainingTasks = Field(
        description="Task to train on, or a list of tasks to mix, each as a name or a mapping."
    )


class Remote(Strict):
    """A remote store, given by its address, or as `{url: s3://bucket/team, write: true}`."""

    url: Place = Field(description="Address of the store.")
    write: bool = Field(
        False,
        description="Also put every finished stage there (a folder, s3:// or sftp://), so that "
        "workers need no disk that they share.",
    )

    @model_validator(mode="before")
    @classmethod
    def _by_url(cls, value: object) -> object:
        return mapping_of(value, "url", "an address")


class StoreSettings(Strict):
    """Where to look for stages that others have trained: `{remotes: [s3://bucket/team]}`."""

    remotes: list[Remote] = Field(
        [],
        description="Remote stores where stages are searched before they are trained: addresses, "
        "or mappings.",
    )

    @model_validator(mode="after")
    def _one_to_write(self) -> Self:
        if sum(remote.write for remote in self.remotes) > 1:
            raise ValueError("only one of the remotes can have `write: true`")
        return self


class BackboneChoice(Strict):
    """A backbone, given by its name, or with facts that its files do not state.

    `{name: intfloat/multilingual-e5-small, seen: [mnli, squad], prefix: "query: "}`
    """

    name: Place = Field(description="A bundled name, an id of the Hugging Face Hub, or a folder.")
    seen: list[str] = Field(
        [],
        description="Tasks on which the backbone was already trained by its makers, so that the "
        "contamination check counts their training data as seen (for a task without "
        "training data, all of its data).",
    )
    prefix: str = Field(
        "",
        max_length=200,
        description="Text to put before each sentence in retrieval, as E5 needs it.",
    )

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, value: object) -> object:
        return mapping_of(value, "name", "a name")

    def told(self, backbone: Backbone) -> Backbone:
        """The backbone with the facts that the recipe adds."""
        return replace(backbone, seen=tuple(self.seen), prefix=self.prefix)


class Compare(Strict):
    """How results are compared; these settings do not change any result."""

    baseline: str | None = Field(
        None,
        description="Model that the other models are compared with, wherever both are listed.",
    )
    equivalence: float | None = Field(
        None,
        gt=0,
        description="Difference, in points of the metric, within which models count as equal.",
    )


class Recipe(Strict):
    """A whole recipe, with its matrix expanded and `--set` applied."""

    name: Name = Field(description="Name of the recipe in results and reports.")
    description: str = Field(
        "", description="One-line description, shown by `adapterxlt list recipes`."
    )
    backbone: BackboneChoice = Field(
        BackboneChoice(name="mini"),
        description="Pretrained encoder of all stages: a name, or a mapping.",
    )
    data: list[Place] = Field(
        default_factory=lambda: ["pocket"],
        min_length=1,
        description="Where the data are: folders (relative to the recipe, or absolute), `pocket` "
        "(bundled) or `hub` (the Hugging Face Hub).",
    )
    tasks: list[Place] = Field(
        [],
        description="Entries that describe your own tasks: YAML files, or folders of them; paths "
        "are relative to the recipe.",
    )
    seed: int = Field(
        1, ge=0, le=MAX_SEED, description="Seed of all stages that do not set their own."
    )
    device: Device = Field(
        AUTO, description="Device that models run on; does not affect fingerprints."
    )
    training: TrainingBlock = Field(
        TrainingBlock(),
        description="Defaults for all stages that train; a stage can override them.",
    )
    store: StoreSettings = Field(
        StoreSettings(), description="Where to look for stages that others have trained."
    )
    compare: Compare = Field(
        Compare(), description="How results are compared; does not change any result."
    )
    resources: Resources = Field(
        Resources(),
        description="What each stage needs from a machine; does not affect fingerprints.",
    )
    stages: dict[Name, SerializeAsAny[Stage]] = Field(
        description="Stages of the recipe by name; one of the keys of a stage names its kind, "
        "such as `train`."
    )

    _catalogue: Catalogue = PrivateAttr(default_factory=catalogue)
    _layers: int | None = PrivateAttr(None)

    @property
    def catalogue(self) -> Catalogue:
        """The tasks that the recipe can name: built-in ones and the user's own."""
        return self._catalogue

    @property
    def layers(self) -> int | None:
        """Number of layers of the backbone; None until it is known."""
        return self._layers

    def knowing(self, tasks: Catalogue) -> Recipe:
        """The same recipe with another catalogue."""
        known = self.model_copy()
        known._catalogue = tasks
        return known

    def on(self, layers: int) -> Recipe:
        """Return the recipe for a backbone with this many layers; some presets depend on it."""
        known = self.model_copy()
        known._layers = layers
        return known

    def training_of(self, name: str) -> Training:
        """The training settings of a stage that trains, the recipe's defaults filled in."""
        stage: object = self.stages[name]
        if not isinstance(stage, TrainingBlock):
            raise TypeError(f"stage `{name}` does not train")
        # Presets are for tasks.
        tasks = [data.task for data in stage.train] if isinstance(stage, TrainingStage) else []
        large = self._layers is not None and self._layers >= LARGE
        merged: dict[str, object] = {}
        published: set[str] = set()  # what of it a preset gave
        for block in (self.training, stage):
            preset = preset_for(block.preset, tasks, self.catalogue, large=large)
            for layer in (preset, block.written):
                for soft, hard in (("warmup", "warmup_steps"), ("epochs", "max_steps")):
                    if soft in layer and (layer is preset or hard in published):
                        merged.pop(hard, None)  # otherwise it would win over the keys of the stage
                merged |= {key: layer[key] for key in layer if key in Training.model_fields}
                published = published - layer.keys() | (layer.keys() if layer is preset else set())
        if merged.get("seed") is None:
            merged["seed"] = self.seed
        return Training.model_validate(merged)

    def resources_of(self, name: str) -> Resources:
        """The resources that a stage needs."""
        stage = self.stages[name]
        own = stage.resources
        found = self.resources if own is None else own.over(self.resources)
        devices = self.training_of(name).devices if isinstance(stage, TrainingStage) else 1
        if devices > 1 and found.gpus is None and self.device != "cpu":
            found = found.model_copy(update={"gpus": devices})
        return found

    def parts_of(self, name: str, roots: Sequence[Path] | None = None) -> tuple[Part, ...]:
        """The training data of a stage: each task in each of its languages.

        Args:
            roots: data folders, see `task_data.parts_of`.
        """
        return tuple(part for item in self.parts_by_item(name, roots) for part in item)

    def parts_by_item(self, name: str, roots: Sequence[Path] | None = None) -> list[list[Part]]:
        """The same, separately for each item of `train`."""
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
