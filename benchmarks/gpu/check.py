"""Whether a GPU gives what the CPU gives: benchmarks/gpu/check.py [--device cuda] [--out FILE]

Trains on the bundled data and backbone, and on random models; exits with 1 where a check fails.
With `--device cpu` everything runs on the CPU, small, to see that the script itself works.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from setting import (
    KIND,
    ROOT,
    build,
    features_of,
    machine,
    make_inputs,
    show,
    train,
)

from benchmarks.backbone import MINI, make_backbone

Check = Callable[[Path, str], tuple[bool, str]]


def _pairs(split: str, count: int) -> list[Any]:
    from adapterxlt.tasks.catalogue import get_task
    from adapterxlt.tasks.read import read_examples
    from adapterxlt.tasks.roots import resolve_roots

    task = get_task("mnli" if split == "train" else "xnli")
    return read_examples(task, resolve_roots(["pocket"], ROOT), "en", split)[:count]


def _trained(folder: Path, device: str, **settings: Any) -> Any:
    """An adapter on `mini` that has learnt something of the bundled NLI pairs."""
    from adapterxlt.batching.encode import encode

    built = build(MINI, "seq_bn", device)
    pairs = _pairs("train", 1200)
    features = encode(pairs, built.tokenizer, KIND, max_length=64, doc_stride=8, labelled=True)
    train(built, features, folder, **{"lr": 1e-3, "epochs": 2, **settings})
    return built


def _predicted(built: Any) -> list[int]:
    from adapterxlt.evaluation.predict import predict
    from adapterxlt.progress import Silent
    from adapterxlt.tasks.catalogue import get_task

    found = predict(
        built, _pairs("dev", 200), get_task("xnli"),
        max_length=64, doc_stride=8, token_budget=4096, progress=Silent(),
    )  # fmt: skip
    return [int(each) for each in found if isinstance(each, int)]


def _differ(one: list[int], other: list[int]) -> int:
    return sum(a != b for a, b in zip(one, other, strict=True))


def device_is_used(folder: Path, device: str) -> tuple[bool, str]:
    import torch

    built = _trained(folder, device, max_steps=3)
    where = {str(parameter.device.type) for parameter in built.model.parameters()}
    if not device.startswith("cuda"):
        return where == {device}, f"all parameters on {where}"
    peak = torch.cuda.max_memory_allocated() >> 20
    return where == {"cuda"} and peak > 20, f"all parameters on {where}, peak {peak} MiB"


def predictions_are_those_of_the_cpu(folder: Path, device: str) -> tuple[bool, str]:
    built = _trained(folder, device)
    here = _predicted(built)
    built.model.to("cpu")
    count = _differ(here, _predicted(built))
    return count == 0, f"{count} of {len(here)} labels differ"


def goes_on_after_a_kill(folder: Path, device: str) -> tuple[bool, str]:
    import torch

    from adapterxlt.progress import Silent

    class Broken(Silent):
        def bar(self, *args: Any, **kwargs: Any) -> Any:
            bar, left = super().bar(*args, **kwargs), [25]

            def advance(amount: int, note: str = "") -> None:
                left[0] -= amount
                if left[0] == 0:
                    raise KeyboardInterrupt

            bar.advance = advance  # type: ignore[method-assign]
            return bar

    whole = _trained(folder / "whole", device, max_steps=40)
    settings = {"max_steps": 40, "checkpoint_every": 10}
    try:
        _trained(folder / "broken", device, progress=Broken(), **settings)
        return False, "it was not broken off"
    except KeyboardInterrupt:
        resumed = _trained(folder / "broken", device, **settings)
    pairs = zip(whole.model.parameters(), resumed.model.parameters(), strict=True)
    most = max(float((one - other).detach().abs().max()) for one, other in pairs)
    torch.manual_seed(0)
    return most <= 1e-4, f"weights differ by {most:.1e} at most from those of an unbroken run"


def bf16_says_nearly_the_same(folder: Path, device: str) -> tuple[bool, str]:
    built = _trained(folder / "fp32", device)
    exact = _predicted(built)
    built.precision = "bf16"
    used = _differ(exact, _predicted(built))
    rough = _predicted(_trained(folder / "bf16", device, precision="bf16"))
    gold = [pair.label for pair in _pairs("dev", 200)]
    right = [100 * (1 - _differ(found, gold) / len(gold)) for found in (exact, rough)]
    count = _differ(exact, rough)
    said = f"{count} of {len(gold)} labels differ; accuracy {right[0]:.1f} and {right[1]:.1f}; "
    said += f"trained in fp32 and used in bf16, {used} differ"
    return abs(right[0] - right[1]) <= 5 and used <= len(gold) // 50, said


def memory_that_does_not_suffice_halves_the_budget(folder: Path, device: str) -> tuple[bool, str]:
    import torch

    from adapterxlt.progress import Silent

    lines: list[str] = []
    progress = Silent()
    progress.log = lines.append  # type: ignore[method-assign]
    backbone = make_backbone(folder / "backbone", "base" if device != "cpu" else "tiny")
    features = features_of(make_inputs(64, 5000))
    if not device.startswith("cuda"):
        return True, "the memory of a CPU is not limited here"
    built = build(backbone, "seq_bn", device)
    torch.cuda.empty_cache()
    held = torch.cuda.memory_reserved() / torch.cuda.get_device_properties(0).total_memory
    limit = held + 0.6 * 2**30 / torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(limit)
    try:
        report = train(
            built, features, folder / "run", batch_size=64, token_budget=65536, progress=progress
        )
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    return bool(lines) and report.steps == 1, lines[-1] if lines else "it was never halved"


def large_models_train(folder: Path, device: str) -> tuple[bool, str]:
    import math

    backbone = make_backbone(folder / "backbone", "large" if device != "cpu" else "tiny")
    features = features_of(make_inputs(64, 5000))
    said = []
    for method in ("seq_bn", "lora", "full"):
        built = build(backbone, method, device)
        report = train(built, features, folder / method, precision="auto", max_steps=2)
        said.append(f"{method} loss {report.final_loss:.2f} in {report.precision}")
        if not math.isfinite(report.final_loss):
            return False, said[-1]
        del built
    return True, ", ".join(said)


def exact_search_finds_the_same_pairs(folder: Path, device: str) -> tuple[bool, str]:
    """Vectors with many equal scores, and real ones that differ by less than rounding."""
    import time

    import numpy as np

    from adapterxlt.search.exact import exact_neighbours
    from adapterxlt.search.rows import ArrayRows

    rng, said, good = np.random.default_rng(1), [], True
    count = 20_000 if device.startswith("cuda") else 3_000
    near = rng.normal(size=(1, 64)) + 1e-4 * rng.normal(size=(count // 8, 64))
    for name, vectors in {
        "ties": rng.integers(-2, 3, (count, 8)),
        "near": near,
        "real": rng.normal(size=(count, 384)),
    }.items():
        rows = vectors.astype(np.float32)
        sides = ArrayRows(rows[::2]), ArrayRows(rows[1::2])
        begun = time.monotonic()
        there = exact_neighbours(*sides, 4, device=device)
        middle = time.monotonic()
        here = exact_neighbours(*sides, 4)
        times = f"{middle - begun:.1f} s, CPU {time.monotonic() - middle:.1f} s"
        same = all(
            one.tobytes() == other.tobytes()
            for found, expected in zip(there, here, strict=True)
            for one, other in zip(found, expected, strict=True)
        )
        good = good and same
        said.append(f"{name}: {'same' if same else 'OTHER'}, {times}")
    return good, "; ".join(said)


RECIPE = """
name: check
backbone: mini
data: pocket
training: {lr: 1e-3, max_steps: 20, max_length: 64}
stages:
  nli: {train: mnli}
  direct: {train: pawsx, precision: auto}
  scores: {evaluate: [direct], on: pawsx, languages: [en, de], cap: 100}
