"""What a recipe may say: one model a stage kind, every unknown key refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    model_validator,
)

from adapterxlt.backbones import Backbone
from adapterxlt.devices import AUTO, KNOWN, is_device
from adapterxlt.errors import UsageError
from adapterxlt.methods.defaults import default_epochs, default_lr
from adapterxlt.tasks.catalogue import Catalogue, catalogue, language_in, source_of

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80)]
All = Literal["all"]


def _all(value: object) -> object:
    """`[all]` means `all` (a matrix may have put it there)."""
    return "all" if value == ["all"] else value


Languages = Annotated[
    All | Annotated[list[str], Field(min_length=1)],
    BeforeValidator(_all),
]
Layers = Annotated[
    All | Annotated[list[int], Field(min_length=1)],
    BeforeValidator(_all),
]
Poolings = Annotated[
    All | Annotated[list[str], Field(min_length=1)],
    BeforeValidator(_all),
]


def _languages(value: object) -> object:
    if isinstance(value, (str, list)):
        return [value] if isinstance(value, str) else value
    raise ValueError("must be a language or a list of languages")


def _tasks(value: object) -> object:
    """A task, or a list of tasks, each by its name or as a mapping."""
    if isinstance(value, (str, dict)):
        value = [value]
    if not isinstance(value, list):
        raise ValueError("must be a task or a list of tasks")
    return [{"task": item} if isinstance(item, str) else item for item in value]


def _device(value: str) -> str:
    if not is_device(value):
        raise ValueError(f"must be {KNOWN}")
    return value


Device = Annotated[str, AfterValidator(_device)]
TrainingLanguages = Annotated[list[str], BeforeValidator(_languages), Field(min_length=1)]
Split = Literal["train", "dev", "test"]
Sampling = Literal["proportional", "capped", "temperature", "uniform"]


class Strict(BaseModel):
    """Base of all recipe models: immutable, no unknown keys."""

    # A number that is none, or without an end, is compared with nothing: no setting means that.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


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
    max_length: int = Field(128, ge=8, le=8192, description="subwords an input at most")
    doc_stride: int = Field(64, gt=0, description="overlap of long QA contexts, in subwords")
    warmup: float = Field(0.1, ge=0, lt=1, description="share of steps with rising learning rate")
    warmup_steps: int | None = Field(None, ge=0, description="wins over warmup")
    weight_decay: float = Field(0.0, ge=0)
    max_grad_norm: float = Field(1.0, gt=0)
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
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    checkpoint_every: int = Field(200, gt=0, description="steps between checkpoints")

    def resolved(self, method: str) -> Training:
        """With the method's learning rate and epochs (`fusion`: AdapterFusion's) where not given.

        `max_steps` wins over `epochs`.
        """
        epochs = None if self.max_steps else self.epochs or default_epochs(method)
        lr = default_lr(method) if self.lr is None else self.lr
        return self.model_copy(update={"lr": lr, "epochs": epochs})


class TaskData(Strict):
    """One of several tasks that a stage trains on: `{task: squad, split: dev, cap: 1000}`.

    None means: as the stage says.
    """

    task: str
    language: TrainingLanguages | None = None
    split: Split | None = None
    cap: int | None = Field(None, gt=0, description="training examples at most")
    max_length: int | None = Field(None, ge=8, le=8192, description="subwords an input at most")


TrainingTasks = Annotated[list[TaskData], BeforeValidator(_tasks), Field(min_length=1)]


@dataclass(frozen=True)
class Part:
    """One task in one language that a stage trains on, every default resolved."""

    task: str
    language: str
    split: Split
    cap: int | None
    max_length: int


class TrainStage(Training):
    """Train a task: `{train: mnli, method: seq_bn}`, optionally on top of another stage.

    Of several tasks (`train: [mnli, squad]`) every step is on one, with a head of its own.
    """

    train: TrainingTasks
    method: str = "seq_bn"
    after: str | None = Field(None, description="go on from this stage's weights")
    stack_on: str | None = Field(None, description="this stage frozen below, a new adapter on top")


class FuseStage(Training):
    """AdapterFusion of trained adapters, learnt on a task: `{fuse: [nli, qa], train: udpos}`."""

    fuse: list[str] = Field(min_length=2)
    train: TrainingTasks
    fusion: Literal["dynamic", "static"] = "dynamic"


class MergeStage(Strict):
    """The weighted sum of what models do: `{merge: [nli, qa], weights: [0.5, 0.5]}`.

    Adapters of one configuration (ranks and alphas of LoRAs may differ), or full fine-tunes. What
    a LoRA, an (IA)3, a ReFT or a full fine-tune does is weighed exactly; bottlenecks, prefixes and
    prompts are not linear, so their weights are. Weights are used as given (they need not sum to
    one: task arithmetic); default: equal shares. Heads with the same labels are averaged by the
    same weights, relative to their sum.
    """

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


class UseStage(Strict):
    """Something trained elsewhere, as a stage: `{use: shared/nli.axlt}`.

    An artifact's folder or file, `WORKDIR:STAGE`, the URL of one in a remote store, or a folder
    that another library wrote. Paths are relative to the recipe.
    """

    use: str
    backbone_override: bool = Field(
        False, description="make an adapter of another backbone fit to this one; recorded"
    )
    task: str | None = Field(
        None, description="what the head predicts; of a folder that another library wrote"
    )
    labels: list[str] | None = Field(
        None, min_length=1, description="what that head's outputs are called, in their order"
    )


class EvaluateStage(Strict):
    """Score trained stages zero-shot: `{evaluate: [direct, after_nli], on: udpos}`."""

    evaluate: list[str] = Field(min_length=1)
    on: list[str] = Field(min_length=1)
    languages: Languages = "all"
    split: Literal["dev", "test"] = "dev"
    baseline: str | None = Field(None, description="default: `direct` if listed, else the first")
    cap: int | None = Field(None, gt=0, description="examples a language at most (the first ones)")
    max_length: int | None = Field(None, ge=8, le=8192, description="default: as in training")
    token_budget: int = Field(8192, gt=0)
    predictions: Literal["xtreme", "xglue", "squad"] | None = Field(
        None, description="write prediction files for this benchmark; needs no labels"
    )


class RetrieveStage(Strict):
    """Sentence retrieval or mining: `{retrieve: [nli, none], on: tatoeba, layers: all}`.

    `none` is the bare backbone.
    """

    retrieve: list[str] = Field(min_length=1)
    on: list[str] = Field(min_length=1)
    layers: Layers = "all"
    pooling: Poolings | None = Field(
        None,
        description="how sentence vectors are pooled: mean, mean-no-special, cls, max, several of "
        "them to choose among, or all; default: as the protocol has it",
    )
    languages: Languages = "all"
    protocol: str = Field("xtreme-2020", description="see `adapterxlt list presets`")
    baseline: str | None = Field(None, description="default: `none` if listed, else the first")
    max_length: int = Field(512, ge=8, le=8192)
    token_budget: int = Field(16384, gt=0)
    predictions: Literal["xtreme"] | None = Field(
        None, description="write prediction files: of the one layer listed, or the protocol's own"
    )


Stage = TrainStage | FuseStage | MergeStage | UseStage | EvaluateStage | RetrieveStage

# The key that tells what a stage is. `fuse` also has `train`, so order matters.
STAGE_KEYS: dict[str, type[Stage]] = {
    "fuse": FuseStage,
    "merge": MergeStage,
    "use": UseStage,
    "evaluate": EvaluateStage,
    "retrieve": RetrieveStage,
    "train": TrainStage,
}


class StoreSettings(Strict):
    """Where stages that others have trained may be: `{remotes: [s3://bucket/team]}`."""

    remotes: list[str] = []


class BackboneChoice(Strict):
    """A backbone by its name, or with what cannot be read from its files.

    `{name: intfloat/multilingual-e5-small, seen: [mnli, squad], prefix: "query: "}`
    """

    name: str = Field(min_length=1)
    seen: list[str] = Field([], description="tasks whose training data its makers trained on")
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


class Recipe(Strict):
    """A whole recipe, matrix expanded and `--set` applied."""

    name: Name
    description: str = ""
    backbone: BackboneChoice = BackboneChoice(name="mini")
    data: list[str] = Field(default_factory=lambda: ["pocket"], min_length=1)
    tasks: list[str] = Field(
        [], description="entries of own tasks: YAML files, or folders of them, beside the recipe"
    )
    seed: int = Field(1, ge=0)
    device: Device = Field(AUTO, description="where models compute; changes no address")
    training: Training = Training()
    store: StoreSettings = StoreSettings()
    stages: dict[Name, Stage]

    _catalogue: Catalogue = PrivateAttr(default_factory=catalogue)

    @property
    def catalogue(self) -> Catalogue:
        """The tasks that it can name: the built-in ones and the user's."""
        return self._catalogue

    def knowing(self, tasks: Catalogue) -> Recipe:
        """The same recipe with another catalogue."""
        known = self.model_copy()
        known._catalogue = tasks
        return known

    def training_of(self, name: str) -> Training:
        """The training settings of a train or fuse stage, the recipe's defaults filled in."""
        stage = self.stages[name]
        if not isinstance(stage, Training):
            raise TypeError(f"stage `{name}` does not train")
        merged = {
            field: getattr(stage if field in stage.model_fields_set else self.training, field)
            for field in Training.model_fields
        }
        if merged["seed"] is None:
            merged["seed"] = self.seed
        return Training(**merged)

    def parts_of(self, name: str) -> tuple[Part, ...]:
        """What a train or fuse stage trains on: each task in each of its languages."""
        stage, settings = self.stages[name], self.training_of(name)
        assert isinstance(stage, (TrainStage, FuseStage))
        return tuple(
            Part(
                task=data.task,
                language=self._called(data.task, language, data.split or settings.split),
                split=data.split or settings.split,
                cap=data.cap or settings.cap,
                max_length=data.max_length or settings.max_length,
            )
            for data in stage.train
            for language in data.language or settings.language
        )

    def _called(self, task: str, language: str, split: str) -> str:
        """What the files of a task's split call a language."""
        try:
            return language_in(source_of(self.catalogue[task], split), language)
        except (KeyError, UsageError):  # the checks tell
            return language
