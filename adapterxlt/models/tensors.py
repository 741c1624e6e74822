"""Selects named tensors of a model by owner, and strictly reads and writes safetensors files.

`adapters` loads whatever fits, only logs what does not fit, and falls back to pickle. So files are
not loaded through it. They are read here, and every name and shape must match.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from adapterxlt.backbones.architectures.entry import Architecture
from adapterxlt.errors import InvalidArtifactError
from adapterxlt.store.disk import writing

FUSION = "adapter_fusion_layer"
# Module dictionaries in which `adapters` keeps the parts of an adapter under the adapter's name.
CONTAINERS = frozenset(
    {
        "adapters",
        "invertible_adapters",
        "prefix_tunings",
        "prefix_gates",
        "loras",
        "refts",
        "prompt_tunings",
        "shared_parameters",
    }
)
# The layer norm of a bottleneck with `ln_before`, whose tensors are those of `adapter_down.0`.
NORM_BEFORE = "adapter_norm_before"
PICKLES = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt")

Belongs = Callable[[str], bool]


def owner(name: str) -> str | None:
    """Return the adapter that a parameter, buffer or module with this qualified name belongs to."""
    parts = name.split(".")
    for container, adapter in pairwise(parts):
        if container in CONTAINERS:
            return adapter
    return None


def of_adapter(adapter: str) -> Belongs:
    """Selects the tensors of one adapter."""
    return lambda name: owner(name) == adapter


def of_fusion() -> Belongs:
    """Selects the tensors of all fusion layers."""
    return lambda name: FUSION in name.split(".")


def of_head(head: str) -> Belongs:
    """Selects the tensors of one prediction head."""
    return lambda name: name.startswith(f"heads.{head}.")


def of_backbone(architecture: Architecture) -> Belongs:
    """Selects the backbone's own tensors: neither adapters nor fusions nor heads."""
    fusion = of_fusion()
    body = tuple(f"{architecture.prefix}{part}." for part in architecture.body)

    def belongs(name: str) -> bool:
        return name.startswith(body) and owner(name) is None and not fusion(name)

    return belongs


def select(model: nn.Module, belongs: Belongs) -> dict[str, Tensor]:
    """Return the model's tensors (not copies) of one owner, by name.

    Tensors with several names come once: after use, every layer also lists the one pool of
    prefixes as its own, and a bottleneck its layer norm before.
    """
    again = {"pool", NORM_BEFORE}
    return {
        name: tensor
        for name, tensor in model.state_dict().items()
        if belongs(name) and not again & {*name.split(".")}
    }


def renamed(tensors: Mapping[str, Tensor], old: str, new: str) -> dict[str, Tensor]:
    """Return the tensors of adapter `old` under the names of adapter `new`."""
    result = {}
    for name, tensor in tensors.items():
        parts = name.split(".")
        for index in range(1, len(parts)):
            if parts[index - 1] in CONTAINERS and parts[index] == old:
                parts[index] = new
                break
        result[".".join(parts)] = tensor
    return result


def read(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file; other formats are never opened.

    Raises:
        InvalidArtifactError: it is missing or damaged, or holds NaN or infinite values.
    """
    _must_be_there(path)
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise InvalidArtifactError(f"`{path}` is damaged: {error}") from None
    for name, tensor in tensors.items():
        _must_be_finite(tensor, name, path)
    return tensors


class Stored(Mapping[str, Tensor]):
    """The tensors of a safetensors file; a tensor is read each time it is requested, and not kept.

    Raises:
        InvalidArtifactError: as for `read`; bad values are found when a tensor is requested.
    """

    def __init__(self, path: Path) -> None:
        _must_be_there(path)
        self.path = path
        untyped: Any = safe_open
        try:
            self._file = untyped(path, framework="pt")
            self._names = tuple(self._file.keys())
        except (SafetensorError, OSError, ValueError) as error:
            raise InvalidArtifactError(f"`{path}` is damaged: {error}") from None

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._names:
            raise KeyError(name)
        tensor: Tensor = self._file.get_tensor(name)
        _must_be_finite(tensor, name, self.path)
        return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _must_be_there(path: Path) -> None:
    if path.is_file():
        return
    pickles = sorted(p.name for pattern in PICKLES for p in path.parent.glob(pattern))
    found = f"; it has {', '.join(pickles)}, which can run code when it is read" if pickles else ""
    raise InvalidArtifactError(
        f"`{path.parent}` has no {path.name}{found}",
        hint="only safetensors files are read" if pickles else None,
    )


def _must_be_finite(tensor: Tensor, name: str, path: Path) -> None:
    if tensor.is_floating_point() and not torch.isfinite(tensor).all():
        raise InvalidArtifactError(f"`{path}`: `{name}` holds NaN or infinite values")


def write(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write tensors; the bytes depend only on names and values."""
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with writing(path, surely=False):  # the library's own error names no file
        save_file(plain, path)


def assign(target: Mapping[str, Tensor], source: Mapping[str, Tensor], where: str) -> None:
    """Copy `source` into the model's tensors `target`; both must agree in full.

    Args:
        where: where the tensors come from, for messages.

    Raises:
        InvalidArtifactError: names or shapes differ; the message shows both sides.
    """
    check_names(target, source, where)
    for name, tensor in source.items():
        check_shape(tensor, target[name], name, where)
    with torch.no_grad():
        for name, tensor in source.items():
            target[name].copy_(tensor)


def check_names(target: Mapping[str, Tensor], source: Mapping[str, Tensor], where: str) -> None:
    """Check that the names are those that the model needs; arguments and error as for `assign`."""
    missing = sorted(target.keys() - source.keys())
    unexpected = sorted(source.keys() - target.keys())
    if missing or unexpected:
        parts = []
        if missing:
            parts.append(
                f"{len(missing)} tensors that the model needs are missing ({_some(missing)})"
            )
        if unexpected:
            parts.append(f"{len(unexpected)} do not belong to it ({_some(unexpected)})")
        raise InvalidArtifactError(f"`{where}` does not fit: {'; '.join(parts)}")


def check_shape(tensor: Tensor, wanted: Tensor, name: str, where: str) -> None:
    """Check that a tensor has the shape that the model needs; raises as `assign` does."""
    if tensor.shape != wanted.shape:
        raise InvalidArtifactError(
            f"`{where}` does not fit: `{name}` has shape {list(tensor.shape)}, but the model "
            f"needs {list(wanted.shape)}"
        )


def _some(names: list[str], show: int = 3) -> str:
    return ", ".join(names[:show]) + (", ..." if len(names) > show else "")
