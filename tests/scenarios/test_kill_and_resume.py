"""A run killed at any moment goes on, and ends with the same bytes as an unbroken one."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.scenarios.program import Cli, kill, start

# Each starts the program several times; a busy machine takes long to do that.
pytestmark = pytest.mark.timeout(1500)

STAGES = """
nli: {train: mnli}
direct: {train: pawsx}
after_nli: {train: pawsx, after: nli}
over_nli: {train: pawsx, stack_on: nli, method: 'lora[r=4]'}
full: {train: pawsx, method: full, keep: best}
best: {train: [xnli, pawsx], keep: best, dev_cap: 16}
fused: {fuse: [nli, direct], train: pawsx}
scores: {evaluate: [direct, after_nli, over_nli, full, fused, best], on: pawsx}
search: {retrieve: [none, nli, full], on: tatoeba, max_length: 128}
"""


@pytest.mark.slow
def test_sigkill_at_random_moments(cli: Cli, recipe: Callable[..., Path], tmp_path: Path) -> None:
    path = recipe(STAGES)
    begin = time.monotonic()
    unbroken = cli("run", path, "--workdir", tmp_path / "unbroken")
    took = time.monotonic() - begin
    assert unbroken.returncode == 0, unbroken.stderr

    # The first kill comes once work has begun: loading the libraries is not what is tested.
    moments = random.Random(7)
    kills = 0
    for _ in range(5):
        process = start(["run", path, "--workdir", tmp_path / "broken"], tmp_path)
        time.sleep(moments.uniform(0.35, 0.9) * took)
        kills += kill(process)
        if process.returncode == 0:
            break
    assert kills > 0
    last = cli("run", path, "--workdir", tmp_path / "broken")
    assert last.returncode == 0, last.stderr
    assert (tmp_path / "broken/results.json").read_bytes() == (
        tmp_path / "unbroken/results.json"
    ).read_bytes()
    assert weights(tmp_path / "broken") == weights(tmp_path / "unbroken")


def weights(workdir: Path) -> dict[str, bytes]:
    """Bytes of every weight file of a work folder, by path in the store."""
    store = workdir / "store"
    return {
        path.relative_to(store).as_posix(): path.read_bytes()
        for path in store.glob("[0-9a-f][0-9a-f]/*/**/*.safetensors")
    }


@pytest.mark.slow
def test_sigkill_while_saving_and_evaluating(
    cli: Cli, recipe: Callable[..., Path], tmp_path: Path
) -> None:
    path = recipe("nli: {train: mnli}\nscores: {evaluate: nli, on: xnli}")
    assert cli("run", path, "--workdir", tmp_path / "unbroken").returncode == 0
    store = tmp_path / "broken" / "store"
    # Each moment is something that appears in the store while a step is at work.
    for pattern in (".staging/*/checkpoints/*", ".staging/*/out/*", ".staging/*/partial/*"):
        process = start(["run", path, "--workdir", tmp_path / "broken"], tmp_path)
        while process.poll() is None and not any(store.glob(pattern)):
            time.sleep(0.002)
        kill(process)
    assert cli("run", path, "--workdir", tmp_path / "broken").returncode == 0
    assert (tmp_path / "broken/results.json").read_bytes() == (
        tmp_path / "unbroken/results.json"
    ).read_bytes()


def test_ctrl_c_exits_130_and_keeps_what_is_finished(
    cli: Cli, recipe: Callable[..., Path], tmp_path: Path
) -> None:
    path = recipe("nli: {train: mnli}\nlong: {train: pawsx, epochs: 2000}")
    process = start(["run", path, "--workdir", tmp_path / "runs"], tmp_path)
    while process.poll() is None and not any(
        (tmp_path / "runs/store").glob("[0-9a-f][0-9a-f]/*/manifest.json")
    ):
        time.sleep(0.01)
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    plan = cli("plan", path, "--workdir", tmp_path / "runs")
    assert "1 of 2 steps are done" in plan.stdout
