"""What Ray is asked for a step, on clusters with and without GPUs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from adapterxlt.errors import AdapterXLTError
from adapterxlt.execution.executors.ray import _check_resources
from adapterxlt.execution.executors.ray_resources import fits, options_of, resources_in
from adapterxlt.recipe.resources import Resources

CPUS, GPUS = [{"CPU": 8.0, "memory": 16e9}], [{"CPU": 8.0}, {"CPU": 4.0, "GPU": 2.0}]


@pytest.mark.parametrize(
    ("wanted", "device", "nodes", "gpus"),
    [
        (Resources(), "auto", CPUS, 0),
        (Resources(), "auto", GPUS, 1),
        (Resources(), "cuda", GPUS, 1),
        (Resources(), "cpu", GPUS, 0),
        (Resources(gpus=0), "auto", GPUS, 0),
        (Resources(gpus=2), "auto", GPUS, 2),
        (Resources(cpus=8), "auto", GPUS, 0),  # no node has both
        (Resources(cpus=8), "cuda", GPUS, 1),
        (Resources(), "auto", [{"CPU": 8.0}, {"GPU": 4.0}], 0),
    ],
)
def test_a_step_gets_a_gpu_where_there_are_some(
    wanted: Resources, device: str, nodes: list[dict[str, float]], gpus: int
) -> None:
    found = resources_in(wanted, device, nodes)
    assert (found.gpus, found.cpus) == (gpus, wanted.cpus or 1)


def test_a_step_fits_on_one_node() -> None:
    assert fits(Resources(cpus=4, gpus=2), GPUS)
    assert not fits(Resources(cpus=8, gpus=1), GPUS), "no node has both"
    assert fits(Resources(memory="16GB"), CPUS)
    assert not fits(Resources(memory="17GB"), CPUS)


def test_processes_see_their_gpus_and_no_others() -> None:
    with_gpus = options_of(Resources(cpus=2, gpus=1, memory="1GB"), GPUS)
    assert with_gpus == {
        "num_cpus": 2, "num_gpus": 1, "memory": 10**9,
        "runtime_env": {"env_vars": {"ADAPTERXLT_ON_GPU": "1"}},
    }  # fmt: skip
    hidden = options_of(Resources(cpus=1, gpus=0), GPUS)
    assert hidden["runtime_env"] == {"env_vars": {"CUDA_VISIBLE_DEVICES": ""}}
    assert options_of(Resources(cpus=1, gpus=0), CPUS) == {"num_cpus": 1, "num_gpus": 0}


@pytest.mark.parametrize(
    ("device", "nodes", "told"),
    [
        ("cuda:1", GPUS, "Ray chooses the GPU of each stage"),
        ("cuda", CPUS, "no node of the Ray cluster has a GPU"),
    ],
)
def test_devices_that_a_cluster_cannot_give(
    device: str, nodes: list[dict[str, float]], told: str
) -> None:
    ray: Any = SimpleNamespace(nodes=lambda: [{"Resources": node, "Alive": True} for node in nodes])
    step = SimpleNamespace(status="missing", step=SimpleNamespace(stage="a"))
    plan = SimpleNamespace(steps=[step])
    recipe = SimpleNamespace(resources_of=lambda stage: Resources())
    context: Any = SimpleNamespace(device=device, plan=plan, recipe=recipe)
    with pytest.raises(AdapterXLTError, match=told):
        _check_resources(ray, context)
    step.status = "done"
    _check_resources(ray, context)
