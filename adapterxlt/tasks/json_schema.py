"""The JSON Schema of a task entry as people write it; editors use it to complete and check."""

from __future__ import annotations

from adapterxlt.documents.json_schema import DIALECT, Schema, untitled
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.layout import Layout
from adapterxlt.tasks.short_form import FOLLOWS


def task_schema() -> Schema:
    """Return the schema of an entry whose layout is at the top or in `layouts`."""
    document: Schema = untitled(Task.model_json_schema())
    layout: dict[str, Schema] = untitled(Layout.model_json_schema())["properties"]
    properties: dict[str, Schema] = document["properties"]
    properties["like"] = {"type": "string", "description": "the task whose entry says the rest"}
    for key, schema in layout.items():
        properties.setdefault(key, schema)
    # Each role has a pattern; a single pattern or a list may stand without a role.
    pattern: Schema = {"type": "string"}
    patterns = {
        "anyOf": [
            pattern,
            {"type": "array", "items": pattern},
            {"type": "object", "additionalProperties": pattern},
        ]
    }
    files = {"anyOf": [pattern, {"type": "object", "additionalProperties": patterns}]}
    for holder in (properties, document["$defs"]["Layout"]["properties"]):
        holder["files"] = {**files, "description": "patterns of the files, by split and role"}
    needed = [key for key in document.pop("required") if key not in FOLLOWS]
    document["anyOf"] = [{"required": ["like"]}, {"required": needed}]
    return document | {"$schema": DIALECT}
