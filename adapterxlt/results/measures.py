"""The output of an evaluate or retrieve step: numbers without the names of a recipe.

The same cell may be part of several recipes, so names are added when results are assembled.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.show import brief
from adapterxlt.store.files import write_json

MEASURES_NAME = "measures.json"
PREDICTIONS_FOLDER = "predictions"  # files in the form of a benchmark
METRICS_NAME = "metrics.json"  # of a trained step: how training went; of an artifact, its scores


def kept_epoch(folder: Path) -> tuple[int, int] | None:
    """Which epoch's weights a trained step kept as the best on dev, and of how many.

    None where the last was kept unseen, or the step left no such record.
    """
    try:
        dev = json.loads((folder / METRICS_NAME).read_text(encoding="utf-8"))["dev"]
        return int(dev["kept"]), len(dev["epochs"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of one cell; the fields mean what they mean in `results.rows.Row`."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(
        strict=True, extra="forbid", allow_inf_nan=False
    )

    language: str
    split: str
    metric: str
    main: bool
    value: float
    n: int
    layer: int | None = None
    contamination: str = ""
    pooling: str | None = None
    language_adapter: str | None = None
    precision: str | None = None

    def as_dict(self) -> dict[str, object]:
        """The measure as plain JSON data."""
        found = asdict(self)
        for key in ("language_adapter", "precision"):
            if found[key] is None:
                del found[key]
        return found


_MEASURES = TypeAdapter(list[Measure])


def write_measures(folder: Path, measures: Sequence[Measure]) -> None:
    """Write the measures of a finished cell."""
    write_json(folder / MEASURES_NAME, [measure.as_dict() for measure in measures])


def read_measures(folder: Path) -> list[Measure]:
    """Read them back in the order they were written.

    Raises:
        InvalidArtifactError: they are not there, or damaged, or a field has another type.
    """
    path = folder / MEASURES_NAME
    try:
        return _MEASURES.validate_json(path.read_bytes())
    except OSError as error:
        reason = brief(error)
    except ValidationError as error:
        first = error.errors()[0]
        where = "".join(f"[{at}]" if isinstance(at, int) else f".{at}" for at in first["loc"])
        reason = f"{brief(where)}: {brief(first['msg'])}" if where else brief(first["msg"])
    raise InvalidArtifactError(f"{path}: does not hold valid measures: {reason}")
