"""`adapterxlt list tasks|methods|backbones|recipes|presets`: what there is.

(The module's name has an underscore so as not to shadow the builtin.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import yaml

from adapterxlt.backbones import BUNDLED, resolve_backbone
from adapterxlt.cli.options import json_option, print_json
from adapterxlt.cli.recipes import bundled_recipes
from adapterxlt.errors import MissingBackboneError
from adapterxlt.report.console import print_table

# Hub models that are known to work; any other XLM-R is given by its hub id.
HUB_BACKBONES = {
    "xlm-roberta-base": (12, 768, "278M parameters, 1.1 GB"),
    "xlm-roberta-large": (24, 1024, "560M parameters, 2.2 GB"),
}


@dataclass(frozen=True)
class Listing:
    """One record a thing; their keys are the columns.

    Args:
        hidden: keys that are in the JSON document only.
        note: printed below the table.
    """

    records: list[dict[str, object]]
    hidden: tuple[str, ...] = ()
    note: str = ""


def tasks() -> Listing:
    """The tasks of the catalogue."""
    from adapterxlt.tasks.catalogue import catalogue

    return Listing(
        [
            {
                "task": task.name,
                "title": task.title,
                "kind": task.kind,
                "languages": len(task.languages),
                "trains on": task.train or "",
                "main metric": task.main_metric,
            }
            for task in catalogue().values()
        ]
    )


def methods() -> Listing:
    """What `method:` of a train stage may be."""
    from adapterxlt.methods import METHODS

    records: list[dict[str, object]] = [
        {
            "method": method.name,
            "family": method.family,
            "what": method.help,
            "parameters": method.defaults,
        }
        for method in METHODS.values()
    ]
    return Listing(
        records,
        hidden=("parameters",),
        note=_parameter_notes(records)
        + "\nWith parameters: lora[r=4,alpha=16]. Several at once: prefix_tuning|par_bn.",
    )


def _parameter_notes(records: Sequence[Mapping[str, Any]]) -> str:
    """Parameters of each family's first method; of its others what differs from that."""
    lines = ["Parameters and their defaults (of a family's other methods, what differs):"]
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
            lines.append(_wrap(f"{record['method']}: {text}"))
    return "\n".join(lines)


def _wrap(text: str) -> str:
    return click.wrap_text(text, 98, initial_indent="  ", subsequent_indent="    ")


def backbones() -> Listing:
    """What `backbone:` of a recipe may be."""
    records: list[dict[str, object]] = []
    for name in BUNDLED:
        try:
            found = resolve_backbone(name, Path.cwd())
        except MissingBackboneError:
            continue  # `doctor` says what is wrong with it
        needs = "nothing: bundled"
        records.append(_backbone(name, found.layers, found.hidden_size, needs))
    for name, (layers, width, size) in HUB_BACKBONES.items():
        needs = f"the Hugging Face Hub or its local cache ({size})"
        records.append(_backbone(name, layers, width, needs))
    return Listing(
        records,
        note="Also: any XLM-R of the Hub by its id, or a local folder with config.json, "
        "*.safetensors and a tokenizer.",
    )


def _backbone(name: str, layers: int, width: int, needs: str) -> dict[str, object]:
    return {"backbone": name, "layers": layers, "width": width, "needs": needs}


def recipes() -> Listing:
    """The recipes that come with the project."""
    return Listing(
        [{"recipe": name, "what": _description(path)} for name, path in bundled_recipes().items()]
    )


def presets() -> Listing:
    """The retrieval protocols."""
    from adapterxlt.retrieval.protocols import PROTOCOLS, Vectors

    def describe(vectors: Vectors) -> str:
        published = vectors.layer.published.items()
        layers = ", ".join(f"{layer} of {depth}" for depth, layer in published) or "last"
        return f"{vectors.pooling}, layer {layers}"

    return Listing(
        [
            {
                "preset": protocol.name,
                "tatoeba": describe(protocol.tatoeba),
                "bucc2018": describe(protocol.bucc),
                "margin": f"{protocol.margin}, k={protocol.k}",
                "repeated sentences": protocol.duplicates,
                "source": protocol.source,
            }
            for protocol in PROTOCOLS.values()
        ],
        hidden=("source",),
        note="\n".join(_wrap(f"{name}: {protocol.source}") for name, protocol in PROTOCOLS.items()),
    )


LISTINGS: dict[str, Callable[[], Listing]] = {
    "tasks": tasks,
    "methods": methods,
    "backbones": backbones,
    "recipes": recipes,
    "presets": presets,
}


def _description(path: Path) -> str:
    """What a recipe says of itself in its `description`."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    return str(document.get("description", "")) if isinstance(document, dict) else ""


@click.command()
@click.argument("what", type=click.Choice(sorted(LISTINGS)))
@json_option
def command(what: str, as_json: bool) -> None:
    """List tasks, methods, backbones, recipes or presets."""
    listing = LISTINGS[what]()
    if as_json:
        print_json({what: listing.records})
        return
    print_table(
        [
            {key: value for key, value in record.items() if key not in listing.hidden}
            for record in listing.records
        ]
    )
    if listing.note:
        click.echo(listing.note)
