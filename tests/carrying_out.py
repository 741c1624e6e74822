"""Small recipes carried out by any executor, and workers that are killed; for several conftests."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from adapterxlt.backbones.find import resolve_backbone
from adapterxlt.execution.executors.executor import Executor
from adapterxlt.execution.run import RunResult, run_recipe
from adapterxlt.plan.plan import resolve_sources
from adapterxlt.recipe.load import load_recipe
from adapterxlt.sharing.cache import Remotes

Run = Callable[..., RunResult]

STAGES = """
  nli: {train: mnli}
  direct: {train: pawsx}
  after_nli: {train: pawsx, after: nli}
  scores: {evaluate: [direct, after_nli], on: pawsx, languages: en}
"""

# Ends its process just as SIGKILL does at its n-th look at a file of the store, n by the
# process's turn; where the turns are over, nothing happens.
KILLING = """
import os, pathlib, signal, sys
turns = pathlib.Path(os.environ["TURNS"])
events, count = 0, 0
if "adapterxlt.execution.worker" in sys.orig_argv:
    for file in sorted(turns.iterdir()):
        try:
            events = int(file.read_text())
            file.unlink()
            break
        except OSError:
            continue

def heed(event, args):
    global count
    if events and any(isinstance(arg, str) and os.environ["PLACE"] in arg for arg in args):
        count += 1
        if count == events:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(heed)
"""


@pytest.fixture
def run(tmp_path: Path, tiny_backbone: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs stages on four lines of data a file, in a work folder of a name."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    data = tmp_path / "data"
    for name, text in {
        "xnli/train-en.tsv": "a dog\tan animal\tentailment\nno dog\ta dog\tcontradiction\n" * 2,
        "pawsx/train-en.tsv": "a dog\tone dog\t1\na dog\ta cat\t0\n" * 2,
        "pawsx/dev-en.tsv": "a dog\tone dog\t1\na dog\ta cat\t0\n" * 2,
    }.items():
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text(text)

    def run(
        workdir: str, executor: Executor | None = None, stages: str = STAGES, remote: str = ""
    ) -> RunResult:
        recipe = tmp_path / "r.yaml"
        head = f"name: r\nbackbone: {tiny_backbone}\ndata: {data}\n"
        recipe.write_text(f"{head}training: {{max_steps: 2}}\nstages:{stages}")
        backbone = resolve_backbone(str(tiny_backbone), tmp_path)
        loaded = load_recipe(recipe, find_backbone=lambda *_: backbone, look=True)
        sources = resolve_sources(loaded.recipe, loaded.base, backbone, loaded.used)
        recipe.unlink()  # those who carry it out must not read it anew
        return run_recipe(
            loaded.recipe,
            workdir=tmp_path / workdir,
            sources=sources,
            executor=executor,
            remotes=Remotes((remote,), remote) if remote else Remotes(),
        )

    return run


@pytest.fixture
def at_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Have every Python process that is started later run a program first."""

    def put(program: str) -> None:
        site = tmp_path / "site"
        site.mkdir(exist_ok=True)
        (site / "sitecustomize.py").write_text(program)
        path = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])
        monkeypatch.setenv("PYTHONPATH", path)

    return put


@pytest.fixture
def kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_start: Callable[[str], None]
) -> Callable[[list[int]], None]:
    """Have the first worker killed at an event of the first number, the second, and so on."""
    (tmp_path / "turns").mkdir()

    def kill(numbers: list[int]) -> None:
        for turn, number in enumerate(numbers):
            (tmp_path / "turns" / f"{turn:03}").write_text(str(number))
        at_start(KILLING)
        monkeypatch.setenv("TURNS", str(tmp_path / "turns"))
        monkeypatch.setenv("PLACE", str(tmp_path / "killed" / "store"))

    return kill
