"""What a recipe may say: one model a stage kind, every unknown key refused."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

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


class Strict(BaseModel):
    """Base of all recipe models: immutable, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Training(Strict):
    """How a stage trains; also the recipe's `training:` block of defaults for all its stages.

    None means: the default of the method (`models/defaults` names them and their source).
    """

    lr: float | None = Field(None, gt=0, description="peak learning rate")
    epochs: float | None = Field(None, gt=0, description="passes over the training examples")
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
    weight_decay: float = Field(0.0, ge=0)
    max_grad_norm: float = Field(1.0, gt=0)
    cap: int | None = Field(None, gt=0, description="training examples at most (seeded sample)")
    seed: int | None = Field(None, ge=0, description="default: the recipe's seed")
    language: str = Field("en", description="language of the training examples")
    split: Literal["train", "dev", "test"] = Field("train", description="split to train on")
    frozen_dropout: bool = Field(
        False, description="keep dropout inside the frozen backbone (adapters only)"
    )
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    checkpoint_every: int = Field(200, gt=0, description="steps between checkpoints")


class TrainStage(Training):
    """Train a task: `{train: mnli, method: seq_bn}`, optionally on top of another stage."""

    train: str
    method: str = "seq_bn"
    after: str | None = Field(None, description="go on from this stage's weights")
    stack_on: str | None = Field(None, description="this stage frozen below, a new adapter on top")


class FuseStage(Training):
    """AdapterFusion of trained adapters, learnt on a task: `{fuse: [nli, qa], train: udpos}`."""

    fuse: list[str] = Field(min_length=2)
    train: str
    fusion: Literal["dynamic", "static"] = "dynamic"


class MergeStage(Strict):
    """Weighted average of adapters of one config: `{merge: [nli, qa], weights: [0.5, 0.5]}`.

    Weights are used as given (they need not sum to one: task arithmetic); default: equal shares.
    """

    merge: list[str] = Field(min_length=2)
    weights: list[float] | None = None


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


class RetrieveStage(Strict):
    """Sentence retrieval or mining: `{retrieve: [nli, none], on: tatoeba, layers: all}`.

    `none` is the bare backbone.
    """

    retrieve: list[str] = Field(min_length=1)
    on: list[str] = Field(min_length=1)
    layers: Layers = "all"
    languages: Languages = "all"
    protocol: str = Field("xtreme-2020", description="see `adapterxlt list presets`")
    baseline: str | None = Field(None, description="default: `none` if listed, else the first")
    max_length: int = Field(512, ge=8, le=8192)
    token_budget: int = Field(16384, gt=0)


class PretrainStage(Strict):
    """Build a small backbone from public text: `{pretrain: {...}}` (see `build-mini.yaml`)."""

    pretrain: dict[str, object]


Stage = TrainStage | FuseStage | MergeStage | EvaluateStage | RetrieveStage | PretrainStage

# The key that tells what a stage is. `fuse` also has `train`, so order matters.
STAGE_KEYS: dict[str, type[Stage]] = {
    "fuse": FuseStage,
    "merge": MergeStage,
    "evaluate": EvaluateStage,
    "retrieve": RetrieveStage,
    "pretrain": PretrainStage,
    "train": TrainStage,
}


class Recipe(Strict):
    """A whole recipe, matrix expanded and `--set` applied."""

    name: Name
    description: str = ""
    backbone: str = "mini"
    data: list[str] = Field(default_factory=lambda: ["pocket"], min_length=1)
    seed: int = Field(1, ge=0)
    training: Training = Training()
    stages: dict[Name, Stage]

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
