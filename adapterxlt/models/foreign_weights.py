"""Reads weights of other libraries and renames them to adapterxlt's names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor
from torch.nn.functional import pad

from adapterxlt.backbones.architectures.entry import Architecture
from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.check import weights_index
from adapterxlt.models import tensors
from adapterxlt.models.peft_names import is_copy, plain_name
from adapterxlt.models.plain_heads import from_plain, places

POOLER = "pooler."
UNTIED = "its decoder was trained apart from the word embeddings"
_POSITIONS = "embeddings.position_ids"  # a buffer in older checkpoints


@dataclass(frozen=True)
class Weights:
    """Tensors under adapterxlt's names.

    Args:
        body: the tensors of the adapter, or of the whole encoder.
        head: the tensors of its head.
        file: the file that the body was read from.
        head_file: the file that the head was read from.
        theirs: our name of a tensor -> its name in the file, where they differ.
    """

    body: dict[str, Tensor]
    head: dict[str, Tensor]
    file: Path
    head_file: Path
    theirs: Mapping[str, str] = field(default_factory=dict)


def from_adapters(
    file: Path,
    old: str,
    new: str,
    head_file: Path | None,
    old_head: str,
    kind: str | None,
    backbone: Backbone,
) -> Weights:
    """Read what `adapters` saved.

    Args:
        file: `adapter.safetensors`.
        old: the adapter's name in this file.
        new: the adapter's name here.
        head_file: `model_head.safetensors`; None if there is no head.
        old_head: the head's name in this file; "" for a head of a class of transformers.
        kind: the kind of the head; None if there is no head.

    Raises:
        InvalidArtifactError: a file cannot be read.
    """
    architecture = backbone.architecture
    adapter = tensors.renamed(_on_base(tensors.read(file), architecture), old, new)
    head: dict[str, Tensor] = {}
    prefix = f"heads.{old_head}."
    for name, tensor in tensors.read(head_file).items() if head_file else ():
        own = bool(old_head) and name.startswith(prefix)
        head[f"heads.{new}.{name.removeprefix(prefix)}" if own else name] = tensor
    if kind is not None and not old_head:
        head = _plain_head(head, new, kind, backbone)
    decoder = f"heads.{new}.{places(architecture, 'mlm').last}.weight"
    if kind == "mlm" and decoder in head and _same(head[decoder], backbone):
        del head[decoder]
    return Weights(_without_copies(adapter, architecture.prefix), head, file, head_file or file)


def from_peft(
    file: Path,
    new: str,
    kind: str | None,
    backbone: Backbone,
    scales: Mapping[str, float],
    rank: int,
    *,
    left_out: bool = False,
) -> Weights:
    """Read a LoRA that PEFT saved, and a head among its `modules_to_save`.

    Args:
        new: the adapter's name here.
        kind: the kind of its head; None if it has no head.
        scales: module -> the factor for its `lora_B`.
        rank: the rank to which all matrices are filled up.
        left_out: whether the file has a head that is not built here.
    """
    saved = tensors.read(file)
    theirs = {plain_name(name): name for name in saved if not is_copy(name)}
    found = {name: saved[full] for name, full in theirs.items()}
    head: dict[str, Tensor] = {}
    if kind is not None:
        where = places(backbone.architecture, kind)
        wanted = {*where.names.values(), *where.aliases}
        there = {key: found.pop(key) for key in wanted & found.keys()}
        head = {} if left_out else _plain_head(there, new, kind, backbone)
    body, said = {}, {}
    for name, tensor in found.items():
        place, _, part = name.rpartition(".")
        module, dot, matrix = place.rpartition(".")
        ours = name  # not part of it; the later comparison reports this
        if dot and part == "weight" and matrix in ("lora_A", "lora_B"):
            ours = f"{module}.loras.{new}.{matrix}"
            if module in scales:
                tensor = _filled(tensor, rank, scales[module] if matrix == "lora_B" else None)
        prefix = backbone.architecture.prefix
        ours = ours if ours.startswith(prefix) else prefix + ours
        body[ours], said[ours] = tensor, theirs[name]
    return Weights(body, head, file, file, said)


def _filled(tensor: Tensor, rank: int, scale: float | None) -> Tensor:
    """Fill a LoRA matrix up to a rank with zero rows, or for B (which is scaled) zero columns."""
    if tensor.dim() != 2:
        return tensor
    if scale is None:
        return pad(tensor, (0, 0, 0, rank - tensor.shape[0]))
    return pad(tensor.float() * scale, (0, rank - tensor.shape[1]))


def from_transformers(
    files: Sequence[Path], new: str, kind: str | None, architecture: Architecture
) -> Weights:
    """Read a checkpoint of transformers: the encoder, and a head of the kind `kind`."""
    found: dict[str, Tensor] = {}
    for file in files:
        found |= tensors.read(file)
    found = {key: found[key] for key in found if not key.endswith(_POSITIONS)}
    based = _on_base(found, architecture) if kind is None else dict(found)
    head: dict[str, Tensor] = {}
    if kind is not None:
        head, based = from_plain(architecture, based, new, kind)
    own = tensors.of_backbone(architecture)
    body = {key: value for key, value in based.items() if own(key)}
    # Besides the encoder, the file may only hold the pooler, which no other head uses.
    rest = {key: value for key, value in based.items() if not own(key)}
    if kind is not None:
        pooler = architecture.prefix + POOLER
        head |= {key: value for key, value in rest.items() if not key.startswith(pooler)}
    return Weights(body, head, files[0], files[0])


def unread_head(names: Mapping[str, str], kind: str, backbone: Backbone, file: Path) -> str:
    """Say why a head of transformers in a file cannot be built; "" if it can.

    Args:
        names: names of tensors in transformers -> names in the file.
    """
    where = places(backbone.architecture, kind)
    there = {where.aliases.get(name, name) for name in names}
    absent = sorted(set(where.names.values()) - there - _in_checkpoint(backbone))
    if absent:
        return f"`{absent[0]}` is neither in the file nor in the backbone"
    decoders = [
        names[key]
        for key, first in where.aliases.items()
        if first == backbone.architecture.word_embeddings and key in names
    ]
    return UNTIED if any(untied(file, key, backbone) for key in decoders) else ""


def untied(file: Path, name: str, backbone: Backbone) -> bool:
    """Whether a file holds a decoder `name` that is not the backbone's word embeddings."""
    with safe_open(file, "pt") as stream:
        there = name in stream.keys()  # noqa: SIM118 (it is not a mapping)
        return there and not _same(stream.get_tensor(name), backbone)


