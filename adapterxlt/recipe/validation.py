"""Checks the raw tree of a recipe against the schema, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from adapterxlt.errors import Problem
from adapterxlt.recipe.nodes import Node, Path, Places, plain
from adapterxlt.recipe.schema import STAGE_KEYS, Recipe, Stage, Training
from adapterxlt.suggest import suggest

M = TypeVar("M", bound=BaseModel)
_ALL_OR_LIST = {
    "languages": "must be `all` or a list of languages",
    "layers": "must be `all` or a list of layer numbers",
}


# Settings that no other check looks at.
_APART = frozenset(Training.model_fields) - {
    "doc_stride", "language", "max_length", "sampling", "sampling_cap", "split",
    "temperature",
}  # fmt: skip


@dataclass(frozen=True)
class Validated:
    """What of a recipe fits the schema.

    Args:
        recipe: with the sound stages only, so that they can be checked further.
        broken: names of the other stages.
    """

    recipe: Recipe
    broken: frozenset[str]


def validate(root: Node, places: Places, problems: list[Problem]) -> Validated:
    """Check the tree; every way in which it breaks the schema is added to `problems`."""
    tree = cast("dict[str, Any]", plain(root))
    given = "stages" in tree
    written = tree.pop("stages", None)
    training = _model(Training, tree.pop("training", None) or {}, ("training",), places, problems)
    stages = _stages(written, given, places, problems)
    rest = {**tree, "training": training or Training(), "stages": stages}
    recipe = _model(Recipe, rest, (), places, problems)
    if recipe is None:  # the stages are sound, so go on with them
        known = {"backbone": tree["backbone"]} if isinstance(tree.get("backbone"), str) else {}
        recipe = Recipe.model_construct(name="", training=rest["training"], stages=stages, **known)
    broken = frozenset(written) - set(stages) if isinstance(written, dict) else frozenset()
    return Validated(recipe, broken)


def _stages(
    written: object, given: bool, places: Places, problems: list[Problem]
) -> dict[str, Stage]:
    if not isinstance(written, dict) or not written:
        message = "must be a mapping of names to stages" if given else "is missing"
        hint = "for example `nli: {train: mnli, method: seq_bn}`"
        problems.append(places.problem(("stages",), message, hint))
        return {}
    stages: dict[str, Stage] = {}
    for name, body in written.items():
        path: Path = ("stages", name)
        if not isinstance(body, dict):
            problems.append(places.problem(path, "must be a mapping", _kinds_hint()))
            continue
        kind = _kind(body, path, places, problems)
        stage = _stage(kind, body, path, places, problems) if kind else None
        if stage is not None:
            stages[name] = cast(Stage, stage)
    return stages


def _stage(
    kind: type[BaseModel],
    body: dict[str, object],
    path: Path,
    places: Places,
    problems: list[Problem],
) -> BaseModel | None:
    """The stage; if only keys are wrong that nothing else hangs on, it is checked without them."""
    stage = _model(kind, body, path, places, problems)
    if stage is not None:
        return stage
    apart = {key: value for key, value in body.items() if key in kind.model_fields}
    for key in _APART:
        apart.pop(key, None)
    return _model(kind, apart, path, places, [])


def _kind(
    body: Mapping[str, object], path: Path, places: Places, problems: list[Problem]
) -> type[BaseModel] | None:
    """The stage kind that its keys tell; `fuse` goes with `train`."""
    told = [key for key in STAGE_KEYS if key in body]
    if "fuse" in told and "train" in told:
        told.remove("train")
    if len(told) == 1:
        return STAGE_KEYS[told[0]]
    if told:
        listed = " and ".join(f"`{key}`" for key in told)
        problems.append(places.problem(path, f"has {listed}; a stage does one thing"))
        return None
    known = {key for model in STAGE_KEYS.values() for key in model.model_fields}
    close = (suggest(key, STAGE_KEYS) for key in body if key not in known)
    hint = next((text for text in close if text.startswith("did you mean")), _kinds_hint())
    problems.append(places.problem(path, "does not say what to do", hint))
    return None


def _kinds_hint() -> str:
    return "a stage has one of " + ", ".join(f"`{key}`" for key in reversed(STAGE_KEYS))


def _model(
    model: type[M], data: object, path: Path, places: Places, problems: list[Problem]
) -> M | None:
    try:
        return model.model_validate(data, strict=True)
    except ValidationError as error:
        details = error.errors(include_url=False)
        problems.extend(translated(details, model, path, places))
        return None


def translated(
    details: list[ErrorDetails], model: type[BaseModel], path: Path, places: Places
) -> Iterator[Problem]:
    told: set[Path] = set()
    for detail in details:
        inner, branch = _location(detail["loc"])
        where = (*path, *inner)
        if branch is not None:
            # One error a branch of `all | list`; only those inside the list say more.
            if branch == "literal" and isinstance(detail["input"], list):
                continue
            if len(inner) == 1 and detail["type"] != "too_short":
                if where not in told:
                    told.add(where)
                    yield places.problem(where, _ALL_OR_LIST.get(str(inner[0]), "is not right"))
                continue
        message, hint = _words(detail, str(inner[-1]) if inner else "", _holder(model, inner))
        yield places.problem(where, message, hint)


def _location(loc: tuple[int | str, ...]) -> tuple[Path, str | None]:
    """Drop what names a branch of a union, and say which it was."""
    branch, inner = None, list(loc[:1])
    for part in loc[1:]:
        if isinstance(part, str) and part.startswith(("literal[", "list[", "function-")):
            branch = "literal" if part.startswith("literal[") else "list"
        elif part != "[key]":
            inner.append(part)
    return tuple(inner), branch


def _holder(model: type[BaseModel], inner: Path) -> type[BaseModel]:
    """The model that a key is in, which may lie inside `model`."""
    for part in inner[:-1]:
        field = model.model_fields.get(str(part))
        if field is None or not (
            isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        ):
            break
        model = field.annotation
    return model


def _words(detail: ErrorDetails, key: str, model: type[BaseModel]) -> tuple[str, str | None]:
    """A message and a hint for one of pydantic's errors."""
    kind, limits = detail["type"], detail.get("ctx", {})
    match kind:
        case "missing":
            return "is missing", None
        case "extra_forbidden":
            return "is not known here", suggest(key, model.model_fields, show=30)
        case "string_type":
            hint = "put it in quotes" if isinstance(detail["input"], (int, float)) else None
            return "must be a text", hint
        case "int_type" | "int_from_float" | "int_parsing":
            return "must be a whole number", None
        case "float_type" | "float_parsing" | "finite_number":
            return "must be a number", None
        case "bool_type":
            return "must be true or false", None
        case "list_type":
            return "must be a list", None
        case "dict_type" | "model_type" | "model_attributes_type":
            return "must be a mapping", None
        case "literal_error":
            return f"must be {str(limits['expected']).replace(chr(39), '`')}", None
        case "greater_than":
            return f"must be above {limits['gt']:g}", None
        case "greater_than_equal":
            return f"must be at least {limits['ge']:g}", None
        case "less_than":
            return f"must be below {limits['lt']:g}", None
        case "less_than_equal":
            return f"must be at most {limits['le']:g}", None
        case "too_short":
            count = limits["min_length"]
            return f"needs at least {count} {'item' if count == 1 else 'items'}", None
        case "string_too_long":
            return f"has more than {limits['max_length']} characters", None
        case "string_pattern_mismatch":
            return "is not a name", "a name is made of letters, digits, `_`, `-` and `.`"
    return detail["msg"].removeprefix("Value error, "), None
