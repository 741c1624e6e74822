"""The generated parts of pages, by the name that `<!-- generated: NAME -->` calls them by."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from tools.docs import catalogue, commands, documents, extending, notebook, recipe_keys

PARTS: dict[str, Callable[[], str]] = {
    **{
        f"keys of {name}": partial(recipe_keys.block, name, model)
        for name, model in recipe_keys.BLOCKS.items()
    },
    "stage kinds": recipe_keys.stages,
    "commands": commands.commands,
    "tasks": catalogue.tasks,
    "task kinds": catalogue.kinds,
    "task entry keys": catalogue.task_entry_keys,
    "methods": catalogue.methods,
    "protocols": catalogue.protocols,
    "training presets": catalogue.training_presets,
    "metrics": catalogue.metrics,
    "recipes": catalogue.recipes,
    "row fields": documents.row_fields,
    "manifest fields": documents.manifest_fields,
    "exit codes": documents.exit_codes,
    "python": documents.python,
    "story": notebook.story,
    **{
        f"example {name}": partial(extending.example, name)
        for name in (
            *("own_csv_task", "reader", "kind", "stage_kind", "metric", "method"),
            *("architecture", "benchmark", "executor"),
        )
    },
}
MARK = re.compile(r"^<!-- generated: ([a-z_ ]+) -->$", re.MULTILINE)


def filled(markdown: str) -> str:
    """A page with its generated parts in their places.

    Raises:
        KeyError: it names a part that there is not.
    """
    return MARK.sub(lambda found: PARTS[found[1]](), markdown)
