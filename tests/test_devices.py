"""Names of devices, and what becomes of them on machines with and without GPUs."""

from __future__ import annotations

from typing import Self

import pytest
import torch

from adapterxlt.devices import (
    compute_exactly,
    find_device,
    find_precision,
    is_device,
    moved,
)
from adapterxlt.errors import MissingDeviceError


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two GPUs, as torch would tell of them."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


@pytest.fixture
def no_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.mark.parametrize("name", ["auto", "cpu", "cuda", "cuda:0", "cuda:11", "mps"])
def test_names_of_devices(name: str) -> None:
    assert is_device(name)


@pytest.mark.parametrize("name", ["", "gpu", "CPU", "cuda:", "cuda:x", "cpu\n", "cuda:-1", "meta"])
def test_other_names_are_none(name: str) -> None:
    assert not is_device(name)


@pytest.mark.usefixtures("gpus")
@pytest.mark.parametrize(
    ("name", "index"), [("auto", 0), ("cuda", 0), ("cuda:0", 0), ("cuda:1", 1)]
)
def test_gpus_by_number(name: str, index: int) -> None:
    assert find_device(name) == torch.device("cuda", index)


@pytest.mark.usefixtures("gpus")
def test_fp32_on_a_gpu_is_not_tf32() -> None:
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")  # as NVIDIA's containers do
    try:
        compute_exactly(find_device("cpu"))
        assert torch.get_float32_matmul_precision() == "high"
        compute_exactly(find_device("cuda:1"))
        assert torch.get_float32_matmul_precision() == "highest"
    finally:
        torch.set_float32_matmul_precision(before)


@pytest.mark.usefixtures("gpus")
def test_a_gpu_that_is_not_there_is_said_with_those_that_are() -> None:
    with pytest.raises(MissingDeviceError) as caught:
        find_device("cuda:2")
    assert caught.value.message == "device `cuda:2` is not available: torch sees cuda:0, cuda:1"
    assert find_device("cpu") == torch.device("cpu")


@pytest.mark.usefixtures("no_gpus")
def test_without_gpus_auto_is_the_cpu_and_the_others_are_refused() -> None:
    assert find_device() == torch.device("cpu")
    for name in ("cuda", "cuda:0", "mps"):
        with pytest.raises(MissingDeviceError, match=f"device `{name}` is not available"):
            find_device(name)


def test_fp16_is_for_gpus() -> None:
    assert find_precision("fp16", torch.device("cuda", 0)) == "fp16"
    for kind in ("cpu", "mps"):
        with pytest.raises(MissingDeviceError, match="fp16 needs a CUDA GPU"):
            find_precision("fp16", torch.device(kind))


def test_auto_precision_is_bf16_on_gpus_that_compute_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = torch.device("cuda", 1)
    for capability, expected in (((9, 0), "bf16"), ((8, 0), "bf16"), ((7, 5), "fp32")):
        of = {gpu: capability}
        monkeypatch.setattr(torch.cuda, "get_device_capability", of.__getitem__)
        assert find_precision("auto", gpu) == expected
    assert find_precision("auto", torch.device("cpu")) == "fp32"
    assert find_precision("bf16", torch.device("cpu")) == "bf16"


class _Pinned(torch.Tensor):
    """Tells how it is sent to a GPU, which need not be here."""

    def pin_memory(self, *_: object) -> Self:  # type: ignore[override]
        self.pinned = True
        return self

    def to(self, device: torch.device, *, non_blocking: bool = False) -> object:  # type: ignore[override]
        return device, non_blocking, getattr(self, "pinned", False)


def test_only_what_goes_to_a_gpu_is_pinned() -> None:
    gpu, cpu = torch.device("cuda", 1), torch.device("cpu")
    assert moved(_Pinned(torch.ones(2)), gpu) == (gpu, True, True)
    assert moved(_Pinned(torch.ones(2)), cpu) == (cpu, False, False)
    here = torch.ones(2)
    assert moved(here, cpu) is here
