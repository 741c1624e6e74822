"""The outcome of a run. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from adapterxlt.results.costs import Cost
from adapterxlt.results.rows import Row


@dataclass
class RunResult:
    """What a run did.

    Args:
        rows: all measured numbers of the recipe, those of earlier runs included.
        done: ids of the steps that were computed now.
        reused: ids of the steps whose results the store already had.
        failed: the reason for each failed step, by its id.
        skipped: ids of the steps that needed a failed one.
        results: path of the results file.
        outputs: the artifact folder of every trained step, by its id.
        predictions: folders with prediction files: one for each stage and model that writes some.
        models: the address in the store of every stage that makes a model, by its id. It is there
            whether the stage ran or not.
        costs: what each of its steps cost where it was computed, now or earlier.
    """

    rows: list[Row]
    results: Path
    done: list[str] = field(default_factory=list)
    reused: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    outputs: dict[str, Path] = field(default_factory=dict)
    predictions: list[Path] = field(default_factory=list)
    models: dict[str, str] = field(default_factory=dict)
    costs: list[Cost] = field(default_factory=list)

    def sort(self, order: Sequence[str]) -> None:
        """Sort the steps in the order of the plan, as parallel steps end in any order."""
        place = {step: number for number, step in enumerate(order)}
        for ids in (self.done, self.reused, self.skipped):
            ids.sort(key=place.__getitem__)
        self.failed = dict(sorted(self.failed.items(), key=lambda item: place[item[0]]))
        self.outputs = dict(sorted(self.outputs.items(), key=lambda item: place[item[0]]))
