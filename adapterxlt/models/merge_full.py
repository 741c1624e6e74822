"""Merges the changes of full fine-tunes to the backbone, one tensor at a time.

This takes memory for one tensor of each member, with 4 bytes per element, and some 60 MB more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from adapterxlt.methods.arithmetic import Arithmetic, Shares
from adapterxlt.models import tensors
from adapterxlt.models.consensus import Update, merged_parts
from adapterxlt.models.difference import VALUES, apply_one, name_of, tensor_of
from adapterxlt.models.spec import DIFFERENCE_FILE, WEIGHTS_FILE

LayerOf = Callable[[str], int | None]  # name of a tensor -> its layer, if any


class FineTune:
    """The weights of a full fine-tune; only one tensor is in memory at a time.

    Args:
        base: the backbone's tensors.

    Raises:
        InvalidArtifactError: the files are missing or damaged, or do not fit the backbone.
    """

    def __init__(self, folder: Path, base: Mapping[str, Tensor]) -> None:
        self._whole = not (folder / DIFFERENCE_FILE).is_file()
        self._stored = tensors.Stored(folder / (WEIGHTS_FILE if self._whole else DIFFERENCE_FILE))
        if self._whole:
            tensors.check_names(base, self._stored, str(self._stored.path))
        else:
            for key in self._stored:
                tensor_of(key, base, self._stored.path)

    def change(self, name: str, base: Tensor) -> Update:
        """Return what it changed in a tensor, exactly, in double precision."""
        path = self._stored.path
        if self._whole:
            own = self._stored[name]
            tensors.check_shape(own, base, name, str(path))
            own = own.to(base.dtype)
        else:
            own = base.clone()
            for key in self._stored:
                if name_of(key) == name and not key.endswith(VALUES):
                    apply_one(own, self._stored, key, path)
        new, old = own.reshape(-1), base.view(-1)
        return Update(
            base.shape, torch.float64, lambda here: new[here].double().sub_(old[here].double())
        )


def add_differences(
    target: Mapping[str, Tensor],
    members: Sequence[Path],
    names: Sequence[str],
    shares: Shares,
    how: Arithmetic,
    layer_of: LayerOf,
) -> None:
    """Add what fine-tunes changed to the backbone's tensors; unchanged elements stay as they are.

    Args:
        target: the backbone's tensors, which are changed in place.
        members: artifacts of the fine-tunes.
        names: names of the members, on which random choices depend.

    Raises:
        InvalidArtifactError: a member does not fit.
    """
    tunes = [FineTune(folder, target) for folder in members]
    for name, base in target.items():
        weights = shares.at(layer_of(name))
        if not base.is_floating_point() or not any(weights):
            continue
        changes = [tune.change(name, base) for tune in tunes]
        keys = [f"{member}/{name}" for member in names]
        for here, total in merged_parts(changes, weights, how, keys):
            own = base.view(-1)[here]
            changed = total != 0  # keeps the sign of zeros, as -0.0 + 0.0 is 0.0
            with torch.no_grad():
                own[changed] = (total + own)[changed].to(own.dtype)
