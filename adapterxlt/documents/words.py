"""Translates pydantic's errors into plain words with the places in a recipe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from adapterxlt.documents.nodes import KeyPath, Places
from adapterxlt.errors import Problem
from adapterxlt.suggest import suggest

_ALL_OR_LIST = {
    "languages": "must be `all` or a list of languages",
    "layers": "must be `all` or a list of layer numbers",
    "pooling": "must be `all` or a list of poolings",
}


def translated(
    details: list[ErrorDetails],
    model: type[BaseModel],
    path: KeyPath,
    places: Places,
    more: Iterable[str] = (),
) -> Iterator[Problem]:
    """Return the problems that a model found in the value at `path`.

    Args:
        more: keys that are allowed there in addition to those of the model.
    """
    told: set[KeyPath] = set()
    for detail in details:
        inner, branch = _location(detail["loc"])
        where = (*path, *inner)
        if branch is not None:
            # There is one error for each branch of `all | list`; only those inside the list help.
            if branch == "literal" and isinstance(detail["input"], list):
                continue
            if len(inner) == 1 and detail["type"] != "too_short":
                if where not in told:
                    told.add(where)
                    yield places.problem(where, _ALL_OR_LIST.get(str(inner[0]), "is not valid"))
                continue
        holder = _holder(model, inner)
        keys = [*holder.model_fields, *(more if holder is model else ())]
        message, hint = _words(detail, str(inner[-1]) if inner else "", keys)
        yield places.problem(where, message, hint)


def _location(loc: tuple[int | str, ...]) -> tuple[KeyPath, str | None]:
    """Remove the name of a union's branch from a location, and return that branch too."""
    branch, inner = None, list(loc[:1])
    for part in loc[1:]:
        if isinstance(part, str) and part.startswith(("literal[", "list[", "function-")):
            branch = "literal" if part.startswith("literal[") else "list"
        elif part != "[key]":
            inner.append(part)
    return tuple(inner), branch


def _holder(model: type[BaseModel], inner: KeyPath) -> type[BaseModel]:
    """Return the model that has a key; it may lie inside `model`."""
    for part in inner[:-1]:
        if isinstance(part, int):  # the place in a list of models
            continue
        field = model.model_fields.get(part)
        inside = [] if field is None else [field.annotation, *get_args(field.annotation)]
        models = [each for each in inside if isinstance(each, type) and issubclass(each, BaseModel)]
        if not models:
            break
        model = models[0]
    return model


def _words(detail: ErrorDetails, key: str, keys: Iterable[str]) -> tuple[str, str | None]:
    """Return message and hint for one of pydantic's errors; `keys` are the known keys."""
    kind, limits = detail["type"], detail.get("ctx", {})
    match kind:
        case "missing":
            return "is missing", None
        case "extra_forbidden":
            return "is not a known key", suggest(key, keys)
        case "string_type":
            hint = "put the value in quotes" if isinstance(detail["input"], (int, float)) else None
            return "must be a string", hint
        case "int_type" | "int_from_float" | "int_parsing":
            return "must be a whole number", None
        case "float_type" | "float_parsing":
            return "must be a number", None
        case "finite_number":
            return "must be a finite number", None
        case "bool_type":
            return "must be true or false", None
        case "list_type" | "tuple_type":
            return "must be a list", None
        case "dict_type" | "model_type" | "model_attributes_type":
            return "must be a mapping", None
        case "literal_error":
            return f"must be {str(limits['expected']).replace(chr(39), '`')}", None
        case "greater_than":
            return f"must be above {limits['gt']:.12g}", None
        case "greater_than_equal":
            return f"must be at least {limits['ge']:.12g}", None
        case "less_than":
            return f"must be below {limits['lt']:.12g}", None
        case "less_than_equal":
            return f"must be at most {limits['le']:.12g}", None
        case "too_short":
            count = limits["min_length"]
            return f"needs at least {count} {'item' if count == 1 else 'items'}", None
        case "string_too_long":
            return f"has more than {limits['max_length']} characters", None
        case "string_pattern_mismatch":
            return "is not a valid name", "use letters, digits, `_`, `-` and `.`"
    return detail["msg"].removeprefix("Value error, "), None
