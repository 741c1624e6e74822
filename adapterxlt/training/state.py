"""The state that an exact resume restores: optimizer, schedule, random states."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

_MODEL, _OPTIMIZER, _RANDOM = "model/", "optimizer/", "random/"


def random_states() -> tuple[Tensor, Sequence[Tensor]]:
    """The random states of torch on the CPU and on the GPUs in use."""
    gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    return torch.get_rng_state(), gpus


def restore_states(states: tuple[Tensor, Sequence[Tensor]]) -> None:
    """Put `random_states` back."""
    torch.set_rng_state(states[0])
    if states[1]:
        torch.cuda.set_rng_state_all(states[1])


def trained_tensors(model: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters that are being trained, by name."""
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


def collect_tensors(
    model: nn.Module, optimizer: Optimizer, device: torch.device
) -> dict[str, Tensor]:
    """Return all tensors of a training's state, by name.

    Args:
        device: that it trains on. Of GPUs, the random state of this one is kept: another run may
            see other GPUs, or train on another of them.
    """
    found: dict[str, Tensor] = {}
    for name, parameter in trained_tensors(model).items():
        found[_MODEL + name] = parameter.detach()
        for key, value in optimizer.state.get(parameter, {}).items():
            found[f"{_OPTIMIZER}{key}/{name}"] = value
    found[_RANDOM + "torch"] = torch.get_rng_state()
    if device.type == "cuda":
        found[_RANDOM + "cuda"] = torch.cuda.get_rng_state(device)
    return found


def collect_json(optimizer: Optimizer, scheduler: LRScheduler) -> dict[str, Any]:
    """Return the rest of a training's state as JSON data; floats survive JSON exactly."""
    python = random.getstate()
    numpy: Any = np.random.get_state()
    schedule = {k: v for k, v in scheduler.state_dict().items() if k != "lr_lambdas"}
    return {
        "lr": [group["lr"] for group in optimizer.param_groups],
        "schedule": schedule,
        "python": [python[0], list(python[1]), python[2]],
        "numpy": [numpy[0], numpy[1].tolist(), *numpy[2:]],
    }


def restore_model(model: nn.Module, saved: Mapping[str, Tensor]) -> None:
    """Put the trained tensors back; KeyError if one is missing."""
    with torch.no_grad():
        for name, parameter in trained_tensors(model).items():
            parameter.copy_(saved[_MODEL + name])


def restore_optimizer(
    model: nn.Module,
    optimizer: Optimizer,
    scheduler: LRScheduler,
    saved: Mapping[str, Tensor],
    state: Mapping[str, Any],
) -> None:
    """Restore the optimizer's moments, the learning rates and the position in the schedule."""
    names = {id(parameter): name for name, parameter in trained_tensors(model).items()}
    moments: dict[str, dict[str, Tensor]] = {}
    for key, tensor in saved.items():
        if key.startswith(_OPTIMIZER):
            kind, name = key.removeprefix(_OPTIMIZER).split("/", 1)
            moments.setdefault(name, {})[kind] = tensor
    packed = optimizer.state_dict()
    packed["state"] = {}
    for group, packed_group, lr in zip(
        optimizer.param_groups, packed["param_groups"], state["lr"], strict=True
    ):
        packed_group["lr"] = lr
        for parameter, index in zip(group["params"], packed_group["params"], strict=True):
            if names[id(parameter)] in moments:
                packed["state"][index] = moments[names[id(parameter)]]
    optimizer.load_state_dict(packed)
    scheduler.load_state_dict({**scheduler.state_dict(), **state["schedule"]})


def restore_random(
    saved: Mapping[str, Tensor], state: Mapping[str, Any], device: torch.device
) -> None:
    """Restore the random states of Python, numpy and torch.

    Args:
        device: the device that continues the training.
    """
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
    name, keys, *rest = state["numpy"]
    np.random.set_state((name, np.array(keys, dtype=np.uint32), *rest))
    torch.set_rng_state(saved[_RANDOM + "torch"])
    if device.type == "cuda":
        earlier = f"{_RANDOM}cuda{device.index or 0}"  # as earlier versions wrote it
        found = saved.get(_RANDOM + "cuda", saved.get(earlier))
        if found is not None:
            torch.cuda.set_rng_state(found, device)
