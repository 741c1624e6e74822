"""The base of all models of recipes."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """Base of all recipe models: immutable, no unknown keys."""

    # NaN and infinity make no sense in any setting.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
