"""The description of a trained artifact: the `model.json` in its folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    field_validator,
    model_serializer,
    model_validator,
)

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import InvalidArtifactError, UsageError
from adapterxlt.kinds.registry import get_kind

SPEC_FILE = "model.json"
ADAPTER_FILE = "adapter.safetensors"
WEIGHTS_FILE = "model.safetensors"  # the weights of a full fine-tune
DIFFERENCE_FILE = "model_difference.safetensors"  # stored as a difference
REFERENCE_FILE = "reference.safetensors"
ADAPTERS_FOLDER = "adapters"
FUSION_FOLDER = "fusion"
HEAD_FOLDER = "head"
HEADS_FOLDER = "heads"
MAX_MEMBERS = 32  # in a stack or a fusion

# `adapters` keeps adapters in module dictionaries and separates names by `.` and `,`.
AdapterName = Annotated[str, Field(pattern=r"^[a-z0-9_]+$", max_length=100)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StackSetup(_Strict):
    """Adapters on top of each other, the lowest first."""

    stack: tuple[Setup, ...] = Field(min_length=2, max_length=MAX_MEMBERS)


class FuseSetup(_Strict):
    """Adapters side by side, mixed by AdapterFusion."""

    fuse: tuple[AdapterName, ...] = Field(min_length=2, max_length=MAX_MEMBERS)


Setup = AdapterName | StackSetup | FuseSetup
StackSetup.model_rebuild()


def setup_names(setup: Setup) -> Iterator[str]:
    """Yield the names of all adapters of a setup, in order."""
    if isinstance(setup, str):
        yield setup
    elif isinstance(setup, FuseSetup):
        yield from setup.fuse
    else:
        for part in setup.stack:
            yield from setup_names(part)


def tower(setup: Setup) -> tuple[Setup, ...]:
    """Return the adapters and fusions that stand on one another, the lowest first."""
    return setup.stack if isinstance(setup, StackSetup) else (setup,)


def setup_fusions(setup: Setup) -> Iterator[FuseSetup]:
    """Yield all fusions of a setup, in order."""
    if isinstance(setup, FuseSetup):
        yield setup
    elif isinstance(setup, StackSetup):
        for part in setup.stack:
            yield from setup_fusions(part)


class HeadSpec(_Strict):
    """A prediction head: kind, label names in order (empty for QA, choices and MLM), task."""

    kind: str
    labels: tuple[str, ...] = ()
    task: str
    multi_label: bool = False

    @field_validator("kind")
    @classmethod
    def _has_head(cls, name: str) -> str:
        try:
            found = get_kind(name)
        except UsageError as error:
            raise ValueError(f"{error.message}; install the package that adds it") from None
        if not found.trainable:
            raise ValueError(f"tasks of kind `{name}` have no head")
        return name

    @model_serializer(mode="wrap")
    def _as_before(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Write heads with one label per example as before multi-label heads existed."""
        found: dict[str, Any] = handler(self)
        if not self.multi_label:
            del found["multi_label"]
        return found


class BackboneSpec(_Strict):
    """The backbone that an artifact was trained on; the artifact fits only this one."""

    name: str
    hash: str
    hidden_size: int
    layers: int


class AdapterSpec(_Strict):
    """One adapter: its method as written in recipes, and its folder within the artifact."""

    name: AdapterName
    method: str
    folder: str

    @model_validator(mode="after")
    def _folder_is_ours(self) -> AdapterSpec:
        if self.folder not in (".", f"{ADAPTERS_FOLDER}/{self.name}"):
            raise ValueError(f"`{self.folder}` is not a valid folder for the adapter `{self.name}`")
        return self


