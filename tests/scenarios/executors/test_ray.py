"""A Ray cluster of two nodes on this machine."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from adapterxlt.errors import UsageError
from adapterxlt.execution.away import WORKER_DIR
from adapterxlt.execution.executors.options import Options
from adapterxlt.execution.executors.ray import make
from adapterxlt.execution.run import RunResult
from adapterxlt.store.store import Store

ray = pytest.importorskip("ray", reason="ray is not installed")

Run = Callable[..., RunResult]

# Writes down which GPUs a process sees when it begins a step.
GPUS_SEEN = """
import os
def look(event, args):
    if event == "open" and isinstance(args[0], str) and args[0].endswith(".log"):
        path = os.path.join(os.environ["SEEN"], str(os.getpid()))
        if not os.path.exists(path):
            with open(path, "w") as out:
                out.write(os.environ.get("CUDA_VISIBLE_DEVICES", "all"))
import sys
sys.addaudithook(look)
"""


def contents(store: Path) -> dict[str, dict[str, str]]:
    """Hashes of the files of all entries."""
    return {
        entry.fingerprint: {name: record.sha256 for name, record in entry.files.items()}
        for entry in Store(store).entries()
    }


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head node that takes no steps, and one that takes one at a time."""
    from ray.cluster_utils import Cluster

    os.environ["OMP_NUM_THREADS"] = "1"
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    yield cluster
    cluster.shutdown()


@pytest.mark.slow
def test_a_node_that_dies_mid_stage_is_survived(run: Run, tmp_path: Path, cluster: Any) -> None:
    stages = "\n  direct: {train: pawsx}\n  scores: {evaluate: direct, on: pawsx}"
    with pytest.raises(UsageError, match=r"^stages.direct.resources: no node of the Ray cluster"):
        run("ray", make(Options(address=cluster.address)), stages)
    assert not (tmp_path / "ray/results.json").exists()

    run("alone", stages=stages)
    doomed = cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes(timeout=300)
    executor = make(Options(address=cluster.address))
    see, deaths, spare = executor._see_begun, [], list[Any]()
    (trained,) = [e for e in Store(tmp_path / "alone/store").entries() if e.title == "direct"]
    held = Store(tmp_path / "ray/store").lock(trained.fingerprint)  # so that it cannot end

    def kill_where_it_begins() -> None:
        see()
        if executor._begun and not deaths:
            deaths.append(set(executor._begun))
            spare.append(cluster.add_node(num_cpus=1))
            cluster.remove_node(doomed, allow_graceful=False)
            held.__exit__(None, None, None)

    executor._see_begun = kill_where_it_begins  # type: ignore[method-assign]
    held.__enter__()
    result = run("ray", executor, stages)
    assert deaths == [{"direct"}]
    assert not result.failed
    results = [(tmp_path / name / "results.json").read_bytes() for name in ("alone", "ray")]
    assert results[0] == results[1]
    log = next((tmp_path / "ray/logs").glob("*/direct.log")).read_text()
    assert log.count("direct on ") == 2, "it was begun again on the other node"
    cluster.remove_node(*spare)


@pytest.mark.slow
def test_nodes_without_a_shared_disk_work_through_a_remote(
    run: Run, tmp_path: Path, cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages = """
  nli: {train: mnli}
  direct: {train: pawsx}
  second: {train: pawsx, seed: 2}
  voted: {ensemble: [direct, second]}
  scores: {evaluate: [voted, direct], on: pawsx, languages: en}"""
    run("whole", stages=stages)
    doomed, other = (
        cluster.add_node(num_cpus=1, env_vars={WORKER_DIR: str(tmp_path / name)})
        for name in ("doomed", "other")
    )
    cluster.wait_for_nodes(timeout=300)
    url = str(tmp_path / "remote")
    first = ("nli", "direct", "second")
    entries = Store(tmp_path / "whole/store").entries()
    executor = make(Options(address=cluster.address))
    see, deaths, keepers = executor._see_begun, [], set()

    def kill_where_it_begins() -> None:
        see()
        keeper = ray._private.state.actors(executor._pieces._actor_id.hex())
        keepers.add(keeper["Address"]["NodeID"])
        logs = (tmp_path / "doomed/logs").glob("*/*.log")
        if not deaths and (begun := [log.stem for log in logs if " on " in log.read_text()]):
            deaths.extend(begun)
            cluster.remove_node(doomed, allow_graceful=False)

    executor._see_begun = kill_where_it_begins  # type: ignore[method-assign]
    with ExitStack() as held:
        for entry in entries:
            if entry.title in first:  # so that it cannot end there
                held.enter_context(Store(tmp_path / "doomed/store").lock(entry.fingerprint))
        result = run("ray", executor, stages, url)
    assert not result.failed
    assert deaths, "the node was never given a stage"
    assert keepers == {cluster.head_node.node_id}, "logs are kept where no node's death loses them"
    results = [(tmp_path / name / "results.json").read_bytes() for name in ("whole", "ray")]
    assert results[0] == results[1]
    assert contents(tmp_path / "whole/store") == contents(tmp_path / "ray/store")
    assert contents(tmp_path / "other/store").keys() <= contents(tmp_path / "ray/store").keys()
    log = next((tmp_path / "ray/logs").glob(f"*/{deaths[0]}.log")).read_text()
    assert f"{deaths[0]}: finished" in log, "it was sent from the node"
    costs = [json.loads((tmp_path / f"{name}/costs.json").read_text()) for name in ("whole", "ray")]
    whole, ray_ = ([cost["step"] for cost in one["costs"]] for one in costs)
    assert whole == ray_
    again = run("third", stages=stages, remote=url)
    assert (again.done, len(again.reused)) == ([], 6), "another work folder takes all from there"
    cluster.remove_node(other)


@pytest.mark.slow
def test_steps_with_gpus_have_processes_of_their_own(
    run: Run,
    tmp_path: Path,
    cluster: Any,
    monkeypatch: pytest.MonkeyPatch,
    at_start: Callable[[str], None],
) -> None:
    """Ray only counts the GPUs that a node says it has; torch finds none, and takes the CPU."""
    stages = """
  nli: {train: mnli, resources: {gpus: 0, cpus: 2}}
  direct: {train: pawsx}
  second: {train: pawsx, seed: 2}
  third: {train: pawsx, seed: 3}
  fourth: {train: pawsx, seed: 4, resources: {gpus: 0, cpus: 2}}"""
    seen = tmp_path / "seen"
    seen.mkdir()
    at_start(GPUS_SEEN)
    monkeypatch.setenv("SEEN", str(seen))
    node = cluster.add_node(num_cpus=2, num_gpus=2)  # nodes of other tests have one CPU
    cluster.wait_for_nodes(timeout=300)
    try:
        assert not run("gpus", make(Options(address=cluster.address)), stages).failed
    finally:
        cluster.remove_node(node)
    processes = {}
    for log in (tmp_path / "gpus/logs").glob("*/*.log"):
        (number,) = re.findall(r" on .*, process (\d+), ", log.read_text())
        processes[log.stem] = number
    on_gpus = [processes[name] for name in ("direct", "second", "third")]
    assert len(set(on_gpus)) == 3
    assert not {processes["nli"], processes["fourth"]} & set(on_gpus)
    assert {(seen / number).read_text() for number in on_gpus} <= {"0", "1"}
    assert (seen / processes["nli"]).read_text() == ""
