"""Stores a full fine-tune as its exact difference from the backbone, if that is smaller.

Fine-tuning without weight decay does not change the embeddings of subwords that it never saw, and
these are most of a multilingual encoder. The new values themselves are stored, so nothing is lost
to rounding. They are stored as whole tensors, rows or single elements, whichever is smallest.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.models import tensors
from adapterxlt.models.spec import DIFFERENCE_FILE, WEIGHTS_FILE

ROWS, ELEMENTS, VALUES = ":rows", ":elements", ":values"
WORTH = 0.9  # share of the full size below which the difference is kept instead


def write_difference(base: Mapping[str, Tensor], weights: Path, folder: Path) -> bool:
    """Write what `weights` change in `base` if that is smaller; return whether it was.

    Args:
        base: the backbone's tensors.
        weights: the file with all weights.
        folder: where the difference is written.

    Raises:
        InvalidArtifactError: the two do not have the same tensors.
    """
    changed = tensors.read(weights)
    if {n: t.shape for n, t in changed.items()} != {n: t.shape for n, t in base.items()}:
        raise InvalidArtifactError(f"`{weights}` does not fit the backbone")
    found: dict[str, Tensor] = {}
    for name, tensor in changed.items():
        found |= _smallest(name, base[name].float().cpu(), tensor)
    size = sum(tensor.numel() * tensor.element_size() for tensor in found.values())
    if size > WORTH * weights.stat().st_size:
        return False
    tensors.write(found, folder / DIFFERENCE_FILE)
    return True


def shrink(base: Mapping[str, Tensor], folder: Path) -> None:
    """Replace the weights in a folder by their difference from `base`, if that is smaller."""
    if (folder / WEIGHTS_FILE).is_file() and write_difference(base, folder / WEIGHTS_FILE, folder):
        (folder / WEIGHTS_FILE).unlink()


def apply_difference(target: Mapping[str, Tensor], path: Path) -> None:
    """Apply a stored difference to the backbone's tensors `target`, in place.

    Raises:
        InvalidArtifactError: the difference does not fit them.
    """
    stored = tensors.read(path)
    for key in sorted(stored):
        if not key.endswith(VALUES):
            apply_one(tensor_of(key, target, path), stored, key, path)


def name_of(key: str) -> str:
    """Return the name of the backbone's tensor that an entry of a stored difference changes."""
    return key.rpartition(":")[0] or key


def tensor_of(key: str, target: Mapping[str, Tensor], path: Path) -> Tensor:
    """Return the backbone's tensor that an entry of a stored difference changes.

    Raises:
        InvalidArtifactError: there is no such tensor.
    """
    _fit(name_of(key) in target, path, name_of(key))
    return target[name_of(key)]


def apply_one(own: Tensor, stored: Mapping[str, Tensor], key: str, path: Path) -> None:
    """Apply one entry of a stored difference to the tensor that it changes.

    Args:
        own: the tensor, which is changed in place.
        stored: all entries of the difference.
        key: an entry that says where values change, or that holds a whole tensor.
        path: the file of the difference, for messages.

    Raises:
        InvalidArtifactError: the entry does not fit.
    """
    name, _, part = key.rpartition(":")
    with torch.no_grad():
        if not name:
            _fit(stored[key].shape == own.shape, path, key)
            own.copy_(stored[key])
            return
        where, values = stored[key].long(), stored.get(name + VALUES)
        rows = part == "rows" and own.dim() > 1
        _fit(values is not None and where.dim() == 1 and (rows or part == "elements"), path, key)
        assert values is not None
        view = own if rows else own.view(-1)
        _fit(values.shape == (len(where), *view.shape[1:]), path, key)
        _fit(len(where) > 0 and int(where.min()) >= 0, path, key)
        _fit(int(where.max()) < len(view), path, key)
        view[where] = values.to(view.dtype)


def _smallest(name: str, base: Tensor, tensor: Tensor) -> dict[str, Tensor]:
    """Return what is new in a tensor, in the smallest form; {} if nothing is new."""
    differs = base != tensor
    if not bool(differs.any()):
        return {}
    ways: list[dict[str, Tensor]] = [{name: tensor}]
    elements = differs.view(-1).nonzero().squeeze(1)
    if tensor.numel() < 1 << 31:
        elements = elements.int()
    ways.append({name + ELEMENTS: elements, name + VALUES: tensor.view(-1)[elements]})
    if tensor.dim() > 1:
        rows = differs.flatten(1).any(dim=1).nonzero().squeeze(1)
        ways.append({name + ROWS: rows.int(), name + VALUES: tensor[rows]})
    return min(ways, key=lambda way: sum(t.numel() * t.element_size() for t in way.values()))


def _fit(fits: bool, path: Path, name: str) -> None:
    if not fits:
        raise InvalidArtifactError(f"`{path}` does not fit the backbone (`{name}`)")
