"""`adapterxlt list`: list tasks, methods, backbones, recipes or presets.

(The module's name has an underscore so as not to shadow the builtin.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import yaml

from adapterxlt.backbones.architectures import BUILT_IN, known
from adapterxlt.backbones.find import BUNDLED, resolve_backbone
from adapterxlt.cli.list_presets import presets
from adapterxlt.cli.list_task import one_task
from adapterxlt.cli.listing import Listing, wrap
from adapterxlt.cli.options import json_option, print_json, tasks_option
from adapterxlt.cli.places import PLACE
from adapterxlt.errors import MissingBackboneError, UsageError
from adapterxlt.execution.opening import bundled_recipes
from adapterxlt.report.console import print_table
from adapterxlt.suggest import suggest
from adapterxlt.tasks.catalogue import LISTED

# Benchmarks in the order they are listed in, and what they are.
BENCHMARKS = {
    "intermediate": "intermediate tasks (Phang et al. 2020)",
    "xtreme": "XTREME",
    "xtreme-translations": "XTREME, translated by machine",
    "xtreme-r": "XTREME-R",
    "xglue": "XGLUE, understanding",
    "": "others",
    "own": "your own",
}


def tasks(entries: Sequence[Path] = ()) -> Listing:
    """List the tasks of the catalogue by benchmark; the JSON has all fields of an entry.

    Args:
        entries: the user's own besides those of the configuration: files, or folders of them.
    """
    from adapterxlt.tasks.own import configured, own_catalogue
    from adapterxlt.tasks.presets import presets_of

    known = own_catalogue([*entries, *configured()])
    records: list[dict[str, object]] = []
    for benchmark, title in BENCHMARKS.items():
        for task in known.values():
            own = "own" if task.home else ""
            if (own or (task.benchmarks[0] if task.benchmarks else "")) != benchmark:
                continue
            records.append(
                {
                    "benchmark": title,
                    "task": task.name,
                    "kind": task.kind,
                    "languages": len(task.languages),
                    "trains on": "" if task.train == task.name else task.train or "-",
                    "main metric": task.main_metric,
                    "title": task.title,
                    "entry": str(task.home.file) if task.home else "",
                    "origin": str(task.home.file) if task.home else "built-in",
                    "codes": task.languages,
                    "splits": task.splits,
                    "labels": task.labels,
                    "members": task.members,
                    "metrics": task.metrics,
                    "layouts": [layout.name for layout in task.layouts],
                    "files": {layout.name: layout.files for layout in task.layouts},
                    "hub": task.hub.model_dump() if task.hub else None,
                    "elsewhere": task.elsewhere,
                    "presets": list(presets_of(task.name)),
                    "made": task.made,
                    "licence": task.licence,
                    "citation": task.citation,
                }
            )
    shown = ("task", "kind", "languages", "trains on", "main metric", "title", "entry")
    return Listing(
        records,
        hidden=tuple(key for key in records[0] if key not in shown),
        group="benchmark",
        note=wrap(
            "`trains on` is empty where a task trains on its own training split, and `-` where "
            "there is no training data. --json adds languages, splits, labels, layouts, file "
            "patterns, Hub repository, presets, licence and citation. `adapterxlt list tasks NAME` "
            "shows where the files of a task are searched.",
            indent="",
        )
        + "\nNot available with `data: hub`, because the Hub has no Parquet files:"
        + "".join("\n" + wrap(f"{r['task']}: {r['elsewhere']}") for r in records if r["elsewhere"]),
    )


def methods(backbone: str | None = None) -> Listing:
    """List the methods that `method:` of a train stage accepts.

    Args:
        backbone: the backbone on which to count the trained parameters, as in recipes.
    """
    from adapterxlt.methods.added import added, meaning
    from adapterxlt.methods.table import METHODS

    records: list[dict[str, object]] = [
        {
            "method": method.name,
            "family": method.family,
            **_defaults(method.name),
            "what": method.help,
            "parameters": method.defaults,
        }
        for method in METHODS.values()
    ]
    records += [
        {
            "method": name,
            "family": "added",
            **_defaults(text),
            "what": text,
            "parameters": {},
        }
        for name, text in ((name, meaning(name)) for name in added())
    ]
    note = "lr, epochs: the values for stages that do not set them.\n"
    note += _parameter_notes(records)
    note += "\nWrite parameters in brackets: lora[r=4,alpha=16]."
    note += "\nCombine methods with `|`: prefix_tuning|par_bn."
    if backbone is not None:
        note += "\n" + _count(records, backbone)
    return Listing(records, hidden=("parameters",), note=note)


def _defaults(method: str) -> dict[str, object]:
    """The learning rate and epochs of a stage that sets none; "-" where the method is wrong."""
    from adapterxlt.methods.defaults import default_epochs, default_lr

    try:
        return {"lr": default_lr(method), "epochs": default_epochs(method)}
    except ValueError:  # what a package adds may be wrong; a recipe that uses it gets the error
        return {"lr": "-", "epochs": "-"}


def _count(records: list[dict[str, Any]], name: str) -> str:
    """Add how much each method trains on a backbone, and return a note about it."""
    from adapterxlt.models.sizes import trained_parameters

    backbone = resolve_backbone(name, Path.cwd())
    problems = {record["method"]: backbone.problems_of(record["method"]) for record in records}
    possible = [method for method, found in problems.items() if not found]
    counts, total = trained_parameters(backbone, possible)
    for record in records:
        count = counts.get(record["method"])
        record["trained"] = "-" if count is None else count
        record["share"] = "-" if count is None else f"{100 * count / total:.2f} %"
    note = (
        f"trained: number of trained parameters, without heads; `{backbone.name}` has "
        f"{total:,} in total."
    )
    for found in filter(None, problems.values()):
        note += "\n" + wrap(found[0].splitlines()[0])
    return note


def _parameter_notes(records: Sequence[Mapping[str, Any]]) -> str:
    """The parameters of the first method of each family, and the differences of the others."""
    lines = [("Parameters and defaults (other methods of a family: only the differences):")]
    bases: dict[str, Mapping[str, object]] = {}
    for record in records:
        parameters = record["parameters"]
        base = bases.setdefault(record["family"], parameters)
        shown = {
            key: value
            for key, value in parameters.items()
            if parameters is base or key not in base or base[key] != value
        }
        if shown:
            text = ", ".join(f"{key}={value}" for key, value in shown.items())
            lines.append(wrap(f"{record['method']}: {text}"))
    return "\n".join(lines)


def backbones() -> Listing:
    """List the backbones that `backbone:` of a recipe accepts."""
    records: list[dict[str, object]] = []
    for name in BUNDLED:
        try:
            found = resolve_backbone(name, Path.cwd())
        except MissingBackboneError:
            continue  # `doctor` says what is wrong with it
        needs = "nothing; it is bundled"
        records.append(_backbone(name, found.layers, found.hidden_size, needs))
    hub = {name: facts for entry in BUILT_IN.values() for name, facts in entry.models.items()}
    for name, (layers, width, size) in hub.items():
        needs = f"the Hugging Face Hub, or its local cache ({size})"
        records.append(_backbone(name, layers, width, needs))
    return Listing(
        records,
        note=wrap(
            "You can also use any other encoder on the Hub by its id, or a local folder with "
            "config.json, *.safetensors and a tokenizer. Supported architectures: "
            f"{', '.join(known())}.",
            indent="",
        ),
    )


def _backbone(name: str, layers: int, width: int, needs: str) -> dict[str, object]:
    return {"backbone": name, "layers": layers, "width": width, "needs": needs}


def recipes() -> Listing:
    """List the bundled recipes."""
    return Listing(
        [{"recipe": name, "what": _description(path)} for name, path in bundled_recipes().items()]
    )


LISTINGS: dict[str, Callable[..., Listing]] = {
    "tasks": tasks,
    "methods": methods,
    "backbones": backbones,
    "recipes": recipes,
    "presets": presets,
}


def _description(path: Path) -> str:
    """Return the `description` of a recipe."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    return str(document.get("description", "")) if isinstance(document, dict) else ""


