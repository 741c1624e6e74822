"""A Ray cluster of two nodes on this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from adapterxlt.errors import UsageError
from adapterxlt.execution.executors.options import Options
from adapterxlt.execution.executors.ray import make
from adapterxlt.execution.run import RunResult
from adapterxlt.store.store import Store

ray = pytest.importorskip("ray", reason="ray is not installed")

Run = Callable[..., RunResult]


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
    cluster.wait_for_nodes()
    executor = make(Options(address=cluster.address))
    see, deaths = executor._see_begun, []
    (trained,) = [e for e in Store(tmp_path / "alone/store").entries() if e.title == "direct"]
    held = Store(tmp_path / "ray/store").lock(trained.fingerprint)  # so that it cannot end

    def kill_where_it_begins() -> None:
        see()
        if executor._begun and not deaths:
            deaths.append(set(executor._begun))
            cluster.add_node(num_cpus=1)
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
