"""Shared parts of stage kinds that use lexicons: how a lexicon is named. No torch."""

from __future__ import annotations

from collections.abc import Iterator

from adapterxlt.documents.nodes import KeyPath
from adapterxlt.recipe.draft import Draft
from adapterxlt.suggest import suggest
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.lexicon import FORMAT, is_file, is_of, lexicon_task, name_of


def lexicon_file(named: str, language: str | None) -> Iterator[Task]:
    """The task that a lexicon's file is; nothing where an entry is named.

    Raises:
        ValueError: it cannot be one.
    """
    if is_file(named):
        yield lexicon_task(named, language)


def check_lexicon(draft: Draft, path: KeyPath, named: str, language: str | None) -> None:
    """Add why a stage cannot read what it names as its lexicon."""
    try:
        wanted = list(lexicon_file(named, language))
    except ValueError as error:
        message, _, hint = str(error).partition("\n")
        draft.refuse(path, message, hint or None)
        return
    found = draft.tasks.get(name_of(named))
    if found is None:
        lexicons = [
            name
            for name, task in draft.tasks.items()
            if any(layout.format == FORMAT for layout in task.layouts)
        ]
        hint = suggest(named, lexicons) if lexicons else "name a file, such as `en_hi.tsv`"
        draft.refuse(path, f"there is no lexicon `{named}`", hint)
    elif not is_of(found, named):
        draft.refuse(
            path,
            f"`{named}` has the name `{found.name}`, which belongs to another task",
            "give the file another name" if is_file(named) else "name a lexicon",
        )
    elif wanted and found.languages != wanted[0].languages:
        draft.refuse(
            path,
            f"`{named}` is in `{wanted[0].languages[0]}` here, and in `{found.languages[0]}` in "
            "another stage",
        )
