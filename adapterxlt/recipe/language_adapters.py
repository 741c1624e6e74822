"""Language adapters (MAD-X, Pfeiffer et al. 2020): one stage a language, swapped below a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from adapterxlt.languages import named_among, parse_tag
from adapterxlt.recipe.schema import Stage

PLACEHOLDER = "{language}"

# How to measure a language without its own adapter.
Otherwise = Literal["error", "source", "none"]


def captured(pattern: str, name: str) -> str | None:
    """The language in a stage name that fits a pattern; None if it does not fit.

    Example:
        >>> captured("lang_{language}", "lang_sw")
        'sw'
    """
    before, _, after = pattern.partition(PLACEHOLDER)
    if not (name.startswith(before) and name.endswith(after)):
        return None
    code = name[len(before) : len(name) - len(after)]
    return code if parse_tag(code) else None


def _by_language(value: object) -> object:
    """Patterns were replaced by the stages that fit them when the recipe was read."""
    if isinstance(value, dict) and value:
        return value
    if not isinstance(value, str):
        raise ValueError(
            f"must be a pattern for stage names, such as `lang_{PLACEHOLDER}`, or a mapping from "
            "languages to stages"
        )
    if value.count(PLACEHOLDER) != 1:
        raise ValueError(f"`{value}` must contain `{PLACEHOLDER}` once, as in `lang_{PLACEHOLDER}`")
    example = value.replace(PLACEHOLDER, "sw")
    raise ValueError(
        f"no stage is called as `{value}` says: `{example}: {{train: {{task: mlm, language: sw}}, "
        "method: seq_bn_inv}` would be one"
    )


ByLanguage = Annotated[dict[str, str], BeforeValidator(_by_language)]


class SpeakingStage(Stage):
    """Base of what a stage may say whose models stand on language adapters."""

    language_adapters: ByLanguage | None = Field(
        None,
        description="Stages of the language adapters: a pattern for their names "
        f"(`lang_{PLACEHOLDER}`) or a mapping from languages to stages. Training "
        "uses the adapter of the training language, and each evaluated language uses "
        "its own.",
    )
    no_language_adapter: Otherwise = Field(
        "error",
        description="What to do for an evaluated language that has no adapter: report an error, "
        "use the adapter of the training language (source), or use none.",
    )


@dataclass(frozen=True)
class LanguageAdapters:
    """What a model stands on.

    Args:
        stages: the stage of each language's adapter.
        otherwise: of languages that have none.
        source: the stage of the one that the model was trained with, and has in it; "" where
            nothing was trained on them.
        language: that it was trained in; of several, the first.
        others: each further language that it was trained in, with the stage of its adapter.
        weights: whether they are weights of the backbone (full or sparse fine-tunes), which the
            model's own were added to, and not adapters, which it stands on.
    """

    stages: Mapping[str, str]
    otherwise: Otherwise
    source: str
    language: str
    weights: bool = False
    others: Mapping[str, str] = field(default_factory=dict)

    def of(self, language: str) -> str | None:
        """The stage of the adapter of a language, under any of its codes; None if there is none."""
        return stage_of(self.stages, language)

    def of_other_languages(self) -> tuple[tuple[str, ...], dict[str, object]]:
        """The stages of the further training languages, and what a step says of them: `spoken`,
        the place of each language's stage among these; nothing where there are none."""
        stages = tuple(dict.fromkeys(self.others.values()))
        spoken = {language: stages.index(own) for language, own in self.others.items()}
        return stages, {"spoken": spoken} if spoken else {}


def place_of_own(params: Mapping[str, object], inputs: int) -> int | None:
    """Where among the inputs of a step the adapter of its training language is.

    None if it is not an input of the step: then it stands on the one of its first input, if any.

    Args:
        params: of the step.
        inputs: how many the step has.
    """
    if "language_adapter" not in params:
        return None
    spoken = params.get("spoken")
    places = spoken.values() if isinstance(spoken, Mapping) else ()
    others = {place for place in places if type(place) is int}
    place = inputs - len(others) - 1 if "fusion" in params else 1
    return place if 0 <= place < inputs else None  # a lineage may be wrong


def stage_of(stages: Mapping[str, str], language: str) -> str | None:
    """The stage of the adapter of a language, under any of its codes; None if there is none."""
    return stages.get(named_among(language, stages))
