"""Devices that models run on: `auto`, `cpu`, `cuda`, `cuda:1`, `mps`.

A device changes no address in the store: what one trained, another finds.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from adapterxlt.errors import MissingDeviceError, UsageError
from adapterxlt.show import brief

if TYPE_CHECKING:
    import torch

AUTO = "auto"
PATTERN = r"auto|cpu|cuda(:\d{1,3})?|mps"
KNOWN = "auto, cpu, cuda, cuda:N (the GPU number N, from 0) or mps"


def moved(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """A tensor on a device.

    To a GPU it goes from pinned memory, so that this process prepares the next batch meanwhile.

    Example:
        >>> import torch
        >>> moved(torch.ones(2), torch.device("cpu"))
        tensor([1., 1.])
    """
    if device.type == "cuda" and tensor.device.type == "cpu":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def is_device(name: str) -> bool:
    """Whether this is a valid name of a device, on this machine or another."""
    return re.fullmatch(PATTERN, name) is not None


def check_device(name: object) -> None:
    """Check that this is a valid name of a device.

    Raises:
        UsageError: it is not.
    """
    if not isinstance(name, str) or not is_device(name):
        raise UsageError(f"`{brief(name)}` is not a device", hint=f"choose {KNOWN}")


def find_device(name: str = AUTO) -> torch.device:
    """Return the device of a name: `auto` is the first CUDA GPU, else the CPU.

    `mps` (Apple's GPUs) is taken only when it is asked for: its sums differ more from the CPU's.

    Args:
        name: as `is_device` has it.

    Raises:
        MissingDeviceError: torch cannot reach it on this machine.

    Example:
        >>> find_device("cpu")
        device(type='cpu')
    """
    import torch

    gpus = gpu_count()
    if name == AUTO:
        name = "cuda" if gpus else "cpu"
    kind, _, number = name.partition(":")
    if kind == "cuda":
        if int(number or 0) >= gpus:
            raise MissingDeviceError(f"device `{name}` is not available: {_seen(gpus)}", hint=_HINT)
        return torch.device("cuda", int(number or 0))
    if kind == "mps" and not torch.backends.mps.is_available():
        raise MissingDeviceError(f"device `mps` is not available: {_seen(gpus)}", hint=_HINT)
    return torch.device(kind)


def compute_exactly(device: torch.device) -> None:
    """Have a GPU compute products in fp32 as such; NVIDIA's containers let it round as in TF32.

    This is a setting of the whole process, so it is for those that carry out steps.
    """
    import torch

    if device.type == "cuda":
        torch.set_float32_matmul_precision("highest")


def gpu_count() -> int:
    """Return the number of CUDA GPUs that torch can use."""
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def gpu_numbers(name: str | None) -> tuple[int, ...] | None:
    """Return the CUDA GPUs that a name lets other libraries use; None means all.

    Example:
        >>> gpu_numbers("cuda:1"), gpu_numbers("cpu"), gpu_numbers(AUTO)
        ((1,), (), None)
    """
    if name in (None, AUTO):
        return None
    kind, _, number = str(name).partition(":")
    return (int(number or 0),) if kind == "cuda" else ()


def find_precision(precision: str, device: torch.device) -> str:
    """The precision of a name: `auto` is bf16 on a CUDA GPU that computes in it, else fp32.

    On a CPU bf16 is seldom faster, so it is taken only when it is asked for.

    Raises:
        MissingDeviceError: it is fp16 without a CUDA GPU.
    """
    if precision == "fp16" and device.type != "cuda":
        raise MissingDeviceError(
            f"precision fp16 needs a CUDA GPU, but the device is `{device}`",
            hint="use precision fp32 or bf16",
        )
    if precision != AUTO:
        return precision
    return "bf16" if device.type == "cuda" and _computes_bf16(device) else "fp32"


def _computes_bf16(device: torch.device) -> bool:
    """Whether a GPU computes in bf16 itself; older ones emulate it, which is slow."""
    import torch

    if torch.version.hip:
        return bool(torch.cuda.is_bf16_supported())
    return torch.cuda.get_device_capability(device) >= (8, 0)


def check_devices(count: int, first: torch.device) -> None:
    """Refuse to train on more devices than there are.

    Args:
        count: as many, the first one included. On a CPU they are processes.

    Raises:
        MissingDeviceError: there are fewer GPUs from the first one on, or it is of Apple's.
    """
    if count > 1 and first.type == "mps":
        raise MissingDeviceError("`devices` must be 1 on mps", hint="use --device cpu")
    gpus = gpu_count() - (first.index or 0)
    if first.type == "cuda" and count > gpus:
        raise MissingDeviceError(
            f"`devices` asks for {count} GPUs, and from `{first}` on there "
            f"{'is' if gpus == 1 else 'are'} {gpus}",
            hint="lower `devices`; the results stay the same up to rounding",
        )


_HINT = "use `auto` or `cpu`; `adapterxlt doctor` lists the devices"


def _seen(gpus: int) -> str:
    import torch

    if gpus:
        names = ", ".join(f"cuda:{index}" for index in range(gpus))
        return f"torch sees {names}"
    if not torch.version.cuda and not torch.backends.mps.is_built():
        return "this build of torch is for the CPU only"
    return "torch sees no GPU"
