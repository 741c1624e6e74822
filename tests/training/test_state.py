"""Random states in checkpoints; there need not be a GPU."""

from __future__ import annotations

import pytest
import torch

from adapterxlt.training.state import (
    collect_json,
    collect_tensors,
    restore_random,
)


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> dict[int, torch.Tensor]:
    """The random states of three GPUs, as torch would tell of them."""
    found = {number: torch.full((4,), number, dtype=torch.uint8) for number in range(3)}
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda device: found[device.index])
    monkeypatch.setattr(
        torch.cuda,
        "set_rng_state",
        lambda state, device: found.__setitem__(device.index, state.clone()),
    )
    return found


def parts() -> tuple[torch.nn.Module, torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """The smallest training."""
    model = torch.nn.Linear(1, 1)
    optimizer = torch.optim.AdamW(model.parameters())
    return model, optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)


def test_a_training_goes_on_on_another_gpu_with_its_random_numbers(
    states: dict[int, torch.Tensor],
) -> None:
    model, optimizer, schedule = parts()
    saved = collect_tensors(model, optimizer, torch.device("cuda", 2))
    state = collect_json(optimizer, schedule)
    restore_random(saved, state, torch.device("cuda", 0))
    assert [int(states[number][0]) for number in range(3)] == [2, 1, 2]

    torch.manual_seed(5)
    here = collect_tensors(model, optimizer, torch.device("cpu"))
    first = torch.rand(3)
    restore_random(here, collect_json(optimizer, schedule), torch.device("cuda", 1))
    assert torch.equal(torch.rand(3), first), "what the GPU needs is not there; the CPU's is"
    assert int(states[1][0]) == 1


def test_checkpoints_of_earlier_versions_have_a_state_for_each_gpu(
    states: dict[int, torch.Tensor],
) -> None:
    model, optimizer, schedule = parts()
    saved = collect_tensors(model, optimizer, torch.device("cpu"))
    saved |= {f"random/cuda{number}": torch.full((4,), 7 + number) for number in range(2)}
    restore_random(saved, collect_json(optimizer, schedule), torch.device("cuda", 1))
    assert [int(states[number][0]) for number in range(3)] == [0, 8, 2]