class ModelSpec(_Strict):
    """Description of a trained artifact.

    Args:
        name: the adapter, fusion or full fine-tune that the stage trained; names the head too.
        backbone: the backbone that it fits.
        full: whether the artifact holds backbone weights of its own (`model.safetensors`).
        adapters: all adapters, in the order of the setup.
        setup: how they are composed; None without adapters.
        fusion: configuration of the fusion layers, if the setup has any.
        head: the prediction head, if any; if there are several, the one that is active after
            loading.
        other_heads: the further heads of a model that was trained on several tasks, one per task.
        method: the method of the stage's training (`full`, or the method of its top adapter);
            None for fusions.
    """

    schema_version: Literal[1] = Field(default=1, alias="schema")
    name: AdapterName
    backbone: BackboneSpec
    full: bool
    adapters: tuple[AdapterSpec, ...]
    setup: Setup | None
    fusion: Literal["dynamic", "static"] | None = None
    head: HeadSpec | None = None
    other_heads: tuple[HeadSpec, ...] = Field(default=(), max_length=100)
    method: str | None = None

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @model_validator(mode="after")
    def _consistent(self) -> ModelSpec:
        names = list(setup_names(self.setup)) if self.setup is not None else []
        if names != [adapter.name for adapter in self.adapters] or len(set(names)) != len(names):
            raise ValueError("`adapters` and the names in `setup` differ")
        fusions = list(setup_fusions(self.setup)) if self.setup is not None else []
        if len(fusions) > 1 or bool(fusions) != (self.fusion is not None):
            raise ValueError("`fusion` and the fusions in `setup` differ")
        at_root = [adapter.name for adapter in self.adapters if adapter.folder == "."]
        if at_root not in ([], [self.name]):
            raise ValueError("only the adapter that the stage trained can be in the root folder")
        if self.other_heads and self.head is None:
            raise ValueError("there are other heads, but the first head is missing")
        heads = [self.head_name(head) for head in self.heads]
        for one, other in permutations(heads, 2):
            if one.startswith(other):
                raise ValueError(
                    f"the name of one head begins with the name of another (`{one}` and `{other}`)"
                )
        return self

    @property
    def heads(self) -> tuple[HeadSpec, ...]:
        """All heads, the active one first."""
        return () if self.head is None else (self.head, *self.other_heads)

    def head_name(self, head: HeadSpec) -> str:
        """Return the model's name for a head: the stage's name for the first, by task for others.

        When `adapters` saves a head, it includes all heads whose names start with that head's name.
        So the name of a head must not start with another's.
        """
        if head == self.head:
            return self.name
        return f"{re.sub('[^a-z0-9]', '_', head.task.lower())}_of_{self.name}"

    def folder_of(self, head: HeadSpec) -> str:
        """Return the folder of a head within the artifact."""
        return self.head_folder if head == self.head else f"{HEADS_FOLDER}/{self.head_name(head)}"

    @property
    def head_folder(self) -> str:
        """The head's folder: the root, beside the adapter trained with it, or else `head`."""
        return "." if any(adapter.folder == "." for adapter in self.adapters) else HEAD_FOLDER

    @property
    def single(self) -> bool:
        """Whether it is one adapter on the untouched backbone."""
        return isinstance(self.setup, str) and not self.full

    def write(self, folder: Path) -> None:
        """Write `model.json`."""
        text = self.model_dump_json(by_alias=True, indent=2)
        (folder / SPEC_FILE).write_text(text + "\n", encoding="utf-8")


def backbone_spec(backbone: Backbone) -> BackboneSpec:
    """Return what an artifact records about its backbone."""
    return BackboneSpec(
        name=backbone.name,
        hash=backbone.hash,
        hidden_size=backbone.hidden_size,
        layers=backbone.layers,
    )


def read_spec(folder: Path) -> ModelSpec:
    """Read and check `model.json`.

    Raises:
        InvalidArtifactError: it is missing or damaged, or its content is impossible.
    """
    path = folder / SPEC_FILE
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise InvalidArtifactError(
            f"`{folder}` is not a trained artifact, because it has no {SPEC_FILE}"
        ) from None
    return parse_spec(content, str(path))


def parse_spec(content: bytes, where: str) -> ModelSpec:
    """Check the content of a `model.json`.

    Raises:
        InvalidArtifactError: it is damaged, or its content is impossible.
    """
    try:
        return ModelSpec.model_validate_json(content)
    except (ValidationError, RecursionError) as error:
        detail = "nested too deeply" if isinstance(error, RecursionError) else _first(error)
        raise InvalidArtifactError(f"`{where}` is damaged: {detail}") from None


def _first(error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in problem["loc"])
    return f"{place}: {problem['msg']}" if place else problem["msg"]
