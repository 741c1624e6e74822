"""The keys of a `use` stage."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from adapterxlt.recipe.fields import Place
from adapterxlt.recipe.language_adapters import SpeakingStage


class UseStage(SpeakingStage):
    """A model that was trained elsewhere, as a stage: `{use: shared/nli.axlt}`.

    `use` names the folder or file of an artifact, `WORKDIR:STAGE`, the URL of an artifact in a
    remote store, or a folder that another library wrote. Paths are relative to the recipe. If the
    model was trained on a language adapter, `language_adapters` names the adapters to replace it.
    """

    key: ClassVar[str] = "use"
    use: Place = Field(
        description="Trained model to use: a folder, a packed file, `WORKDIR:STAGE` or a URL."
    )
    backbone_override: bool = Field(
        False, description="Use an adapter of another backbone on this one; this is recorded."
    )
    task: str | None = Field(
        None, description="Task that the head predicts, for a folder that another library wrote."
    )
    labels: list[str] | None = Field(
        None, min_length=1, description="Labels of the outputs of that head, in order."
    )
