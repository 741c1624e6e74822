"""Writes predictions in the form of a benchmark's submission; `score` reads them back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from adapterxlt.benchmarks.registry import SQUAD, spec_of
from adapterxlt.kinds.facts import Example
from adapterxlt.kinds.registry import get_kind
from adapterxlt.store.files import write_atomic
from adapterxlt.tasks.catalogue import Task

if TYPE_CHECKING:
    from adapterxlt.kinds.workings import Prediction


def submission_file(benchmark: str, task: Task, language: str, split: str) -> Path:
    """Where a benchmark's submission keeps a language of a task, below its root folder.

    SQuAD wants one file, wherever it is: TASK/SPLIT-LANGUAGE.json.
    """
    if benchmark == SQUAD:
        return Path(task.name) / f"{split}-{language}.json"
    spec = spec_of(benchmark, task.name)
    if spec is None:
        raise ValueError(f"{benchmark} has no task {task.name}")
    return Path(spec.name) / spec.prediction_file(language, split)


def write_submission(
    path: Path,
    task: Task,
    examples: Sequence[Example],
    predictions: Sequence[Prediction],
    odds: Mapping[str, float] | None = None,
) -> None:
    """Write one prediction an example: answers as JSON by id, else one label (tag) a line.

    Args:
        path: the file; its folder is made.
        examples: in the order of the input file, none left out.
        predictions: one per example, as `predict` returns them.
        odds: by example id, for "no answer"; written beside the file, as FILE.null_odds.json.
    """
    if len(examples) != len(predictions):
        raise ValueError(f"{len(examples)} examples, but {len(predictions)} predictions")
    text = get_kind(task.kind).workings.submission(examples, predictions, task)
    write_atomic(path, text)
    if odds:
        beside = path.with_name(f"{path.stem}.null_odds.json")
        write_atomic(beside, json.dumps(odds, ensure_ascii=False, indent=1) + "\n")
