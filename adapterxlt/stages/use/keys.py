"""What a `use` stage may say."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from adapterxlt.recipe.language_adapters import SpeakingStage


class UseStage(SpeakingStage):
    """Something trained elsewhere, as a stage: `{use: shared/nli.axlt}`.

    An artifact's folder or file, `WORKDIR:STAGE`, the URL of one in a remote store, or a folder
    that another library wrote. Paths are relative to the recipe. Of what was trained on a language
    adapter, `language_adapters` says which are put in the place of that.
    """

    key: ClassVar[str] = "use"
    use: str = Field(
        description="What was trained elsewhere: a folder, a packed file, or an address."
    )
    backbone_override: bool = Field(
        False, description="make an adapter of another backbone fit to this one; recorded"
    )
    task: str | None = Field(
        None, description="what the head predicts; of a folder that another library wrote"
    )
    labels: list[str] | None = Field(
        None, min_length=1, description="what that head's outputs are called, in their order"
    )
