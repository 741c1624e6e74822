"""Writes predictions in the format of a benchmark's submission; `score` reads them back."""

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
    """Return the path of a task's language in a benchmark's submission, below its root folder.

    SQuAD asks for one file anywhere; here it is TASK/SPLIT-LANGUAGE.json.
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
    """Write one prediction per example: answers as JSON by id, others as one label or tag a line.

    Args:
        path: the file; its folder is created.
        examples: all examples, in the order of the input file.
        predictions: one per example, as `predict` returns them.
        odds: example id -> odds of "no answer"; written beside the file as FILE.null_odds.json.
    """
    if len(examples) != len(predictions):
        raise ValueError(f"{len(examples)} examples, but {len(predictions)} predictions")
    text = get_kind(task.kind).workings.submission(examples, predictions, task)
    write_atomic(path, text)
    if odds:
        beside = path.with_name(f"{path.stem}.null_odds.json")
        write_atomic(beside, json.dumps(odds, ensure_ascii=False, indent=1) + "\n")
