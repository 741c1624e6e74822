"""Several processes that train one stage: what one would have made, to rounding."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from adapterxlt.backbones.find import resolve_backbone
from adapterxlt.devices import check_devices
from adapterxlt.errors import MissingDeviceError
from adapterxlt.execution.ranks import device_of
from adapterxlt.execution.run import RunResult, run_recipe
from adapterxlt.plan.plan import resolve_sources
from adapterxlt.progress import Bar, Silent
from adapterxlt.recipe.load import load_recipe
from adapterxlt.store.store import Store

Run = Callable[..., RunResult]

STEPS, LR = 5, 0.001

LINES = [
    f"{'a dog and ' * number}a cat\t{'one ' * (number % 3)}dog\t{number % 2}"
    for number in range(1, 15)
]
# Ends a process that trains along, when it begins a step of a number.
KILLING = """
import os, sys
if "adapterxlt.execution.ranks" in sys.orig_argv:
    import adapterxlt.training.ranks as ranks
    before = ranks.Ranks.seed
    def seed(self, number, step):
        if step == 1:
            os.kill(os.getpid(), 9)
        before(self, number, step)
    ranks.Ranks.seed = seed
"""

# Prints more than a pipe holds, as NCCL may.
PRINTING = """
import os, sys
if "adapterxlt.execution.ranks" in sys.orig_argv:
    import adapterxlt.training.ranks as ranks
    before = ranks.Ranks.seed
    def seed(self, number, step):
        os.write(1, b"." * 100_000)
        before(self, number, step)
    ranks.Ranks.seed = seed
"""
# Finds no GPU.
DEVICELESS = """
import sys
if "adapterxlt.execution.ranks" in sys.orig_argv:
    import adapterxlt.devices as devices
    from adapterxlt.errors import MissingDeviceError
    def find_device(name):
        raise MissingDeviceError("there is no GPU")
    devices.find_device = find_device
"""


class _Broken(Silent):
    """Breaks a training after so many steps."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def bar(self, *args: object, **kwargs: object) -> Bar:
        bar, progress = super().bar(*args, **kwargs), self  # type: ignore[arg-type]

        def advance(amount: int, note: str = "") -> None:
            progress.steps -= amount
            if progress.steps == 0:
                raise KeyboardInterrupt

        bar.advance = advance  # type: ignore[method-assign]
        return bar


