"""Translates pydantic's errors into plain words with the places in a recipe."""

from __future__ import annotations

import math
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from adapterxlt.documents.nodes import KeyPath, Places
from adapterxlt.errors import Problem
from adapterxlt.suggest import closest, suggest

# Keys that are a word, such as `all`, or a list -> the items of the list.
_WORD_OR_LIST = {"languages": "languages", "layers": "layer numbers", "pooling": "poolings"}
_DIGITS = 18  # of the largest whole number that is read as one


def translated(
    details: list[ErrorDetails],
    model: type[BaseModel],
    path: KeyPath,
    places: Places,
    more: Iterable[str] = (),
    single: Container[str] = (),
) -> Iterator[Problem]:
    """Return the problems that a model found in the value at `path`.

    Args:
        more: keys that are allowed there in addition to those of the model.
        single: keys where a single value may stand for a list of one.
    """
    told: set[KeyPath] = set()
    words: dict[str | int, str] = {}  # key of a word or a list -> the words
    alone: set[str | int] = set()  # those of them whose list has a single item
    for detail in details:
        inner, branch = _location(detail["loc"])
        where = (*path, *inner)
        if branch is not None:
            # There is one error for each branch of `all | list`; only those inside the list help.
            if branch == "literal":
                words[inner[0]] = detail["ctx"]["expected"]
                if isinstance(detail["input"], list):
                    alone |= {inner[0]} if len(detail["input"]) == 1 else set()
                    continue
            if len(inner) == 1 and detail["type"] != "too_short":
                if where not in told:
                    told.add(where)
                    yield places.problem(where, _word_or_list(str(inner[0]), words))
                continue
            if inner[0] in alone and detail["type"] == "int_type" and _is_word(detail["input"]):
                known = re.findall("'(.*?)'", words.get(inner[0], ""))
                message = _word_or_list(str(inner[0]), words)
                yield places.problem((*path, inner[0]), message, _meant(detail["input"], known))
                continue
        holder = _holder(model, inner)
        keys = [*holder.model_fields, *(more if holder is model else ())]
        message, hint = _words(detail, str(inner[-1]) if inner else "", keys)
        if detail["type"] == "list_type" and len(inner) == 1 and inner[0] in single:
            message = "must be a single value or a list"
        if hint is None and detail["input"] is None:
            hint = "it is empty"
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
            return _whole(detail["input"])
        case "float_type" | "float_parsing":
            return _real(detail["input"])
        case "finite_number":
            return "must be a finite number", None
        case "bool_type":
            return "must be true or false", None
        case "list_type" | "tuple_type":
            plain = isinstance(detail["input"], str | int | float)
            return "must be a list", f"write [{detail['input']}]" if plain else None
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
        case "too_long":
            return f"has more than {limits['max_length']} items", None
        case "string_too_short":
            return "must not be empty", None
        case "string_too_long":
            return f"has more than {limits['max_length']} characters", None
        case "string_pattern_mismatch":
            return "is not a valid name", _name_hint(limits["pattern"])
    return detail["msg"].removeprefix("Value error, "), None


def _word_or_list(key: str, words: Mapping[str | int, str]) -> str:
    """Name all forms of a key that is a word or a list."""
    known = [f"`{word}`" for word in re.findall("'(.*?)'", words.get(key, ""))]
    return f"must be {', '.join(known)} or a list of {_WORD_OR_LIST.get(key, 'values')}"


def _is_word(value: object) -> bool:
    return isinstance(value, str) and not re.fullmatch("[-+]?[0-9]+", value)


def _meant(word: str, known: Iterable[str]) -> str | None:
    meant = closest(word, known)
    return f"did you mean `{meant}`?" if meant else None


def _whole(value: object) -> tuple[str, str | None]:
    """Return message and hint for what is not a whole number."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**_DIGITS:
        return "must be a whole number", f"write {int(value)}"
    if isinstance(value, str) and re.fullmatch("[-+]?[0-9]+", value):
        if len(value.lstrip("-+")) <= _DIGITS:
            return "must be a whole number", f"write {int(value)}, without quotes"
        return "is too large", f"a whole number has at most {_DIGITS} digits"
    if isinstance(value, float) and value.is_integer():
        return "is too large", f"a whole number has at most {_DIGITS} digits"
    return "must be a whole number", None


def _real(value: object) -> tuple[str, str | None]:
    """Return message and hint for what is not a number."""
    try:
        number = float(value) if isinstance(value, str) else None
    except ValueError:
        number = None
    if number is None:
        return "must be a number", None
    if not math.isfinite(number):
        return "must be a finite number", None
    return "must be a number", f"write {value}, without quotes"


def _name_hint(pattern: str) -> str:
    """Say how a name begins, and what it consists of."""
    if "A-Z" in pattern:
        return "begin with a letter or a digit, then use letters, digits, `_`, `-` and `.`"
    return "begin with a small letter or a digit, then use small letters, digits, `_` and `-`"
