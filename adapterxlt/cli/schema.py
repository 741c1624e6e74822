"""`adapterxlt schema recipe|task`: the JSON Schema with which editors complete YAML.

`adapterxlt/schemas/` has both as files, for the line `# yaml-language-server: $schema=...`.
"""

from __future__ import annotations

import json

import click


@click.command()
@click.argument("what", type=click.Choice(["recipe", "task"]))
def command(what: str) -> None:
    """Print the JSON Schema of a recipe or of a task entry."""
    click.echo(json.dumps(_document(what), indent=2, ensure_ascii=False))


def _document(what: str) -> dict[str, object]:
    if what == "recipe":
        from adapterxlt.recipe.json_schema import recipe_schema

        return recipe_schema()
    from adapterxlt.tasks.json_schema import task_schema

    return task_schema()
