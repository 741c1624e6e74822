"""Tells what the makers of a backbone trained it on, and which of that was compared."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from adapterxlt.report.origins import origin_of
from adapterxlt.report.read import Run
from adapterxlt.results.cells import told_of_backbone

_FILES = re.compile(r" [0-9a-f]{16}$")  # the hash of the files that were there


@dataclass(frozen=True)
class Makers:
    """The data of the makers of a backbone; a task is named with its part, if that is another's.

    Args:
        compared: those whose texts the evaluations were compared with.
        absent: those of which the data folders had no files.
        hub: whether the data were also looked for on the Hub, where absent ones may have been.
        recorded: whether the store has what the recipe says; results can be shared without it.
    """

    backbone: str
    compared: tuple[str, ...]
    absent: tuple[str, ...]
    hub: bool
    recorded: bool


def makers_of(runs: Iterable[Run]) -> list[Makers]:
    """Return what is known of each backbone, once."""
    found: dict[Makers, None] = {}
    for run in runs:
        for row in run.rows:
            told = told_of_backbone(run.workdir, row.cell)
            if told is not None:  # a recipe has one backbone, so one measurement is enough
                break
        else:
            row, told = run.rows[0], None
        compared = tuple(_FILES.sub("", one) for one in told or () if _FILES.search(one))
        absent = tuple(one for one in told or () if not _FILES.search(one))
        hub = "hub" in row.data.split(", ")
        found[Makers(origin_of(row).backbone, compared, absent, hub, told is not None)] = None
    return list(found)
