"""What several models stand on below their topmost adapters, which must be the same for all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import AdapterXLTError
from adapterxlt.models import tensors
from adapterxlt.models.base import load_base
from adapterxlt.models.head_classes import AdapterModel
from adapterxlt.models.parts import adapter_file
from adapterxlt.models.spec import ModelSpec, tower


def split(
    specs: Sequence[ModelSpec], folders: Sequence[Path], done: str, *, swapped: bool = False
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the topmost adapter of each model, and the adapters that all of these stand on.

    Args:
        done: what is done with them: `fuse`.
        swapped: whether the lowest adapter of a stack is a language's, which may differ.

    Raises:
        AdapterXLTError: they stand on different adapters; or a model has no adapter, or a fusion.
    """
    tops: list[str] = []
    common: tuple[str, ...] = ()
    for spec, folder in zip(specs, folders, strict=True):
        parts = tower(spec.setup) if spec.setup is not None else ()
        names = tuple(part for part in parts if isinstance(part, str))
        if not names or len(names) < len(parts):
            what = "has a fusion" if parts else "has no adapter"
            raise AdapterXLTError(f"cannot {done} `{spec.name}` (`{folder}`): it {what}")
        lower = names[1:-1] if swapped else names[:-1]
        if not tops:
            common = lower
        tops.append(names[-1])
        if lower != common or not all(
            _same_adapter(name, (specs[0], spec), (folders[0], folder)) for name in common
        ):
            raise AdapterXLTError(
                f"cannot {done} `{spec.name}` (`{folder}`): the adapters below its topmost one are "
                "not those of the other members",
                hint=f"stack all members on the same stage, or {done} single adapters",
            )
    return tuple(tops), common


def load_common(
    backbone: Backbone, specs: Sequence[ModelSpec], folders: Sequence[Path], done: str
) -> AdapterModel:
    """Return the encoder that all models stand on.

    Raises:
        AdapterXLTError: they stand on different weights.
    """
    first, *others = [
        folder if spec.full else None for spec, folder in zip(specs, folders, strict=True)
    ]
    model = load_base(backbone, first)
    belongs = tensors.of_backbone(backbone.architecture)
    own = tensors.select(model, belongs)
    for spec, folder in zip(specs[1:], others, strict=True):
        if first is None and folder is None:
            continue
        theirs = tensors.select(load_base(backbone, folder), belongs)
        if not all(torch.equal(tensor, theirs[name]) for name, tensor in own.items()):
            raise AdapterXLTError(
                f"cannot {done} `{specs[0].name}` and `{spec.name}`: they stand on different "
                "weights of the backbone",
                hint="train all members `after` the same full fine-tune, or none of them",
            )
    return model


def _same_adapter(
    name: str, specs: tuple[ModelSpec, ModelSpec], folders: tuple[Path, Path]
) -> bool:
    one, other = (
        tensors.read(adapter_file(spec, folder, name))
        for spec, folder in zip(specs, folders, strict=True)
    )
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)