@click.command()
@click.argument("what", type=click.Choice(sorted(LISTINGS)))
@click.argument("name", required=False)
@tasks_option
@click.option(
    "--backbone",
    type=PLACE,
    metavar="NAME",
    help="With `methods`: count the parameters that each method trains on this backbone.",
)
@json_option
def command(
    what: str,
    name: str | None,
    entries: tuple[Path, ...],
    backbone: str | None,
    as_json: bool,
) -> None:
    """List tasks, methods, backbones, recipes or presets.

    `adapterxlt list tasks NAME` shows one task, and where its files are searched.
    """
    if name is not None and what != "tasks":
        raise UsageError(f"a name works with `adapterxlt list tasks`, not with `list {what}`")
    if entries and what != "tasks":
        raise UsageError(f"--tasks works with `adapterxlt list tasks`, not with `list {what}`")
    if backbone is not None and what != "methods":
        raise UsageError(f"--backbone works with `adapterxlt list methods`, not with `list {what}`")
    if what == "tasks":
        listing = tasks(entries)
        if name is not None:
            found = [record for record in listing.records if record["task"] == name]
            if not found:
                names = [str(record["task"]) for record in listing.records]
                raise UsageError(f"unknown task `{name}`", hint=suggest(name, names, see=LISTED))
            listing = replace(listing, records=found) if as_json else one_task(found[0])
    else:
        listing = methods(backbone) if what == "methods" else LISTINGS[what]()
    if as_json:
        more = {key: other.records for key, other in listing.more.items()}
        print_json({what: listing.records, **more})
        return
    _print(listing)
    for key, other in listing.more.items():
        click.echo(f"\n{key.replace('_', ' ').capitalize()}")
        _print(other)


def _print(listing: Listing) -> None:
    groups: dict[object, list[dict[str, object]]] = {}
    for record in listing.records:
        shown = {key: value for key, value in record.items() if key not in listing.hidden}
        groups.setdefault(record.get(listing.group), []).append(shown)
    for title, records in groups.items():
        if title:
            click.echo(title)
        filled = [key for key in records[0] if any(record[key] != "" for record in records)]
        print_table([{key: record[key] for key in filled} for record in records])
    if listing.note:
        click.echo(listing.note)
