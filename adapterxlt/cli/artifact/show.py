"""`adapterxlt artifact show PATH`: show everything that an artifact says about itself."""

from __future__ import annotations

import click

from adapterxlt.cli.artifact.options import path_argument
from adapterxlt.cli.options import json_option, print_json
from adapterxlt.report.console import print_table
from adapterxlt.sharing.entries import Entry, read_entry
from adapterxlt.sharing.locate import locate
from adapterxlt.sharing.scores import metric_text
from adapterxlt.show import printable, size_text
from adapterxlt.tasks.origin import describe_origins


@click.command()
@path_argument
@json_option
def command(path: str, as_json: bool) -> None:
    """Show lineage, backbone, labels, licence, scores and files of an artifact.

    The command shows what the artifact says; `artifact verify` checks it.
    """
    entry = read_entry(locate(path))
    if as_json:
        print_json({"manifest": entry.manifest.model_dump(mode="json"), "scores": entry.scores})
        return
    for name, value in _rows(entry):
        click.echo(f"{name + ':':<13}{printable(value)}")
    if entry.scores:
        records = [
            {
                "task": printable(score["task"]),
                "data": printable(describe_origins(score.get("data"))),
                "split": printable(score["split"]),
                "language": printable(score["language"]),
                "metric": printable(metric_text(score)),
                "value": f"{score['value']:.1f}" + ("!" if score.get("contamination") else ""),
                "n": score["n"],
            }
            for score in entry.scores
        ]
        print_table(records)
        if any(score.get("contamination") for score in entry.scores):
            click.echo("! texts seen in training or pretraining")
    files = [
        {"file": printable(name), "size": size_text(record.size), "sha256": record.sha256[:16]}
        for name, record in sorted(entry.manifest.files.items())
    ]
    print_table(files)


def _rows(entry: Entry) -> list[tuple[str, str]]:
    manifest = entry.manifest
    facts = manifest.artifact
    rows = [
        ("title", manifest.title),
        ("recipe", manifest.recipe),
        ("task", entry.task),
        ("data", entry.data),
        ("method", entry.method),
        ("languages", ", ".join(entry.languages)),
        ("lineage", entry.lineage),
        ("backbone", entry.backbone),
        ("fingerprint", manifest.fingerprint),
        ("size", size_text(manifest.size)),
    ]
    if facts is not None:
        if facts.override:
            was = f"{facts.override.name} (content {facts.override.hash[:16]})"
            rows.append(("trained on", f"{was}; adapted to another backbone"))
        labels = [f"{task}: {', '.join(names)}" for task, names in facts.labels.items() if names]
        rows += [
            ("labels", "; ".join(labels)),
            ("licence", facts.license or "not stated"),
            ("signature", "present (`artifact verify` checks it)" if entry.signed else "unsigned"),
        ]
    versions = ", ".join(f"{name} {version}" for name, version in manifest.environment.items())
    rows.append(("libraries", versions))
    return [(name, value) for name, value in rows if value]
