"""A run killed at any moment goes on, and ends with the same bytes as an unbroken one."""

from __future__ import annotations

import os
import random
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.scenarios.program import Cli, count_events, kill, killed_at, start, there

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
sparse: {train: pawsx, method: 'sft[density=0.1]', after: full}
probe: {train: pawsx, method: head, after: over_nli}
lang_en: {train: {task: mlm, language: en}, method: seq_bn_inv}
lang_de: {train: {task: mlm, language: de}, method: seq_bn_inv}
madx: {train: pawsx, language_adapters: "lang_{language}", no_language_adapter: source}
words: {align: lex/en_de.tsv, layer: 1, method: 'lora[r=4]', batch_size: 4}
merged: {merge: [full, sparse], how: ties, density: 0.5}
voted: {ensemble: [direct, after_nli]}
scores:
  evaluate: [direct, after_nli, over_nli, full, fused, best, sparse, probe, madx, merged, voted]
  on: pawsx
pairs: {probe: [none, words], on: lex/en_de.tsv, layers: all}
guess: {suggest: [none, nli], on: pawsx, sample: 16}
search: {retrieve: [none, nli, full], on: tatoeba, max_length: 128}
"""


@pytest.mark.slow
def test_sigkill_at_random_moments(cli: Cli, recipe: Callable[..., Path], tmp_path: Path) -> None:
    path = recipe(STAGES)
    unbroken, broken = tmp_path / "unbroken", tmp_path / "broken"
    events = count_events(["run", path, "--workdir", unbroken], tmp_path, unbroken)

    moments = random.Random(7)
    arguments = ["run", path, "--workdir", broken]
    assert killed_at(events // 4, arguments, tmp_path, broken)
    for late in (0, 0.5, 0, 0.5):  # at something done to a file, and between such things
        number = moments.randint(1, events // 2)
        if not killed_at(number, arguments, tmp_path, broken, late=late):
            break
    last = cli("run", path, "--workdir", tmp_path / "broken")
    assert last.returncode == 0, last.stderr
    assert (broken / "results.json").read_bytes() == (unbroken / "results.json").read_bytes()
    assert weights(broken) == weights(unbroken)


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
        while process.poll() is None and not there(store, pattern):
            time.sleep(0.002)
        kill(process)
    assert cli("run", path, "--workdir", tmp_path / "broken").returncode == 0
    assert (tmp_path / "broken/results.json").read_bytes() == (
        tmp_path / "unbroken/results.json"
    ).read_bytes()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_exits_130_and_keeps_what_is_computed(
    cli: Cli, recipe: Callable[..., Path], tmp_path: Path, number: signal.Signals
) -> None:
    stages = "nli: {train: mnli, max_steps: 2}\nlong: {train: pawsx, epochs: 2000}"
    path, store = recipe(stages), tmp_path / "runs/store"
    process = start(["run", path, "--workdir", tmp_path / "runs"], tmp_path)
    entry, checkpoint = "[0-9a-f][0-9a-f]/*/manifest.json", ".staging/*/checkpoints/step-*"
    while process.poll() is None and not (there(store, entry) and there(store, checkpoint)):
        time.sleep(0.01)
    os.killpg(process.pid, number)
    _, err = process.communicate(timeout=1200)
    assert process.returncode == 130, err
    # Python itself prints one if Ctrl-C comes while it destroys an object.
    assert "Traceback" not in err or "Exception ignored in" in err
    assert "stopping after this training step" in err
    stopped = re.search(r"^long: (\d+)/\d+, .*stopped in", err, re.MULTILINE)
    assert stopped is not None
    assert [folder.name for folder in store.glob(checkpoint)] == [f"step-{int(stopped[1]):08d}"]
    plan = cli("plan", path, "--workdir", tmp_path / "runs")
    assert "1 of 2 steps are done" in plan.stdout
    assert re.search(rf" long .* to do, from step {stopped[1]} of \d+ ", plan.stdout)
