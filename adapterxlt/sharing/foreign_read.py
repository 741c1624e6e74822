"""Reads and checks folders that other libraries wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import InvalidArtifactError
from adapterxlt.methods.parser import ParsedMethod, parse_method
from adapterxlt.sharing.foreign_config import method_from_adapters, read_config
from adapterxlt.sharing.foreign_files import CONFIG, FILES, HEAD_FILE, adapter_folders, weights_file
from adapterxlt.sharing.foreign_full import is_checkpoint, read_checkpoint
from adapterxlt.sharing.foreign_head import (
    ForeignHead,
    head_from_adapters,
    head_from_config,
    shapes_of,
)
from adapterxlt.sharing.foreign_peft import lora_from_peft, told_kind
from adapterxlt.show import brief
from adapterxlt.store.manifest import MANIFEST_NAME

HEAD_CONFIG = "head_config.json"
MODEL_CONFIG = "config.json"  # of transformers


@dataclass(frozen=True)
class Foreign:
    """A folder of another library, read and checked, its weights not yet.

    Args:
        library: `adapters`, `peft` or `transformers`.
        folder: where it lies. head_folder: where its head does, if that has files of its own.
        files: its weights.
        name: what its library calls it.
        method: as recipes write it.
        head: its head, if there is one that we have.
        said: the model that it says it is of.
        note: what of it is left out or written otherwise, and why; "" for nothing.
        scales: see `foreign_peft.Lora`. left_out: kind of a head of PEFT's that is left out.
    """

    library: str
    folder: Path
    files: tuple[Path, ...]
    name: str
    method: ParsedMethod
    head: ForeignHead | None
    head_folder: Path | None
    said: str
    note: str
    scales: Mapping[str, float] = field(default_factory=dict)
    left_out: str | None = None

    @property
    def config(self) -> Path:
        """What says how it is built."""
        return self.folder / (MODEL_CONFIG if self.library == "transformers" else CONFIG)


def is_foreign(folder: Path) -> bool:
    """Whether a folder is one of another library rather than an artifact."""
    if not folder.is_dir() or (folder / MANIFEST_NAME).exists():
        return False
    ours = [(place / MANIFEST_NAME).exists() for place in adapter_folders(folder)]
    return (bool(ours) and not all(ours)) or is_checkpoint(folder)


def read_foreign(folder: Path, backbone: Backbone) -> Foreign:
    """Read a folder that `adapters`, PEFT or transformers wrote, or our own export to them.

    Raises:
        InvalidArtifactError: it holds pickles only, several adapters, or says what cannot be.
    """
    found = adapter_folders(folder)
    if not found:
        return _read_checkpoint(folder, backbone)
    if len(found) != 1:
        raise InvalidArtifactError(
            f"{folder}: holds {len(found)} adapters", hint="import each folder separately"
        )
    (place,) = found
    path = place / CONFIG
    config = read_config(path)
    if "peft_type" in config:
        return _read_peft(place, config, backbone)
    file = weights_file(place, "adapters", FILES["adapters"])
    name = config.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= 200:
        raise InvalidArtifactError(f"{path}: does not state its `name`")
    kind = config.get("model_type", backbone.model_type)
    if kind != backbone.model_type:
        raise InvalidArtifactError(
            f"{path}: belongs to a model of type `{brief(kind)}`, not `{backbone.model_type}`"
        )
    width = config.get("hidden_size", backbone.hidden_size)
    if width != backbone.hidden_size:
        raise InvalidArtifactError(
            f"{path}: belongs to a model of width {str(width)[:20]}, but `{backbone.name}` has "
            f"width {backbone.hidden_size}"
        )
    read = Foreign(
        library="adapters",
        folder=place,
        files=(file,),
        name=name,
        method=method_from_adapters(config.get("config"), path),
        head=None,
        head_folder=None,
        said=str(config.get("model_name") or "")[:200],
        note="",
    )
    heads = [each for each in (place, folder / "head") if (each / HEAD_CONFIG).is_file()]
    more = sorted(each.parent.name for each in folder.glob(f"heads/*/{HEAD_CONFIG}"))
    others = "; ".join(
        f"its head `{brief(each)}` was left out, because only one head is supported"
        for each in more
    )
    if not heads:
        return replace(read, note=others)
    weights = weights_file(heads[0], "adapters", HEAD_FILE)
    head = head_from_adapters(heads[0] / HEAD_CONFIG, weights, backbone)
    if isinstance(head, str):
        return replace(read, note="; ".join(filter(None, (f"{head}; it was left out", others))))
    return replace(read, head=head, head_folder=heads[0], note=others)


def _read_peft(place: Path, config: dict[str, Any], backbone: Backbone) -> Foreign:
    from adapterxlt.models.foreign_weights import unread_head
    from adapterxlt.models.head_classes import kinds_by_class
    from adapterxlt.models.peft_names import is_copy, plain_name
    from adapterxlt.models.plain_heads import find_kind, places

    path = place / CONFIG
    file = weights_file(place, "peft", FILES["peft"])
    saved = shapes_of(file)
    names = {plain_name(name): name for name in saved if not is_copy(name)}
    shapes = {name: saved[full] for name, full in names.items()}
    lora = lora_from_peft(config, shapes, backbone, path)
    notes, head = [lora.note], None
    architecture = backbone.architecture
    kind = find_kind(architecture, shapes, told_kind(config, kinds_by_class(architecture)))
    if kind is not None:
        reason = unread_head(names, kind, backbone, file)
        if reason:
            notes.append(f"its head is not supported: {reason}; it was left out")
        else:
            last = shapes[
                next(name for name in places(architecture, kind).outputs if name in shapes)
            ]
            there = (place / MODEL_CONFIG).is_file()
            said = read_config(place / MODEL_CONFIG) if there else {}
            found = head_from_config(said, kind, last[0] if last else 0, place / MODEL_CONFIG)
            if isinstance(found, str):
                notes.append(f"{found}; it was left out")
            else:
                head = found
    return Foreign(
        library="peft",
        folder=place,
        files=(file,),
        name=place.resolve().name,
        method=lora.method,
        head=head,
        head_folder=None,
        said=str(config.get("base_model_name_or_path") or "")[:200],
        note="; ".join(filter(None, notes)),
        scales=lora.scales,
        left_out=kind if head is None else None,
    )


def _read_checkpoint(folder: Path, backbone: Backbone) -> Foreign:
    found = read_checkpoint(folder, backbone)
    said = read_config(folder / MODEL_CONFIG).get("_name_or_path")
    return Foreign(
        library="transformers",
        folder=folder,
        files=found.files,
        name=folder.resolve().name,
        method=parse_method("full"),
        head=found.head,
        head_folder=None,
        said=str(said or "")[:200],
        note=found.note,
    )
