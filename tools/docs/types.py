"""What a value may be, in words, read from its JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
}
_NAMES = {
    "boolean": "true or false",
    "integer": "whole number",
    "number": "number",
    "string": "text",
}


def words(schema: Mapping[str, Any]) -> str:
    """A type in words: `whole number, at least 1`."""
    if "$ref" in schema:
        return "mapping"
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return _or([f"`{value}`" for value in schema["enum"] if value not in (None, "")])
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            kinds = [words(each) for each in schema[choice] if each.get("type") != "null"]
            return _or(list(dict.fromkeys(kinds)))
    kind = schema.get("type")
    if kind == "array":
        items = schema.get("items", {})
        return f"list of {_plural(words(items))}" if items else "list"
    if kind == "object":
        values = schema.get("additionalProperties")
        if isinstance(values, Mapping) and values:
            return f"mapping of names to {_plural(words(values))}"
        return "mapping"
    given = {key: text for key, text in _BOUNDS.items() if schema.get(key) is not None}
    bounds = [text.format(f"{schema[key]:g}") for key, text in given.items()]
    return ", ".join([_NAMES.get(str(kind), "anything"), *bounds])


def _plural(text: str) -> str:
    name, comma, rest = text.partition(",")
    if name in ("text", "anything") or name.startswith("`"):
        return {"text": "texts"}.get(name, name) + comma + rest
    for kind in ("list of", "mapping of"):
        if name.startswith(kind):
            return name.replace(" of", "s of", 1) + comma + rest
    return f"{name}s{comma}{rest}"


def _or(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]
