"""Exports outcomes as plain columns for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from adapterxlt.errors import UsageError
from adapterxlt.progress import Progress
from adapterxlt.results.cells import cell_outcomes
from adapterxlt.results.file import as_row, read_rows
from adapterxlt.results.outcomes import Outcomes
from adapterxlt.results.rows import RESULTS_NAME, Row

Record = dict[str, list[Any]]  # columns of one block, all with the same length
LABELS = ("gold", "predicted")


def exported(workdirs: Sequence[Path], progress: Progress) -> list[Record]:
    """Return the outcomes of every measurement in work folders, block by block.

    Raises:
        UsageError: a folder has no results, or no measurement has outcomes.
        DamagedResultsError, InvalidArtifactError: a file is damaged.
    """
    found: list[Record] = []
    for workdir in dict.fromkeys(workdirs):
        try:
            rows = [as_row(row) for row in read_rows(workdir / RESULTS_NAME)]
        except (FileNotFoundError, NotADirectoryError):
            raise UsageError(
                f"{workdir / RESULTS_NAME}: there is no such file",
                hint="name a work folder of a finished run; `adapterxlt run RECIPE --workdir "
                f"{workdir}` fills one",
            ) from None
        cells = {(row.recipe, row.recipe_id, row.stage, row.model, row.cell): row for row in rows}
        for row in cells.values():
            blocks = cell_outcomes(workdir, row.cell)
            if blocks is None:
                progress.log(
                    f"{workdir}: there are no outcomes of {row.stage}/{row.model}/{row.task}, "
                    "because an earlier version measured it; run the recipe again"
                )
            found += [_record(row, block) for block in blocks or []]
    if not found:
        raise UsageError(
            f"{', '.join(map(str, workdirs))}: there are no outcomes",
            hint="run the recipe again; it repeats the measurements of earlier versions",
        )
    return found


def _record(row: Row, block: Outcomes) -> Record:
    count = len(block)
    facts = {
        "recipe": row.recipe,
        "stage": row.stage,
        "model": row.model,
        "seed": row.seed,
        "task": row.task,
        "language": block.language,
        "split": block.split,
        "layer": block.layer,
        "pooling": block.pooling,
    }
    columns: Record = {name: [value] * count for name, value in facts.items()}
    columns["id"] = [str(name) for name in block.ids.tolist()]
    for name, column in block.columns.items():
        values = column.tolist()
        if name in LABELS:
            values = [_label(value, block.labels) for value in values]
        columns[name] = values
    return columns


def _label(value: Any, labels: Sequence[str]) -> str | list[str]:
    if isinstance(value, list):
        return [label for label, applies in zip(labels, value, strict=False) if applies]
    return labels[value] if 0 <= value < len(labels) else str(value)


def parquet(blocks: Sequence[Record], file: IO[bytes]) -> int:
    """Write one table; columns that a block does not have are empty there.

    Returns:
        The number of rows.
    """
    import pyarrow as pa
    from pyarrow.parquet import write_table

    tables = [pa.table(_several(block, blocks)) for block in blocks]
    table = pa.concat_tables(tables, promote_options="permissive")
    write_table(table, file, compression="zstd")
    return int(table.num_rows)


def _several(block: Record, blocks: Sequence[Record]) -> Record:
    """Return the block with labels as lists, if they are lists in some block."""
    lists = any(isinstance(one, list) for each in blocks for one in each.get("gold", [])[:1])
    if not lists:
        return block
    return {
        name: [one if isinstance(one, list) else [one] for one in values]
        if name in LABELS
        else values
        for name, values in block.items()
    }
