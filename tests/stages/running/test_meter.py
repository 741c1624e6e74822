"""What a step is measured by, on machines with and without GPUs."""

from __future__ import annotations

import pytest
import torch

from adapterxlt.stages.running.meter import Meter


def test_a_gpu_is_begun_with_before_its_peak_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker has not used CUDA when it begins its first step."""
    done: list[str] = []

    def begin() -> None:
        done.append("init")

    def forget(device: torch.device) -> None:
        if "init" not in done:
            raise RuntimeError("Invalid device argument 1: did you call init?")  # as torch does
        done.append(f"reset {device}")

    monkeypatch.setattr(torch.cuda, "init", begin)
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", forget)
    Meter(torch.device("cuda", 1), resumed=False)
    assert done == ["init", "reset cuda:1"]


def test_the_peak_of_the_main_memory() -> None:
    meter = Meter(torch.device("cpu"), resumed=True)
    held = torch.ones(30_000_000)
    measured = meter.read()
    assert (measured.device, measured.device_memory, measured.resumed) == ("cpu", None, True)
    if measured.peak_memory is not None:  # elsewhere than on Linux
        assert measured.peak_memory > held.nbytes
