"""Describes recipes of one name in a work folder, and what differs between them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from adapterxlt.plan.explain import explain
from adapterxlt.plan.memory import Parts, read_notes
from adapterxlt.results.file import DamagedResultsError
from adapterxlt.results.kept import present_rows
from adapterxlt.results.versions import by_version, families, same_but_seed
from adapterxlt.stages.running.context import Context
from adapterxlt.store.store import STORE_FOLDER, Store

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
    now = {planned.step.id: planned.parts for planned in context.plan.steps}
    notes = {(note.recipe, note.recipe_id): note for note in read_notes(context.store)[0]}
    told = []
    for family in others[:MOST]:
        known = [notes[name, other] for other in family if (name, other) in notes]
        found = [(list(differences(note.steps, now)), note.recipe_id) for note in known]
        changes, other = min(found, key=lambda pair: len(pair[0]), default=([], family[-1]))
        told.append(f"[{other or 'no id'}]" + _said(changes, "this"))
    if len(others) > MOST:
        told.append(f"{len(others) - MOST} more")
    return (
        f"this recipe `{name}` is [{own_id}]; the work folder also keeps results of the same "
        f"name from {', '.join(told)}. `adapterxlt report {workdir}` shows all of them, and "
        f"`adapterxlt report {shlex.quote(f'{workdir}:{name} [{own_id}]')}` only this one"
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


def describe_versions(workdir: Path, recipe: str, versions: Sequence[str]) -> str:
    """Say what differs between the versions of a recipe whose results a report shows.

    Args:
        versions: their ids, the newest first.
    """
    listed = read_notes(Store(workdir / STORE_FOLDER))[0]
    notes = {note.recipe_id: note for note in listed if note.recipe == recipe}
    newest, *others = versions
    told = [f"[{newest}]"]
    for other in others:
        known = other in notes and newest in notes
        changes = list(differences(notes[other].steps, notes[newest].steps)) if known else []
        told.append(f"[{other}]" + _said(changes, "the first"))
    alone = shlex.quote(f"{workdir}:{recipe} [{newest}]")
    return (
        f"{workdir} has results of {len(versions)} versions of the recipe `{recipe}`, the newest "
        f"first: {', '.join(told)}. All of them count in Holm's correction; "
        f"`adapterxlt report {alone}` leaves the others out"
    )


def _said(changes: Sequence[str], to: str) -> str:
    if not changes:
        return ""
    more = f" and {len(changes) - MOST} more" if len(changes) > MOST else ""
    return f" (from it to {to}: {'; '.join(changes[:MOST])}{more})"


def differences(then: Mapping[str, Parts], now: Mapping[str, Parts]) -> Iterator[str]:
    """Describe the steps that differ; those that differ only in their inputs are left out.

    Args:
        then, now: fingerprint parts by step id.
    """
    for step, parts in now.items():
        before = then.get(step)
        if before is None:
            yield f"{step} is new"
        elif {**before, "inputs": []} != {**parts, "inputs": []}:
            yield f"{step}: {explain({**before, 'inputs': []}, {**parts, 'inputs': []}, ())}"
    yield from (f"{step} is gone" for step in then if step not in now)
