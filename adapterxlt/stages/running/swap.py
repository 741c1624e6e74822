"""Selects the language adapter of a measurement for each language."""

from __future__ import annotations

from dataclasses import dataclass

from adapterxlt.recipe.steps import Step


@dataclass(frozen=True)
class Swap:
    """What takes the place of the language adapter that a model was trained with.

    Args:
        language: the step of another language's; None for none.
        source: the step of the one that is taken out, where weights are subtracted.
    """

    language: str | None
    source: str | None


def swap_for(step: Step, language: str) -> Swap | None:
    """What a step swaps for a language; None where the model stays as it was trained."""
    place = step.params.get("language_adapters", {}).get(language, 0)
    if place == 0 or (isinstance(place, str) and place != "none"):
        return None
    source = step.params.get("source_adapter")
    return Swap(
        step.inputs[place - ("alone" in step.params)] if isinstance(place, int) else None,
        None if source is None else step.inputs[source],
    )


def used_for(step: Step, language: str) -> str | None:
    """Whose language adapter a language is measured with: its own, another's, or `none`.

    None where there are no language adapters.
    """
    table = step.params.get("language_adapters")
    if table is None:
        return None
    place = table[language]
    return language if isinstance(place, int) else str(place)


def used_for_pair(step: Step, language: str, sides: tuple[str, str]) -> str | None:
    """The same of a language and that of its translations: `language` if both have their own."""
    found = [used_for(step, side) for side in sides]
    if None in found:
        return None
    return language if found == list(sides) else "-".join(map(str, found))
