"""Reads what the store keeps about a measurement in addition to its rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.results.measures import MEASURES_NAME, Measure, read_measures
from adapterxlt.results.outcomes import OUTCOMES_NAME, Outcomes, read_outcomes
from adapterxlt.results.predicted import PREDICTED_NAME, read_predicted
from adapterxlt.results.setup import in_same_order
from adapterxlt.show import printable
from adapterxlt.store.inside import real_path
from adapterxlt.store.manifest import read_manifest
from adapterxlt.store.store import STORE_FOLDER, Store

_SEEDS = ("seed", "shot_seed", "start_seed")


def cell_outcomes(workdir: Path, cell: str) -> list[Outcomes] | None:
    """Return the outcomes of a measurement; None if it is missing or was made before outcomes were.

    Raises:
        InvalidArtifactError: the outcomes are damaged.
    """
    folder = _folder(workdir, cell)
    if folder is None:
        return None
    try:
        real_path(folder, OUTCOMES_NAME)
    except FileNotFoundError:
        return None
    return read_outcomes(folder)


def cell_measures(workdir: Path, cell: str) -> list[Measure]:
    """Return the values of a measurement; [] if the store does not have them undamaged."""
    folder = _folder(workdir, cell)
    if folder is None:
        return []
    try:
        real_path(folder, MEASURES_NAME)
        return read_measures(folder)
    except (FileNotFoundError, InvalidArtifactError):
        return []


def cell_predicted(workdir: Path, cell: str) -> dict[str, list[str]]:
    """Return the predictions of a measurement by language, where outcomes do not have them.

    Raises:
        InvalidArtifactError: the predictions are damaged.
    """
    folder = _folder(workdir, cell)
    if folder is None:
        return {}
    try:
        real_path(folder, PREDICTED_NAME)
    except FileNotFoundError:
        return {}
    return read_predicted(folder)


def seeds_behind(workdir: Path, cell: str) -> tuple[int, ...] | None:
    """Return the seeds of all stages trained for a measurement, in the order of training.

    A seed that drew shots comes before the seed of its stage. None if the store does not have this
    information.
    """
    folder = _folder(workdir, cell)
    if folder is None:
        return None
    try:
        return seeds_in(read_manifest(folder).lineage)
    except (InvalidArtifactError, OSError, TypeError, KeyError, ValueError, AttributeError):
        return None


def told_of_backbone(workdir: Path, cell: str) -> list[str] | None:
    """Return the data that the recipe of a measurement says its backbone was made with.

    Each has the form of `tasks.pretraining.told`. None if the store lacks the measurement.
    """
    folder = _folder(workdir, cell)
    if folder is None:
        return None
    try:
        steps: Any = read_manifest(folder).lineage["steps"]
        told = steps[-1]["params"].get("seen", [])
        return [printable(str(one)) for one in told]
    except (InvalidArtifactError, OSError, TypeError, LookupError, ValueError, AttributeError):
        return None


def params_behind(workdir: Path, cell: str) -> dict[str, str]:
    """Return the parameters of all steps of a measurement, without seeds: `mnli lr` -> `0.001`.

    Steps are called by their tasks, or else by their kinds; {} if the store does not have this.
    """
    folder = _folder(workdir, cell)
    if folder is None:
        return {}
    found: dict[str, str] = {}
    try:
        for step in in_same_order(read_manifest(folder).lineage):
            name = step["params"].get("task") or step["kind"]
            if f"{name} kind" in found:
                name = f"{name}, {step['params'].get('relation') or step['kind']}"
            for key, value in {**step["params"], "kind": step["kind"]}.items():
                if key not in _SEEDS:
                    found[printable(f"{name} {key}")] = printable(str(value))
    except (InvalidArtifactError, OSError, TypeError, KeyError, ValueError, AttributeError):
        return {}
    return found


def seeds_in(lineage: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the seeds in a lineage (`plan.lineage`), in an order that they do not change."""
    return tuple(seed for step in in_same_order(lineage) for seed in _seeds_of(step["params"]))


def _seeds_of(params: Mapping[str, Any]) -> list[int]:
    parts = params.get("tasks") or [params]
    found = [part.get("shot_seed") for part in parts] + [params.get("seed")]
    return [int(seed) for seed in found if seed is not None]


def _folder(workdir: Path, cell: str) -> Path | None:
    """Return a measurement's folder; the address is checked, as its file may come from anyone."""
    if not re.fullmatch("[0-9a-f]{64}", cell):
        return None
    folder = Store(workdir / STORE_FOLDER).path(cell)
    return folder if folder.is_dir() else None
