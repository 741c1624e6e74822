"""Types of single keys of a recipe: names, languages, layers, devices."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from adapterxlt.devices import KNOWN, is_device

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80)]
All = Literal["all"]


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value


# Where something is: a name, a path or an address. An empty path would mean the current folder.
Place = Annotated[str, Field(min_length=1), AfterValidator(_not_blank)]
MAX_LENGTH = 8192  # subwords of an input, in any stage
MAX_SEED = 2**32 - 1  # the largest that numpy takes
BARE = "none"  # name of the bare backbone in stages that can measure it


def _all(value: object) -> object:
    """`[all]` means `all` (a matrix may have put it there)."""
    return "all" if value == ["all"] else value


def _word(value: object) -> object:
    """`[protocol]` means `protocol`, as a single value stands for a list of one."""
    return value[0] if value in (["all"], ["protocol"]) else value


Precision = Literal["fp32", "bf16", "fp16", "auto"]
Languages = Annotated[
    All | Annotated[list[str], Field(min_length=1)],
    BeforeValidator(_all),
]
Layers = Annotated[
    All | Annotated[list[int], Field(min_length=1)],
    BeforeValidator(_all),
]
LayersOrProtocol = Annotated[
    Literal["all", "protocol"] | Annotated[list[int], Field(min_length=1)],
    BeforeValidator(_word),
]
Poolings = Annotated[
    All | Annotated[list[str], Field(min_length=1)],
    BeforeValidator(_all),
]


def _languages(value: object) -> object:
    if isinstance(value, (str, list)):
        return [value] if isinstance(value, str) else value
    raise ValueError("must be a language or a list of languages")


def mapping_of(value: object, key: str, what: str) -> object:
    """Return a mapping for a single text, which is the value of its `key`.

    Args:
        what: what the text is, for the message about anything else.
    """
    if isinstance(value, str):
        return {key: value}
    if not isinstance(value, (dict, BaseModel)):
        raise ValueError(f"must be {what} or a mapping")
    return value


def listed_tasks(value: object) -> object:
    """A task, or a list of tasks, each by its name or as a mapping."""
    if isinstance(value, (str, dict)):
        value = [value]
    if not isinstance(value, list):
        raise ValueError("must be a task or a list of tasks")
    return value


def _device(value: object) -> object:
    if not isinstance(value, str) or not is_device(value):
        raise ValueError(f"must be {KNOWN}")
    return value


Device = Annotated[str, BeforeValidator(_device)]
TrainingLanguages = Annotated[list[str], BeforeValidator(_languages), Field(min_length=1)]
Split = Literal["train", "dev", "test"]
Sampling = Literal["proportional", "capped", "temperature", "uniform"]