def _plain_head(
    found: Mapping[str, Tensor], new: str, kind: str, backbone: Backbone
) -> dict[str, Tensor]:
    """Return a head of transformers as ours; layers such as the pooler come from the backbone."""
    where = places(backbone.architecture, kind)
    there = {where.aliases.get(name, name) for name in found}
    full = dict(found)
    for absent in set(where.names.values()) - there:
        if absent in _in_checkpoint(backbone):
            full[absent] = _checkpoint(backbone, absent)
    decoders = [
        key
        for key, first in where.aliases.items()
        if first == backbone.architecture.word_embeddings and key in full
    ]
    for key in decoders:
        if _same(full[key], backbone):
            del full[key]
    head, rest = from_plain(backbone.architecture, full, new, kind)
    return {**head, **rest}


def _in_checkpoint(backbone: Backbone) -> set[str]:
    """Return names of the encoder's tensors in the backbone's files, as a model with a head has."""
    found: set[str] = set()
    for path in weights_index(backbone)[0]:
        with safe_open(path, "pt") as file:
            found |= set(file.keys())
    prefix = backbone.architecture.prefix
    return {key if key.startswith(prefix) else prefix + key for key in found}


def _checkpoint(backbone: Backbone, name: str) -> Tensor:
    for path in weights_index(backbone)[0]:
        with safe_open(path, "pt") as file:
            for key in (name, name.removeprefix(backbone.architecture.prefix)):
                if key in file.keys():  # noqa: SIM118 (it is not a mapping)
                    tensor: Tensor = file.get_tensor(key)
                    return tensor.float()
    raise KeyError(name)


def _same(decoder: Tensor, backbone: Backbone) -> bool:
    """Whether a decoder is the backbone's word embeddings."""
    return torch.equal(
        decoder, _checkpoint(backbone, backbone.architecture.word_embeddings).to(decoder.dtype)
    )


def _on_base(found: Mapping[str, Tensor], architecture: Architecture) -> dict[str, Tensor]:
    """Rename tensors as in a model with a head, where the base has a name (`roberta`)."""
    prefix = architecture.prefix
    if any(name.startswith(prefix) for name in found):
        return dict(found)
    return {prefix + name: tensor for name, tensor in found.items()}


def _without_copies(found: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Leave out copies of the one pool of prefixes, which every layer lists after use."""
    kept = {}
    for name, tensor in found.items():
        place, pool, rest = name.partition(".prefix_tuning.pool.")
        original = found.get(f"{prefix}prefix_tuning.{rest}") if pool and place else None
        if original is None or not torch.equal(original, tensor):
            kept[name] = tensor
    return kept
