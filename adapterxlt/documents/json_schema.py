"""What the JSON Schemas of recipes and of task entries have in common."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def untitled(schema: Any) -> Any:
    """Return a schema without titles, as pydantic's titles only repeat the names of the keys."""
    if isinstance(schema, dict):
        return {
            key: untitled(value)
            for key, value in schema.items()
            if not (key == "title" and isinstance(value, str))
        }
    return [untitled(item) for item in schema] if isinstance(schema, list) else schema


def or_list(item: Schema) -> Schema:
    """Return the schema of one value or of a list of them."""
    return {"anyOf": [item, {"type": "array", "items": item}]}
