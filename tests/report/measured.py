"""A work folder in which only rows and outcomes are, as `report` reads them; a comparison."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from adapterxlt.report.comparisons import Comparison
from adapterxlt.results.outcomes import Outcomes, write_outcomes
from adapterxlt.results.rows import RESULTS_NAME, RESULTS_SCHEMA, Row
from adapterxlt.store.store import STORE_FOLDER, Store
from tests.report.rows import row


class Measured:
    """Add models, then `save`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.rows = folder, list[Row]()

    def add(
        self,
        model: str,
        cell: str,
        right: Mapping[str, np.ndarray],
        *,
        predicted: Mapping[str, np.ndarray] | None = None,
        **changed: Any,
    ) -> Measured:
        """Add a model of which each example is right or wrong, by language.

        Args:
            cell: names its measurement; the same name is the same measurement.
            right: whether each example is right; with `predicted`, its label.
        """
        address = hashlib.sha256(cell.encode()).hexdigest()
        blocks = []
        for code, own in right.items():
            columns = {"gold": np.ones(len(own), int), "predicted": own.astype(int)}
            if predicted is not None:
                columns = {"gold": own, "predicted": predicted[code]}
                own = own == predicted[code]
            place = {key: changed.get(key) for key in ("layer", "pooling")}
            blocks.append(Outcomes(code, "dev", np.arange(len(own)), columns, **place))
            made: Row = row(model, code, 100 * float(own.mean()))
            known = {"setup": model, "cell": address, "n": len(own)}
            self.rows.append(replace(made, **{**known, **changed}))
        folder = Store(self.folder / STORE_FOLDER).path(address)
        folder.mkdir(parents=True, exist_ok=True)
        write_outcomes(folder, blocks)
        return self

    def save(self) -> Path:
        """Write the rows; returns the work folder."""
        rows = [one.as_dict() for one in self.rows]
        content = json.dumps({"schema": RESULTS_SCHEMA, "rows": rows})
        (self.folder / RESULTS_NAME).write_text(content)
        return self.folder


def a_comparison(**figures: Any) -> Comparison:
    """A comparison over 400 examples whose other facts do not matter."""
    known: dict[str, Any] = {
        "recipe": "test", "model": "nli", "baseline": "direct", "task": "pawsx", "split": "dev",
        "metric": "accuracy", "languages": ("de",), "where": "zero-shot", "seeds": 1,
        "examples": 400, "points": 1.0, "low": 0.5, "high": 1.5, "low90": 0.6, "high90": 1.4,
        "p": 0.01, "p_corrected": 0.02, "interval": "", "verdict": "better", "better": 1,
        "variance": {"examples": 0.0, "seeds": 0.0, "languages": 0.0},
    }  # fmt: skip
    return Comparison(**{**known, **figures})