@pytest.fixture
def run(tmp_path: Path, tiny_backbone: Path) -> Run:
    """Trains on a backbone without dropout: what is random is each process's own."""
    backbone = tmp_path / "backbone"
    shutil.copytree(tiny_backbone, backbone)
    config = json.loads((backbone / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (backbone / "config.json").write_text(json.dumps(config))
    data = tmp_path / "data" / "pawsx"
    data.mkdir(parents=True)
    for split in ("train", "dev"):
        (data / f"{split}-en.tsv").write_text("\n".join(LINES) + "\n")

    def run(
        workdir: str, stages: str, progress: Silent | None = None, **settings: object
    ) -> RunResult:
        training = {"max_steps": STEPS, "batch_size": 5, "checkpoint_every": 2, "lr": LR} | settings
        recipe = tmp_path / "r.yaml"
        head = f"name: r\nbackbone: {backbone}\ndata: {data.parent}\ndevice: cpu\n"
        recipe.write_text(f"{head}training: {json.dumps(training)}\nstages:\n{stages}")
        found = resolve_backbone(str(backbone), tmp_path)
        loaded = load_recipe(recipe, find_backbone=lambda *_: found, look=True)
        sources = resolve_sources(loaded.recipe, loaded.base, found, loaded.used)
        return run_recipe(
            loaded.recipe, workdir=tmp_path / workdir, sources=sources, progress=progress
        )

    return run


def trained(store: Path) -> dict[str, tuple[dict[str, torch.Tensor], dict[str, object]]]:
    """Weights and figures of all trained stages, by address."""
    found = {}
    for entry in Store(store).entries():
        folder = Store(store).path(entry.fingerprint)
        weights = {
            f"{path.relative_to(folder)}/{key}": tensor
            for path in sorted(folder.rglob("*.safetensors"))
            for key, tensor in load_file(path).items()
        }
        found[entry.fingerprint] = weights, json.loads((folder / "metrics.json").read_text())
    return found


def assert_alike(one: Path, other: Path) -> None:
    first, second = trained(one), trained(other)
    assert first.keys() == second.keys()
    for address, (weights, figures) in first.items():
        others, told = second[address]
        assert weights.keys() == others.keys()
        for key, tensor in weights.items():
            # AdamW makes steps of one size even of gradients that are nothing but rounding.
            moved = LR * STEPS * tensor.numel() ** 0.5
            if not key.endswith("key.bias"):  # as those of biases of keys are
                assert (tensor.float() - others[key].float()).norm() <= 0.02 * moved, key
        mine, its = figures["training"], told["training"]
        assert (mine["steps"], mine["examples"]) == (its["steps"], its["examples"])
        assert mine["final_loss"] == pytest.approx(its["final_loss"], abs=1e-4)


def test_two_processes_train_what_one_would(run: Run, tmp_path: Path) -> None:
    stages = """
  adapter: {train: pawsx}
  other: {train: pawsx, seed: 2}
  whole: {train: pawsx, method: full, keep: best, devices: DEVICES}
  fused: {fuse: [adapter, other], train: pawsx, devices: DEVICES}
"""
    for name, devices in (("one", "1"), ("two", "2")):
        assert run(name, stages.replace("DEVICES", devices)).failed == {}
    assert_alike(tmp_path / "one/store", tmp_path / "two/store")
    assert not list((tmp_path / "two/store").rglob("ranks"))


def test_a_checkpoint_of_two_goes_on_in_one_and_back(run: Run, tmp_path: Path) -> None:
    stages = "  adapter: {train: pawsx}\n"
    run("whole", stages)
    for name, first, then in (("apart", 2, 1), ("joined", 1, 2)):
        with pytest.raises(KeyboardInterrupt):
            run(name, stages, _Broken(3), devices=first)
        lines: list[str] = []
        progress = Silent()
        progress.log = lines.append  # type: ignore[method-assign]
        run(name, stages, progress, devices=then)
        assert "adapter: resuming at step 2 of 5" in lines
        assert_alike(tmp_path / "whole/store", tmp_path / name / "store")


def test_a_process_that_dies_is_said(run: Run, at_start: Callable[[str], None]) -> None:
    at_start(KILLING)
    stages = "  adapter: {train: pawsx}\n"
    failed = run("two", stages, devices=2).failed["adapter"]
    assert failed.startswith("process 1 of this training failed; its log ends with:")


def test_a_process_without_its_device_is_said_before_the_training(
    run: Run, at_start: Callable[[str], None]
) -> None:
    at_start(DEVICELESS)
    failed = run("two", "  adapter: {train: pawsx}\n", devices=2).failed["adapter"]
    assert failed.startswith("process 1 of this training failed; its log ends with:")
    assert "MissingDeviceError: there is no GPU" in failed


def test_a_process_that_prints_much_does_not_wait_for_a_reader(
    run: Run, at_start: Callable[[str], None]
) -> None:
    at_start(PRINTING)
    assert run("two", "  adapter: {train: pawsx}\n", devices=2).failed == {}


def test_devices_are_counted_from_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapterxlt.devices.gpu_count", lambda: 3)
    check_devices(2, torch.device("cuda", 1))
    check_devices(8, torch.device("cpu"))
    assert device_of(torch.device("cuda", 1), 1) == "cuda:2"
    assert device_of(torch.device("cpu"), 1) == "cpu"
    with pytest.raises(
        MissingDeviceError, match="asks for 3 GPUs, and from `cuda:1` on there are 2"
    ):
        check_devices(3, torch.device("cuda", 1))
    with pytest.raises(MissingDeviceError, match="must be 1 on mps"):
        check_devices(2, torch.device("mps"))
