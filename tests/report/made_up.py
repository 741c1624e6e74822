"""A work folder of a study whose numbers were made up: results, outcomes, and trainings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np

from adapterxlt.plan.lineage import describe
from adapterxlt.results.kept import write_results
from adapterxlt.results.outcomes import Outcomes, write_outcomes
from adapterxlt.results.rows import Row
from adapterxlt.store.losses import course_of, note_course
from adapterxlt.store.manifest import Manifest
from adapterxlt.store.store import Store

LANGUAGES = ("en", "de", "es", "ru", "zh", "ar", "hi", "th", "sw", "ur")
INTERMEDIATES = ("none", "mnli", "squad", "commonsenseqa", "hellaswag", "mixed")
TARGETS = ("sib200", "xnli", "pawsx", "xcopa", "belebele")


def study(
    workdir: Path,
    *,
    intermediates: Sequence[str] = INTERMEDIATES,
    targets: Sequence[str] = TARGETS,
    languages: Sequence[str] = LANGUAGES,
    seeds: Sequence[int] = (1, 2, 3),
    examples: int = 300,
    layers: int = 5,
    grid: bool = False,
) -> Path:
    """Make it; returns the work folder. Gains grow with the place of both names.

    Args:
        grid: each intermediate model is trained on with every seed; else with its own.
    """
    draw = np.random.default_rng(1)
    rows: list[Row] = []
    for target in targets:
        level = {code: draw.uniform(0, 1, examples) - place * 0.02
                 for place, code in enumerate(languages)}  # fmt: skip
        for place, name in enumerate(intermediates):
            pairs = [(seed, seed) for seed in seeds]
            for first, seed in product(seeds, seeds) if grid and place else pairs:
                gain = 0.04 * (place - 2) * (place > 0) + draw.normal(0, 0.01)
                steps = _steps(name, target, first, seed)
                _train(workdir, steps)
                right = {
                    code: own + draw.normal(0, 0.15, examples) < 0.6 + gain
                    for code, own in level.items()
                }
                model = f"{name}_s{first}.{seed}" if grid and place else f"{name}_s{seed}"
                rows += _cell(workdir, steps, f"{target}_s{seed}", model, target, right, None,
                              f"none_s{seed}")  # fmt: skip
    for place, name in enumerate(intermediates if layers else ()):
        steps = _steps(name, "", seeds[0], seeds[0])
        ranks = {
            (code, layer): draw.uniform(0, 1, 100) < 0.2 + 0.1 * layer + 0.05 * place
            for code in languages[1:]
            for layer in range(layers)
        }
        rows += _cell(workdir, steps, "search", name, "tatoeba", {}, ranks, "none")
    write_results(workdir, "study", rows)
    return workdir


def _hash(*words: object) -> str:
    return hashlib.sha256(repr(words).encode()).hexdigest()


def _steps(name: str, target: str, first: int, seed: int) -> list[dict[str, object]]:
    steps: list[dict[str, object]] = []
    if name != "none":
        tasks = {"task": name}
        if name == "mixed":
            parts = [{"task": one, "language": "en", "cap": None} for one in ("mnli", "squad")]
            tasks = {"tasks": parts, "sampling": "equal"}  # type: ignore[dict-item]
        params = {**tasks, "method": "seq_bn", "seed": first}
        steps.append({"fingerprint": _hash(name, first), "kind": "train", "params": params,
                      "data": "", "origins": {}, "inputs": []})  # fmt: skip
    if target:
        below = [steps[0]["fingerprint"]] if steps else []
        params = {"task": target, "method": "seq_bn", "seed": seed}
        params |= {"relation": "after"} if below else {}
        address = _hash(name, target, first, seed)
        steps.append({"fingerprint": address, "kind": "train", "params": params,
                      "data": "", "origins": {}, "inputs": below})  # fmt: skip
    return steps


def _train(workdir: Path, steps: Sequence[dict[str, object]]) -> None:
    for number, step in enumerate(steps):
        address = str(step["fingerprint"])
        folder = workdir / "store" / address[:2] / address
        folder.mkdir(parents=True, exist_ok=True)
        epochs = [{"epoch": one, "step": 100 * one, "value": 50 + 8 * one - one**2,
               "scores": [{"n": 500}]}
                  for one in range(1, 5)]  # fmt: skip
        found = {"examples": 2000, "training": {"steps": 400, "final_loss": 0.4},
                 "dev": {"kept": 4, "epochs": epochs}}  # fmt: skip
        (folder / "metrics.json").write_text(json.dumps(found))
        noted = workdir / "store" / ".durations" / address
        noted.parent.mkdir(exist_ok=True)
        noted.write_text(f"{120 + 60 * number + int(address[:2], 16):.3f}\n")
        losses = [0.4 + 0.8 / (1 + step / 40) for step in range(400)]
        note_course(Store(workdir / "store"), address,
                    course_of(losses, [(one["step"], one["value"]) for one in epochs]))  # fmt: skip


def _cell(
    workdir: Path,
    steps: list[dict[str, object]],
    stage: str,
    model: str,
    task: str,
    right: dict[str, np.ndarray],
    ranks: dict[tuple[str, int], np.ndarray] | None,
    baseline: str,
) -> list[Row]:
    """One measurement: its folder in the store, and its rows."""
    address = _hash(stage, model, task)
    lineage = {"backbone": {"name": "made-up", "hash": "0" * 64}, "steps": steps}
    folder = workdir / "store" / address[:2] / address
    folder.mkdir(parents=True)
    blocks = [
        Outcomes(code, "test", np.arange(len(own)),
                 {"gold": np.ones(len(own), int), "predicted": own.astype(int)},
                 parallel=task != "pawsx")
        for code, own in right.items()
    ]  # fmt: skip
    blocks += [
        Outcomes(code, "test", np.arange(len(own)), {"rank": np.where(own, 1, 7)}, layer=layer)
        for (code, layer), own in (ranks or {}).items()
    ]
    write_outcomes(folder, blocks)
    Manifest(
        fingerprint=address, kind="evaluate" if ranks is None else "retrieve", title=stage,
        recipe="study", parts={}, lineage=lineage, files={}, environment={},
    )  # fmt: skip
    (folder / "manifest.json").write_text(
        Manifest(fingerprint=address, kind="evaluate", title=stage, recipe="study", parts={},
                 lineage=lineage, files={}, environment={}).text()
    )  # fmt: skip
    seedless = [(step["kind"], step["params"].get("task"), step["params"].get("tasks"))  # type: ignore[attr-defined]
                for step in steps]  # fmt: skip
    seed = steps[-1]["params"]["seed"] if steps else 1  # type: ignore[index]
    return [
        Row(
            recipe="study", stage=stage, model=model, task=task, language=block.language,
            split="test", data="made-up", metric="accuracy", main=True,
            value=100 * float((block.columns["rank"] == 1).mean() if ranks is not None
                              else block.columns["predicted"].mean()),
            n=len(block), seed=int(seed), protocol="zero-shot" if ranks is None else "xtreme-2020",
            layer=block.layer, trained_in=("en",) if steps else (), lineage=describe(lineage),
            fingerprint=str(steps[-1]["fingerprint"]) if steps else "",
            contamination="mnli 3 of 300 texts" if model.startswith("mnli") and
            block.language == "de" else "",
            baseline="" if model == baseline else baseline, caps="train 2000", cell=address,
            recipe_id=_hash("id")[:12], setup=_hash(seedless, task)[:16],
        )
        for block in blocks
    ]  # fmt: skip
