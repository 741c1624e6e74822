"""Exports outcomes as plain columns for other programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from adapterxlt.errors import InvalidArtifactError, UsageError
from adapterxlt.progress import Progress
from adapterxlt.results.cells import cell_outcomes, cell_predicted
from adapterxlt.results.column_checks import COUNTS
from adapterxlt.results.edited import rows_to_judge
from adapterxlt.results.outcomes import Outcomes
from adapterxlt.results.predicted import are_in
from adapterxlt.results.rows import Row

Record = dict[str, list[Any]]  # columns of one block, all with the same length
LABELS = ("gold", "predicted")


@dataclass(frozen=True)
class _Block:
    """The outcomes of one language of a measurement.

    Args:
        row: one of the results of this measurement.
        predicted: the predictions, if the outcomes do not have them; [] if none were kept.
    """

    workdir: Path
    row: Row
    outcomes: Outcomes
    predicted: Sequence[str]

    @property
    def lacks_predictions(self) -> bool:
        """Whether texts or tags were predicted, but not kept."""
        named = self.outcomes.columns.keys()
        scores = {"exact", "words"} & named  # of question answering and tagging
        return bool(scores) and not self.predicted and not are_in(named)


def exported(workdirs: Sequence[Path], progress: Progress) -> list[Record]:
    """Return the outcomes of every measurement in work folders, block by block.

    A column has one type in all blocks, whatever kinds of task there are.

    Raises:
        UsageError: a folder has no results, or no measurement has outcomes.
        DamagedResultsError, InvalidArtifactError: a file is damaged.
    """
    found: list[_Block] = []
    for workdir in dict.fromkeys(workdirs):
        rows = rows_to_judge(workdir, progress.log)
        cells = {(row.recipe, row.recipe_id, row.stage, row.model, row.cell): row for row in rows}
        blocks = [one for row in cells.values() for one in _blocks(workdir, row, progress)]
        if lacking := {one.row.cell: one.row for one in blocks if one.lacks_predictions}:
            row = next(iter(lacking.values()))
            progress.log(
                f"{workdir}: an earlier version kept no predictions of {len(lacking)} measurements "
                f"(first: {row.stage}/{row.model}/{row.task}); only a run in another work folder "
                "repeats them"
            )
        found += blocks
    if not found:
        raise UsageError(
            f"{', '.join(map(str, workdirs))}: there are no outcomes",
            hint="run the recipe again; it repeats the measurements of earlier versions",
        )
    types = _types(one.outcomes for one in found)
    several = any(one.outcomes.columns[name].ndim > 1 for one in found for name in LABELS
                  if name in one.outcomes.columns)  # fmt: skip
    return [_record(one, types, several) for one in found]


def _blocks(workdir: Path, row: Row, progress: Progress) -> list[_Block]:
    """Return the outcomes of a measurement; say so if there are none."""
    blocks = cell_outcomes(workdir, row.cell)
    if blocks is None:
        progress.log(
            f"{workdir}: there are no outcomes of {row.stage}/{row.model}/{row.task}, "
            "because an earlier version measured it; run the recipe again"
        )
        return []
    predicted = cell_predicted(workdir, row.cell)
    found = []
    for one in blocks:
        texts = predicted.get(one.language, [])
        if texts and len(texts) != len(one):
            raise InvalidArtifactError(
                f"{workdir}: the predictions of {row.stage}/{row.model}/{row.task} in "
                f"{one.language} do not match its outcomes"
            )
        found.append(_Block(workdir, row, one, texts))
    return found


def _types(blocks: Iterable[Outcomes]) -> dict[str, np.dtype[Any]]:
    """Return one type for each column: flags that count in one kind of task are numbers in all."""
    found: dict[str, np.dtype[Any]] = {}
    for block in blocks:
        for name, column in block.columns.items():
            known = found.get(name, np.dtype(np.int64) if name in COUNTS else column.dtype)
            found[name] = np.result_type(known, column.dtype)
    return found


def _record(block: _Block, types: Mapping[str, np.dtype[Any]], several: bool) -> Record:
    """Return the columns of a block.

    Args:
        several: whether labels are lists, as in some block an example has several.
    """
    row, one = block.row, block.outcomes
    facts = {
        "workdir": str(block.workdir),
        "recipe": row.recipe,
        "recipe_id": row.recipe_id,
        "stage": row.stage,
        "model": row.model,
        "fingerprint": row.fingerprint,
        "seed": row.seed,
        "task": row.task,
        "language": one.language,
        "split": one.split,
        "layer": one.layer,
        "pooling": one.pooling,
    }
    columns: Record = {name: [value] * len(one) for name, value in facts.items()}
    columns["id"] = [str(name) for name in one.ids.tolist()]
    for name, column in one.columns.items():
        if name in LABELS:
            columns[name] = [_labels(value, one.labels, several) for value in column.tolist()]
        else:
            columns[name] = column.astype(types[name]).tolist()
    if block.predicted:
        columns["predicted"] = [[text] if several else text for text in block.predicted]
    return columns


def _labels(value: Any, labels: Sequence[str], several: bool) -> str | list[str]:
    if isinstance(value, list):
        return [label for label, applies in zip(labels, value, strict=False) if applies]
    label = labels[value] if 0 <= value < len(labels) else str(value)
    return [label] if several else label


def parquet(blocks: Sequence[Record], file: IO[bytes]) -> int:
    """Write one table; columns that a block does not have are empty there.

    Returns:
        The number of rows.
    """
    import pyarrow as pa
    from pyarrow.parquet import write_table

    tables = [pa.table(block) for block in blocks]
    table = pa.concat_tables(tables, promote_options="permissive")
    write_table(table, file, compression="zstd")
    return int(table.num_rows)
