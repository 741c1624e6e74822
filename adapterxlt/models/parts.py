"""Has what building and loading models share: names, descriptions, adapters from files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import AdapterXLTError, InvalidArtifactError
from adapterxlt.methods.parser import parse_method
from adapterxlt.methods.traits import to_adapters_string
from adapterxlt.models import tensors
from adapterxlt.models.clock import Clock
from adapterxlt.models.head_classes import AdapterModel
from adapterxlt.models.heads import hide_prompt
from adapterxlt.models.padding import ignore_padding
from adapterxlt.models.segments import mark_segments
from adapterxlt.models.setup import to_block
from adapterxlt.models.spec import (
    ADAPTER_FILE,
    FUSION_FOLDER,
    HeadSpec,
    ModelSpec,
    Setup,
    backbone_spec,
    read_spec,
    setup_fusions,
    setup_names,
)
from adapterxlt.token_budget import is_out_of_memory

FUSION_FILE = "model_adapter_fusion.safetensors"
HEAD_FILE = "model_head.safetensors"


@dataclass
class Built:
    """A model ready to train or to use.

    Args:
        model: the encoder with its adapters composed and active, and the head active.
        tokenizer: knows the longest input (`model_max_length`).
        backbone: the backbone of the model.
        spec: what it consists of; None for the bare backbone.
        prefix: text put before each sentence whose vector is wanted.
        masks: for tensors that are trained only in part, the elements that are trained, by name.
        members: names of the adapters that are trained further together with their fusion.
        spoken: for training in several languages, the setup of each language that has another
            language adapter than the one in `spec`.
        precision: type of its products when it is not being trained: fp32, bf16 or fp16.
        clock: measures the time in which it makes vectors; None: nothing does.
    """

    model: AdapterModel
    tokenizer: PreTrainedTokenizerBase
    backbone: Backbone
    spec: ModelSpec | None
    prefix: str = field(default="", kw_only=True)
    masks: Mapping[str, Tensor] = field(default_factory=dict, kw_only=True)
    members: Sequence[str] = field(default=(), kw_only=True)
    spoken: Mapping[str, Setup] = field(default_factory=dict, kw_only=True)
    precision: str = field(default="fp32", kw_only=True)
    clock: Clock | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        self.prefix = self.prefix or self.backbone.prefix
        if self.backbone.architecture.segments:
            mark_segments(self.model, self.tokenizer)

    @property
    def head(self) -> HeadSpec | None:
        """The head that is active after loading, if any."""
        return self.spec.head if self.spec else None

    def move(self, device: torch.device) -> None:
        """Move the model to a device.

        Raises:
            AdapterXLTError: the device has too little memory for it.
        """
        try:
            self.model.to(device)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            raise AdapterXLTError(
                f"`{device}` has too little memory for the model",
                hint="choose another one with --device, or wait until other programs have ended",
            ) from error

    @contextmanager
    def inference(self) -> Iterator[None]:
        """Run passes through the model without gradients and in its precision while this lasts."""
        kind = self.model.device.type
        dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(self.precision)
        with torch.inference_mode(), torch.autocast(kind, dtype, enabled=dtype is not None):
            yield

    def speak(self, language: str) -> None:
        """Put the adapter of a language below what is trained, if training has several languages.

        A language without an entry gets the adapter with which the model was built.
        """
        if self.spoken and self.spec is not None and self.spec.setup is not None:
            head = self.model.active_head  # setting the adapters may change it
            setup = self.spoken.get(language, self.spec.setup)
            self.model.set_active_adapters(to_block(setup))
            self.model.active_head = head

    def use_head(self, task: str) -> None:
        """Make the head of a task the active one.

        Raises:
            ValueError: the model does not have a head for that task.
        """
        spec = self.spec
        for head in spec.heads if spec else ():
            if head.task == task and spec:
                self.model.active_head = spec.head_name(head)
                return
        raise ValueError(f"`{spec.name if spec else 'the bare backbone'}` has no head of `{task}`")


def check_name(name: str) -> None:
    """Refuse names that `adapters` would trip over.

    It keeps adapters in `nn.ModuleDict`s, which have attributes such as `to` and `type`.
    """
    if not name.replace("_", "a").isalnum() or name != name.lower() or not name.isascii():
        raise AdapterXLTError(f"`{name}` is not an adapter name; use a-z, 0-9 and _")
    if hasattr(nn.ModuleDict, name):
        raise AdapterXLTError(
            f"`{name}` cannot be the name of an adapter, because torch uses this name"
        )


def read_for(backbone: Backbone, artifact: Path) -> ModelSpec:
    """Read an artifact's description and check that it belongs to this backbone.

    Raises:
        InvalidArtifactError: the artifact is damaged, or was trained on another backbone.
    """
    spec = read_spec(artifact)
    theirs, ours = spec.backbone, backbone_spec(backbone)
    if (theirs.hash, theirs.hidden_size, theirs.layers) != (
        ours.hash,
        ours.hidden_size,
        ours.layers,
    ):
        raise InvalidArtifactError(
            f"`{artifact}` was trained on backbone `{theirs.name}` ({theirs.layers} layers, width "
            f"{theirs.hidden_size}, content {theirs.hash[:12]}), not on `{ours.name}` "
            f"({ours.layers} layers, width {ours.hidden_size}, content {ours.hash[:12]})"
        )
    for adapter in spec.adapters:
        check_name(adapter.name)
        try:
            parse_method(adapter.method)
        except ValueError as error:
            raise InvalidArtifactError(f"`{artifact}`: {error}") from None
    return spec


def new_adapter(model: AdapterModel, name: str, method: str, where: str) -> None:
    """Add an adapter of a method as recipes write it.

    Raises:
        AdapterXLTError: the library cannot build the adapter on this backbone.
    """
    try:
        layers = model.config.num_hidden_layers
        model.add_adapter(name, config=to_adapters_string(parse_method(method), layers))
    except (ValueError, TypeError, AssertionError, NotImplementedError, KeyError) as error:
        raise AdapterXLTError(
            f"{where}: method `{method}` cannot be built on this backbone: "
            f"{error or type(error).__name__}"
        ) from error


def add_saved(model: AdapterModel, spec: ModelSpec, artifact: Path, setup: Setup) -> None:
    """Add the adapters and fusions of `setup`, which is a part of the artifact's setup."""
    methods = methods_of(spec)
    for name in setup_names(setup):
        new_adapter(model, name, methods[name], f"`{artifact}`")
        file = adapter_file(spec, artifact, name)
        target = tensors.select(model, tensors.of_adapter(name))
        tensors.assign(target, tensors.read(file), str(file))
    for fuse in setup_fusions(setup):
        model.add_adapter_fusion(list(fuse.fuse), config=spec.fusion)
        file = artifact / FUSION_FOLDER / FUSION_FILE
        target = tensors.select(model, tensors.of_fusion())
        tensors.assign(target, tensors.read(file), str(file))


def adapter_file(spec: ModelSpec, artifact: Path, name: str) -> Path:
    folder = next(adapter.folder for adapter in spec.adapters if adapter.name == name)
    return artifact / folder / ADAPTER_FILE


def methods_of(spec: ModelSpec | None) -> dict[str, str]:
    return {adapter.name: adapter.method for adapter in spec.adapters} if spec else {}


def hide_prompt_of(model: AdapterModel, spec: ModelSpec) -> None:
    """Cut outputs back to the input's own tokens if there are prompts, and ignore padding."""
    if spec.setup is not None:
        lowest = next(setup_names(spec.setup))
        hide_prompt(model, lowest)
        ignore_padding(model)