"""
SEARCH = "  search: {retrieve: [none, nli], on: tatoeba, languages: [de]}"


def a_recipe_runs_as_on_the_cpu(folder: Path, device: str) -> tuple[bool, str]:
    """In processes of their own: the first thing that they do with the device is a step."""
    import json

    recipe, found = folder / "check.yaml", {}
    recipe.write_text(RECIPE + (SEARCH if importlib.util.find_spec("faiss") else ""))
    for name, options in {
        "cpu": ["--device", "cpu"],
        "one": ["--device", device],
        "two": ["--device", device.partition(":")[0], "--jobs", "2"],
    }.items():
        program = "from adapterxlt.cli.main import main; main()"
        workdir = folder / name
        command = ["run", str(recipe), "--workdir", str(workdir), *options]
        done = subprocess.run(
            [sys.executable, "-c", program, *command],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            return False, f"{name}: {(done.stdout + done.stderr)[-300:]}"
        rows = json.loads((workdir / "results.json").read_text())["rows"]
        found[name] = [row["value"] for row in rows if row["main"]]
    most = [
        max(abs(one - other) for one, other in zip(found["cpu"], found[name], strict=True))
        for name in ("one", "two")
    ]
    said = f"{len(found['cpu'])} scores differ by {most[0]:.1f} points at most from the CPU's, "
    return max(most) <= 5, said + f"and by {most[1]:.1f} with two processes"


CHECKS: tuple[Check, ...] = (
    a_recipe_runs_as_on_the_cpu,
    device_is_used,
    predictions_are_those_of_the_cpu,
    goes_on_after_a_kill,
    bf16_says_nearly_the_same,
    memory_that_does_not_suffice_halves_the_budget,
    large_models_train,
    exact_search_finds_the_same_pairs,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--out", type=Path, default=Path("check.json"))
    arguments = parser.parse_args()
    rows = []
    for check in CHECKS:
        with tempfile.TemporaryDirectory() as folder:
            try:
                good, said = check(Path(folder), arguments.device)
            except Exception as error:  # the others are still to be seen
                traceback.print_exc()
                good, said = False, f"{type(error).__name__}: {error}"
        name = check.__name__.replace("_", " ")
        rows.append({"check": name, "good": "yes" if good else "NO", "what was seen": said})
    title = f"Checks on {machine(arguments.device)}"
    show(title, ("check", "good", "what was seen"), rows, arguments.out)
    sys.exit(any(row["good"] == "NO" for row in rows))


if __name__ == "__main__":
    main()
