"""What the checks and the measurements share: models, inputs, and a table of what came out."""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

LABELS = ("entailment", "neutral", "contradiction")
KIND = "pair_classification"


def make_inputs(count: int, vocabulary: int, seed: int = 0) -> list[tuple[list[int], int]]:
    """Token ids and labels; lengths are spread as those of MNLI in XLM-R's pieces are."""
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        length = min(128, max(8, round(rng.lognormvariate(3.6, 0.5))))
        ids = [rng.randrange(10, vocabulary) for _ in range(length - 2)]
        made.append(([0, *ids, 2], rng.randrange(len(LABELS))))
    return made


def features_of(inputs: Sequence[tuple[list[int], int]]) -> list[Any]:
    """The same as inputs of this project."""
    from adapterxlt.kinds.features import Feature

    return [Feature(index, [ids], label) for index, (ids, label) in enumerate(inputs)]


def build(folder: Path, method: str, device: str, seed: int = 1) -> Any:
    """A model to train, on a device."""
    from adapterxlt.backbones.check import inspect_backbone
    from adapterxlt.models.build import HeadSpec, build_train

    head = HeadSpec(kind=KIND, labels=LABELS, task="nli")
    backbone = inspect_backbone("random", folder)
    built = build_train(backbone, method=method, name="nli", head=head, seed=seed)
    built.model.to(device)
    return built


def train(built: Any, features: list[Any], folder: Path, **settings: Any) -> Any:
    """Train with the project's own functions; returns its report."""
    from adapterxlt.progress import Silent
    from adapterxlt.recipe.schema import Training
    from adapterxlt.training.train import TaskInputs
    from adapterxlt.training.train import train as train_built

    progress = settings.pop("progress", Silent())
    given = {"lr": 1e-4, "epochs": 1, "seed": 1, "checkpoint_every": 10**6, **settings}
    return train_built(
        built,
        [TaskInputs(features, KIND)],
        Training(**given),
        checkpoints=folder,
        progress=progress,
    )


def wait_for(device: str) -> None:
    """Until all that was asked of the device is done."""
    if device.startswith("cuda"):
        import torch

        torch.cuda.synchronize()


def clock(device: str) -> float:
    """Seconds, once the device is done."""
    wait_for(device)
    return time.perf_counter()


def machine(device: str) -> str:
    """The card, or the processor's cores, and torch's version."""
    import os

    import torch

    name = torch.cuda.get_device_name() if device.startswith("cuda") else f"{os.cpu_count()} cores"
    return f"{name}, torch {torch.__version__}, {time.strftime('%Y-%m-%d')}"


def show(title: str, columns: Sequence[str], rows: Sequence[dict[str, Any]], out: Path) -> None:
    """Print a table and leave the rows as JSON."""
    print(f"\n{title}\n")
    print("| " + " | ".join(columns) + " |")
    print("|" + " --- |" * len(columns))
    for row in rows:
        print("| " + " | ".join(str(row.get(column, "")) for column in columns) + " |")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps({"title": title, "rows": rows}, indent=1) + "\n", encoding="utf-8")
