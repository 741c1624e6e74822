"""`adapterxlt schema recipe|task`: the JSON Schema with which editors complete YAML."""

from __future__ import annotations

import json
from typing import Any

import click


@click.command()
@click.argument("what", type=click.Choice(["recipe", "task"]))
def command(what: str) -> None:
    """Print the JSON Schema of a recipe or of a task entry."""
    document = _recipe() if what == "recipe" else _task()
    document["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def _task() -> dict[str, Any]:
    """Return the schema of an entry, with its layout at the top or in `layouts`."""
    from adapterxlt.tasks.catalogue import Task
    from adapterxlt.tasks.layout import Layout
    from adapterxlt.tasks.short_form import FOLLOWS

    document = Task.model_json_schema()
    layout = Layout.model_json_schema()["properties"]
    properties = document["properties"]
    properties["like"] = {"type": "string", "description": "the task whose entry says the rest"}
    for key, schema in layout.items():
        properties.setdefault(key, schema)
    # Each role has a pattern; one alone, or a list, may stand without.
    patterns = {"anyOf": [{"type": "string"}, {"type": "array"}, {"type": "object"}]}
    files = {"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": patterns}]}
    for holder in (properties, document["$defs"]["Layout"]["properties"]):
        holder["files"] = {**files, "description": "split -> role -> pattern"}
    document["required"] = [key for key in document["required"] if key not in FOLLOWS]
    document["anyOf"] = [{"required": ["like"]}, {"required": document.pop("required")}]
    return document


def _recipe() -> dict[str, Any]:
    from adapterxlt.recipe.schema import Recipe

    document = Recipe.model_json_schema()
    for key in ("data", "tasks"):  # one of them may stand alone
        listed = document["properties"][key]
        document["properties"][key] = {"anyOf": [{"type": "string"}, listed]}
    document["properties"]["include"] = {"anyOf": [{"type": "string"}, {"type": "array"}]}
    document["properties"]["matrix"] = {"type": "object"}
    document["additionalProperties"] = False
    return document
