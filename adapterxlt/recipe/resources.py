"""The resources that a stage needs: `{gpus: 1, cpus: 4, memory: 16GB}`. No torch.

It changes no address: where a stage runs is not what it computes.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_UNITS = {"MB": 10**6, "GB": 10**9, "TB": 10**12}
_MEMORY = re.compile(r"(\d{1,6}(?:\.\d{1,3})?) ?(MB|GB|TB)")


def _memory(text: object) -> object:
    if not isinstance(text, str) or not _MEMORY.fullmatch(text):
        raise ValueError("must be a size such as 16GB or 800MB")
    return text


class Resources(BaseModel):
    """The resources of a stage; keys that are not given come from the recipe, or the executor."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    gpus: int | None = Field(None, ge=0, le=64, description="The number of GPUs.")
    cpus: int | None = Field(None, ge=1, le=1024, description="The number of CPU cores.")
    memory: Annotated[str, BeforeValidator(_memory)] | None = Field(
        None, description="The main memory, for example 16GB or 800MB."
    )

    @property
    def bytes(self) -> int | None:
        """The memory as a number."""
        found = _MEMORY.fullmatch(self.memory or "")
        return round(float(found[1]) * _UNITS[found[2]]) if found else None

    def over(self, other: Resources) -> Resources:
        """These resources, filled up from others."""
        return other.model_copy(update=self.model_dump(exclude_none=True))
