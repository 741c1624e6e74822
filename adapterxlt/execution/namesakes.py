"""Describes other recipes in a work folder that have the same name as this one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from adapterxlt.plan.explain import explain
from adapterxlt.plan.memory import Note, read_notes
from adapterxlt.results.file import DamagedResultsError
from adapterxlt.results.kept import present_rows
from adapterxlt.results.versions import by_version, families, same_but_seed
from adapterxlt.stages.running.context import Context

MOST = 3  # how many recipes are named, and how many differences of each


def describe_namesakes(context: Context, workdir: Path) -> str:
    """Say which other recipes have this name and rows in the results.

    This recipe with another seed does not count as another recipe.

    Returns:
        a message for the user; "" if there are no such recipes.
    """
    name, own_id = context.recipe.name, context.recipe_id
    others = _others(workdir, name, own_id)
    if not others:
        return ""
    notes = {(note.recipe, note.recipe_id): note for note in read_notes(context.store)[0]}
    told = []
    for family in others[:MOST]:
        known = [notes[name, other] for other in family if (name, other) in notes]
        found = [(list(_differences(note, context)), note.recipe_id) for note in known]
        differences, other = min(found, key=lambda pair: len(pair[0]), default=([], family[-1]))
        more = f" and {len(differences) - MOST} more" if len(differences) > MOST else ""
        text = "; ".join(differences[:MOST]) + more
        told.append(f"[{other or 'no id'}]" + (f" (from it to this: {text})" if text else ""))
    if len(others) > MOST:
        told.append(f"{len(others) - MOST} more")
    return (
        f"this recipe `{name}` is [{own_id}]; the work folder also keeps results of the same "
        f"name from {', '.join(told)}. `adapterxlt report {workdir}` shows all of them; give the "
        "recipe another `name` to tell them apart"
    )


def _others(workdir: Path, name: str, own_id: str) -> list[list[str]]:
    """Return the ids of the other recipes of this name, the newest recipe first.

    Versions of a recipe that differ only in their seed form one list.
    """
    try:
        versions = by_version(present_rows(workdir))
    except DamagedResultsError:
        return []
    own = versions.pop((name, own_id), [])
    others = {
        other: rows
        for (recipe, other), rows in versions.items()
        if recipe == name and own and not same_but_seed(own, rows)
    }
    ids = list(others)
    found = families(list(others.values()))
    return [[ids[position] for position in family] for family in reversed(found)]


def _differences(note: Note, context: Context) -> Iterator[str]:
    """Describe the steps that differ; those that differ only in their inputs are left out."""
    now = {planned.step.id: planned for planned in context.plan.steps}
    for step, planned in now.items():
        then = note.steps.get(step)
        if then is None:
            yield f"{step} is new"
        elif then | {"inputs": []} != planned.parts | {"inputs": []}:
            inputs = {"inputs": planned.parts["inputs"]}
            yield f"{step}: {explain(then | inputs, planned.parts, planned.step.inputs)}"
    yield from (f"{step} is gone" for step in note.steps if step not in now)
