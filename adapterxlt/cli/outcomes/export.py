"""`adapterxlt outcomes export WORKDIR... --out FILE`: one row for each example."""

from __future__ import annotations

import json
from pathlib import Path

import click

from adapterxlt.cli.places import FilePath
from adapterxlt.cli.progress import open_progress
from adapterxlt.errors import UsageError
from adapterxlt.results.export import Record, exported, parquet
from adapterxlt.results.rows import RESULTS_NAME
from adapterxlt.store.compressed import plain_name
from adapterxlt.store.output import check_output
from adapterxlt.store.store import STORE_FOLDER


@click.command()
@click.argument(
    "workdirs", metavar="WORKDIR...", nargs=-1, required=True, type=FilePath(path_type=Path)
)
@click.option(
    "--out",
    required=True,
    type=FilePath(dir_okay=False, path_type=Path),
    help="File to write: .parquet, .jsonl or .jsonl.gz.",
)
def command(workdirs: tuple[Path, ...], out: Path) -> None:
    """Write all outcomes of work folders to one table, with one row per example.

    Each row names the work folder, recipe, model, seed, task, language and example, and gives its
    outcome: gold and predicted label, tags and their counts for a sentence, the answer with exact
    match and F1 for a question, or ranks.
    The command needs neither models nor data.
    """
    suffix = plain_name(out).suffix
    if suffix not in (".parquet", ".jsonl"):
        raise UsageError(f"--out {out}: the name must end in .parquet or .jsonl")
    read = [workdir / name for workdir in workdirs for name in (RESULTS_NAME, STORE_FOLDER)]
    output, progress = check_output(out, inputs=read), open_progress()
    blocks = exported(workdirs, progress)
    count = 0
    if suffix == ".parquet":
        with output.open() as file:
            count = parquet(blocks, file)
    else:
        with output.open_text() as text:
            for block in blocks:
                for record in _records(block):
                    text.write(json.dumps(record, ensure_ascii=False) + "\n")
                    count += 1
    click.echo(f"{out}: {count} outcomes", err=True)


def _records(block: Record) -> list[dict[str, object]]:
    names = list(block)
    return [dict(zip(names, values, strict=True)) for values in zip(*block.values(), strict=True)]
