"""What a step asks of Ray, and which GPUs its process sees. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapterxlt.devices import AUTO
from adapterxlt.recipe.resources import Resources

Nodes = Sequence[Mapping[str, float]]  # what each node has, as Ray says it


def resources_in(wanted: Resources, device: str, nodes: Nodes) -> Resources:
    """Return the resources of a step, those that it leaves open filled in.

    A step that may compute on a GPU gets one of a cluster that has GPUs, if a node has one beside
    what else it asks for. Otherwise all such steps would take the first GPU of their node, whoever
    else computes there.

    Args:
        device: of the run.
        nodes: what the nodes of the cluster have.
    """
    one = wanted.over(Resources(cpus=1, gpus=1))
    if wanted.gpus is not None or (has_gpus(nodes) and device == "cuda"):
        return one
    return one if device == AUTO and fits(one, nodes) else wanted.over(Resources(cpus=1, gpus=0))


def has_gpus(nodes: Nodes) -> bool:
    """Whether a node has a GPU."""
    return any(node.get("GPU", 0) > 0 for node in nodes)


def fits(wanted: Resources, nodes: Nodes) -> bool:
    """Whether a node has what a step asks for."""
    asked = {"CPU": wanted.cpus or 0, "GPU": wanted.gpus or 0, "memory": wanted.bytes or 0}
    return any(all(node.get(key, 0) >= value for key, value in asked.items()) for node in nodes)


def options_of(wanted: Resources, nodes: Nodes) -> dict[str, Any]:
    """Return the options of a Ray task.

    Ray gives a task its GPUs by a variable that CUDA reads once in a process. So a task with GPUs
    must have a process of its own: its function has `max_calls=1`, and `runtime_env` keeps it from
    processes that did other tasks before. A task without GPUs must see none.
    """
    found: dict[str, Any] = {"num_cpus": wanted.cpus, "num_gpus": wanted.gpus}
    if wanted.bytes:
        found["memory"] = wanted.bytes
    if wanted.gpus:
        found["runtime_env"] = {"env_vars": {"ADAPTERXLT_ON_GPU": "1"}}
    elif has_gpus(nodes):
        found["runtime_env"] = {"env_vars": {"CUDA_VISIBLE_DEVICES": ""}}
    return found
