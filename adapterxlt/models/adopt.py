"""Weights that another library wrote, as an artifact of ours: renamed, compared, built, saved."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from adapterxlt.backbones import Backbone
from adapterxlt.errors import InvalidArtifactError
from adapterxlt.models import tensors
from adapterxlt.models.export import HEADS
from adapterxlt.models.fit import check_fit
from adapterxlt.models.load import load
from adapterxlt.models.parts import ADAPTER_FILE, HEAD_FILE
from adapterxlt.models.save import save
from adapterxlt.models.spec import AdapterSpec, HeadSpec, ModelSpec, backbone_spec
from adapterxlt.safetensors_header import read_shapes
from adapterxlt.tasks.types import Kind

_PEFT = "base_model.model."
_BASE = "roberta."
# The last layer of a head, whose outputs are the labels.
_OUTPUTS: dict[Kind, str] = {"pair_classification": "4", "tagging": "1"}


@dataclass(frozen=True)
class Weights:
    """Tensors of one adapter and of its head, under the names that they have here."""

    adapter: dict[str, Tensor]
    head: dict[str, Tensor]


def from_adapters(file: Path, old: str, new: str, head_file: Path | None, old_head: str) -> Weights:
    """Read what `adapters` saved.

    Args:
        file: `adapter.safetensors`; `old`: the adapter's name in it; `new`: its name here.
        head_file: `model_head.safetensors`, if it has a head; `old_head`: the head's name in it.

    Raises:
        InvalidArtifactError: a file cannot be read.
    """
    adapter = tensors.renamed(_on_base(tensors.read(file)), old, new)
    head = {}
    for name, tensor in tensors.read(head_file).items() if head_file else ():
        prefix = f"heads.{old_head}."
        own = name.startswith(prefix)
        head[f"heads.{new}.{name.removeprefix(prefix)}" if own else name] = tensor
    return Weights(_without_copies(adapter), head)


def from_peft(file: Path, new: str, kind: Kind | None) -> Weights:
    """Read a LoRA that PEFT saved, with a classification head among `modules_to_save`.

    Args:
        kind: of its head; None if it has none.
    """
    adapter, head = {}, {}
    places = {theirs: ours for ours, theirs in HEADS[kind][1].items()} if kind in HEADS else {}
    for name, tensor in tensors.read(file).items():
        place, _, part = name.removeprefix(_PEFT).rpartition(".")
        if place in places:
            head[f"heads.{new}.{places[place]}.{part}"] = tensor
            continue
        module, dot, matrix = place.rpartition(".")
        if dot and part == "weight" and matrix in ("lora_A", "lora_B"):
            adapter[f"{module}.loras.{new}.{matrix}"] = tensor
        else:
            adapter[name] = tensor  # does not belong to it, which the comparison says
    return Weights(_on_base(adapter), head)


def peft_head(file: Path) -> tuple[Kind, int] | None:
    """Kind and number of outputs of the head in a file of PEFT's; None if it has none.

    Raises:
        InvalidArtifactError: the file is no safetensors file.
    """
    try:
        shapes = read_shapes(file)
    except (ValueError, OSError) as error:
        raise InvalidArtifactError(f"{file}: {error}") from None
    for kind, (_, places) in HEADS.items():
        last = shapes.get(f"{_PEFT}{list(places.values())[-1]}.weight")
        if last:
            return kind, last[0]
    return None


def adopt(
    backbone: Backbone,
    weights: Weights,
    folder: Path,
    *,
    name: str,
    method: str,
    head: HeadSpec | None,
    order: Sequence[int] = (),
) -> None:
    """Write the artifact of one adapter into `folder`, which must not exist.

    Names and shapes are compared with the method's before anything of its size is built.

    Args:
        order: where the outputs of the head lie in the file, in the order of its labels.

    Raises:
        InvalidArtifactError: tensors are missing, unknown, or of another shape than the method
            and head have on this backbone.
    """
    spec = ModelSpec(
        name=name,
        backbone=backbone_spec(backbone),
        full=False,
        adapters=(AdapterSpec(name=name, method=method, folder="."),),
        setup=name,
        head=head,
        method=method,
    )
    with tempfile.TemporaryDirectory(prefix="adapterxlt-") as aside:
        found = Path(aside)
        tensors.write(weights.adapter, found / ADAPTER_FILE)
        if head is not None:
            tensors.write(_ordered(weights.head, head.kind, order), found / HEAD_FILE)
        spec.write(found)
        check_fit(backbone, found)
        save(load(backbone, found), folder)


def _on_base(found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Names as in a model with a head, whose base is called `roberta`."""
    if any(name.startswith(_BASE) for name in found):
        return dict(found)
    return {_BASE + name: tensor for name, tensor in found.items()}


def _without_copies(found: dict[str, Tensor]) -> dict[str, Tensor]:
    """Without the one pool of prefixes that every layer lists as its own, once it was used."""
    kept = {}
    for name, tensor in found.items():
        place, pool, rest = name.partition(".prefix_tuning.pool.")
        original = found.get(f"{_BASE}prefix_tuning.{rest}") if pool and place else None
        if original is None or not torch.equal(original, tensor):
            kept[name] = tensor
    return kept


def _ordered(found: dict[str, Tensor], kind: Kind, order: Sequence[int]) -> dict[str, Tensor]:
    """With the outputs of the last layer in another order."""
    last = _OUTPUTS.get(kind)
    if last is None or list(order) == sorted(order):
        return found
    rows = torch.tensor(list(order))
    return {
        name: tensor[rows]
        if name.split(".")[2:3] == [last] and tensor.shape[:1] == rows.shape
        else tensor
        for name, tensor in found.items()
    }
