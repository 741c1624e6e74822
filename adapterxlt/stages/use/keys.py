"""What a `use` stage may say."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from adapterxlt.recipe.schema import Stage


class UseStage(Stage):
    """Something trained elsewhere, as a stage: `{use: shared/nli.axlt}`.

    An artifact's folder or file, `WORKDIR:STAGE`, the URL of one in a remote store, or a folder
    that another library wrote. Paths are relative to the recipe.
    """

    key: ClassVar[str] = "use"
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
