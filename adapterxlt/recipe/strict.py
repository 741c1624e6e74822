"""The base of all models of recipes."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """Base of all recipe models: immutable, no unknown keys."""

    # A number that is none, or without an end, is compared with nothing: no setting means that.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
