"""`adapterxlt status [WORKDIR]`: what ran, what failed and why, and how large the results are."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from adapterxlt.cli.board import summary
from adapterxlt.cli.follow import follow_run
from adapterxlt.cli.options import json_option, print_json
from adapterxlt.cli.places import FilePath
from adapterxlt.errors import AdapterXLTError, UsageError
from adapterxlt.execution.board import Board, newest_board
from adapterxlt.plan.memory import read_notes
from adapterxlt.report.console import print_table
from adapterxlt.results.measures import kept_epoch
from adapterxlt.show import printable, size_text
from adapterxlt.store.checkpoints import Begun, begun_training
from adapterxlt.store.files import address_of
from adapterxlt.store.manifest import Manifest
from adapterxlt.store.store import STORE_FOLDER, Store

Owner = tuple[str, str]  # name and id of a recipe


@click.command()
@click.argument(
    "workdir",
    type=FilePath(file_okay=False, path_type=Path),
    default=Path("runs"),
    envvar="ADAPTERXLT_WORKDIR",
)
@click.option("--follow", is_flag=True, help="Watch the current run until it ends.")
@json_option
def command(workdir: Path, follow: bool, as_json: bool) -> None:
    """Show what ran in a work folder, what failed and why.

    The default for WORKDIR is `runs`, or the folder that the variable ADAPTERXLT_WORKDIR names.
    """
    if not workdir.is_dir():
        raise UsageError(
            f"{workdir}: this work folder does not exist",
            hint="`adapterxlt run RECIPE --workdir DIR` creates one",
        )
    if follow:
        if as_json:
            raise UsageError("--follow and --json cannot be combined", hint="choose one of them")
        follow_run(workdir)
        return
    store = Store(workdir / STORE_FOLDER)
    entries = store.entries()
    failures = store.failures()
    damaged = store.unreadable()
    begun = _begun(store)
    owners = _owners(store, entries)
    epochs = [kept_epoch(store.path(entry.fingerprint)) for entry in entries]
    if as_json:
        print_json(
            {
                "workdir": str(workdir),
                "done": [
                    {
                        "title": entry.title,
                        "kind": entry.kind,
                        "recipe": entry.recipe,
                        **_noted(owners[entry.fingerprint]),
                        "fingerprint": entry.fingerprint,
                        "bytes": entry.size,
                        **({"kept_epoch": kept[0], "epochs": kept[1]} if kept else {}),
                    }
                    for entry, kept in zip(entries, epochs, strict=True)
                ],
                "failed": [
                    {
                        "title": failure.title,
                        "recipe": failure.recipe,
                        "fingerprint": failure.fingerprint,
                        "message": failure.message,
                        "bytes": failure.size,
                    }
                    for failure in failures
                ],
                "begun": begun,
                "damaged": damaged,
                "run": _newest_run(workdir),
            }
        )
        return
    records: list[dict[str, object]] = [
        {
            "step": entry.title,
            "kind": entry.kind,
            **({"kept": f"epoch {kept[0]} of {kept[1]}" if kept else ""} if any(epochs) else {}),
            "recipe": _recipes(entry, owners),
            "size": size_text(entry.size),
            "fingerprint": entry.fingerprint[:12],
        }
        for entry, kept in zip(entries, epochs, strict=True)
    ]
    if records:
        print_table(records)
    total = sum(entry.size for entry in entries) + sum(failure.size for failure in failures)
    click.echo(f"{workdir}: {len(entries)} done, {len(failures)} failed, {size_text(total)}")
    board = _board(workdir)
    if board is not None and board.left:
        click.echo(printable(summary(board)))
    for one in begun:
        step = Begun(int(one["step"]), int(one["steps"]))
        click.echo(printable(f"{one['title']} of {one['recipe']}: to do, {step}"))
    for problem in damaged:
        click.echo(printable(f"damaged: {problem}"))
    for failure in failures:
        of = f" of {failure.recipe}" if failure.recipe else ""
        click.echo(printable(f"failed: {failure.title}{of}: {failure.message}", lines=True))


def _board(workdir: Path) -> Board | None:
    """Return the board of the newest run; None if there is none that can be read."""
    with suppress(AdapterXLTError):  # `--follow` says what is wrong with its file
        return newest_board(workdir)
    return None


def _newest_run(workdir: Path) -> dict[str, object] | None:
    """Return how far the newest run is, and whether it was stopped."""
    board = _board(workdir)
    if board is None:
        return None
    return {"recipe": board.recipe, "state": board.state, "steps": board.counts}


def _begun(store: Store) -> list[dict[str, Any]]:
    """The steps of the runs that were noted, as far as a checkpoint of them is kept."""
    found = {}
    for note in read_notes(store)[0]:
        for title, parts in note.steps.items():
            address = address_of(parts)
            begun = begun_training(store.staging(address))
            if begun is not None:
                of = {"title": title, "recipe": note.recipe, "fingerprint": address}
                found[address] = of | asdict(begun)
    return list(found.values())


def _noted(own: list[Owner]) -> dict[str, object]:
    recipes = [{"recipe": name, "recipe_id": recipe_id} for name, recipe_id in own]
    return {"recipes": recipes} if recipes else {}


def _owners(store: Store, entries: list[Manifest]) -> dict[str, list[Owner]]:
    """Return the recipes of each entry, by its address, as far as they were recorded."""
    found: dict[str, list[Owner]] = {entry.fingerprint: [] for entry in entries}
    for note in read_notes(store)[0]:
        for address in note.addresses & found.keys():
            found[address].append((note.recipe, note.recipe_id))
    return found


def _recipes(entry: Manifest, owners: dict[str, list[Owner]]) -> str:
    """Name the recipes of an entry, with ids where it belongs to only some of that name."""
    own = owners[entry.fingerprint]
    everyone = {owner for found in owners.values() for owner in found}
    texts = []
    for name in dict.fromkeys((entry.recipe, *(name for name, _ in own))):
        ids = [recipe_id for other, recipe_id in own if other == name]
        all_of_it = {recipe_id for other, recipe_id in everyone if other == name} == set(ids)
        texts.append(name if all_of_it or not ids else f"{name} [{', '.join(ids)}]")
    return ", ".join(texts)
