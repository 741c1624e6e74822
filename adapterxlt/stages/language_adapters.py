"""Checks which language adapters a stage stands on, and whether it can."""

from __future__ import annotations

from collections.abc import Sequence

from adapterxlt.documents.nodes import KeyPath
from adapterxlt.kinds.registry import get_kind
from adapterxlt.languages import named_among
from adapterxlt.methods.composing import can_stack
from adapterxlt.methods.traits import counts_padding
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.language_adapters import LanguageAdapters, SpeakingStage, stage_of
from adapterxlt.recipe.schema import TrainingStage
from adapterxlt.recipe.shape import Shape, ShapeOf

KEY = "language_adapters"


def standing_on(
    draft: Draft,
    name: str,
    stage: SpeakingStage,
    bases: Sequence[tuple[str, Shape | None]],
    shape_of: ShapeOf,
) -> LanguageAdapters | None:
    """The language adapters that a stage which trains stands on; None, and problems, if it cannot.

    Args:
        bases: the stages that it continues from, each with its shape.
    """
    at: KeyPath = ("stages", name)
    if not draft.knows(at, "language", "train", KEY):
        return None
    path: KeyPath = (*at, KEY)
    stages = stage.language_adapters
    place = at if stages is None else path  # where problems are reported
    otherwise = stage.no_language_adapter
    weights: bool | None = None
    for base, shape in bases:
        if shape is None:
            return None
        known = shape.speaks
        if known is None:
            draft.refuse(
                place,
                f"`{base}` was not trained on language adapters, so it has none to swap",
                f"give `{base}` the same `{KEY}`",
            )
            return None
        if stages is None:
            stages = dict(known.stages)
        if dict(known.stages) != stages:
            draft.refuse(
                place,
                f"`{base}` stands on other language adapters",
                f"leave out `{KEY}` here; the stage then uses those of `{base}`",
            )
            return None
        if "no_language_adapter" not in stage.model_fields_set:
            otherwise = known.otherwise
        weights = known.weights
    assert stages is not None
    if weights is None:
        weights = check_stages(draft, path, stages, shape_of)
    if weights is None:
        return None
    languages = list(dict.fromkeys(part.language for part in draft.recipe.parts_of(name)))
    found: dict[str, str] = {}
    for language in languages:
        own = stage_of(stages, language)
        if own is None:
            draft.refuse(
                place,
                f"there is no language adapter for the training language `{language}`",
                f"there are those of {', '.join(stages)}",
            )
            return None
        found[language] = own
    reason = _alone(list(dict.fromkeys(found.values())), weights, shape_of)
    if reason:
        draft.refuse(
            path,
            f"the stage trains in {', '.join(languages)}, but {reason}",
            "train in one language, then continue in the next: `{train: {task: ..., language: "
            "...}, after: ...}`",
        )
        return None
    first, *rest = languages
    others = {language: found[language] for language in rest}
    return LanguageAdapters(stages, otherwise, found[first], first, weights, others)


def _alone(stages: Sequence[str], weights: bool, shape_of: ShapeOf) -> str | None:
    """Why a stage can be trained on one language adapter only; None if it can be on several."""
    if len(stages) == 1:
        return None
    if weights:
        return (
            "language stages that are full or sparse fine-tunes cannot be exchanged in training, "
            "so only one language can be trained in"
        )
    shapes = filter(None, map(shape_of, stages))
    odd = [method for shape in shapes for method in shape.methods if counts_padding(method)]
    if odd:
        return f"language adapters of `{odd[0]}` cannot be exchanged in training"
    return None


def check_stages(
    draft: Draft, path: KeyPath, stages: dict[str, str], shape_of: ShapeOf
) -> bool | None:
    """Whether language adapters are weights of the backbone; None, and problems, if some cannot be.

    Args:
        stages: the stage of each language.
    """
    weights: list[bool] = []
    for language, name in stages.items():
        shape, here = shape_of(name), (*path, language)
        if shape is None:
            return None
        if reason := _unfit(shape) or _untrained(draft, language, name):
            draft.refuse(here, f"`{name}` {reason}")
            return None
        weights.append(shape.kind == "full")
        if weights[-1] != weights[0]:
            first = next(iter(stages.values()))
            draft.refuse(
                here,
                f"`{name}` is {_called(shape)}, but `{first}` is not, so they cannot be swapped",
                "train all language stages with methods of one kind",
            )
            return None
    return weights[0]


def check_stackable(draft: Draft, path: KeyPath, shape: Shape, shape_of: ShapeOf) -> None:
    """Refuse adapters that would hide a language adapter below, or make it useless."""
    speaks = shape.speaks
    if speaks is None or speaks.weights:
        return
    for name in dict.fromkeys(speaks.stages.values()):
        below = shape_of(name)
        for method in shape.methods[1:]:
            reason = can_stack(below.methods, method) if below is not None else None
            if reason:
                draft.refuse(path, f"on the language adapter `{name}`: {reason}")
                return


def _called(shape: Shape) -> str:
    return "a full or sparse fine-tune" if shape.kind == "full" else "an adapter"


def _unfit(shape: Shape) -> str:
    if shape.speaks is not None:
        return "itself stands on language adapters"
    if shape.kind not in ("adapter", "full"):
        return (
            f"is {'an ensemble' if shape.kind == 'ensemble' else f'a {shape.kind}'}: a language "
            "adapter is a single adapter, or a full or sparse fine-tune"
        )
    if shape.kind == "adapter" and shape.on_full:
        return "belongs to a fine-tuned backbone, which cannot be swapped"
    return ""


def _untrained(draft: Draft, language: str, name: str) -> str:
    """Why a stage has not learnt a language; "" if it has, or is not one that says so."""
    stage = draft.recipe.stages.get(name)
    if not isinstance(stage, TrainingStage) or not draft.knows(("stages", name), "train"):
        return ""
    parts = [part for part in draft.recipe.parts_of(name) if part.task in draft.tasks]
    for part in parts:
        if not get_kind(draft.tasks[part.task].kind).any_text:
            return (
                f"is trained on `{part.task}`: a language adapter is trained by masked language "
                "modelling, on plain text"
            )
    spoken = [part.language for part in parts]
    if parts and named_among(language, spoken) not in spoken:
        return f"is trained in {', '.join(spoken)}, not in `{language}`"
    return ""


def check_unused(
    draft: Draft, name: str, stage: SpeakingStage, shape_of: ShapeOf, of: str = "method"
) -> None:
    """Refuse a key without effect, and adapters that would hide those below them.

    Args:
        of: the key that says what the adapters on top are.
    """
    shape, at = shape_of(name), ("stages", name)
    if shape is not None and shape.speaks is not None:
        check_stackable(draft, (*at, of), shape, shape_of)
    elif shape is not None and "no_language_adapter" in stage.model_fields_set:
        draft.refuse(
            (*at, "no_language_adapter"),
            f"has no effect without `{KEY}`",
            f'add `{KEY}: "lang_{{language}}"`, or leave this key out',
        )
