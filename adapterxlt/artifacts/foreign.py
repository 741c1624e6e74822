"""Folders that `adapters` or PEFT wrote, made artifacts that say what is not known of them."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from adapterxlt.artifacts.foreign_config import (
    method_from_adapters,
    method_from_peft,
    peft_layers,
    read_config,
)
from adapterxlt.artifacts.foreign_files import (
    CONFIG,
    FILES,
    HEAD_FILE,
    adapter_folders,
    weights_file,
)
from adapterxlt.artifacts.foreign_head import (
    UNKNOWN,
    ForeignHead,
    head_from_adapters,
    numbered,
    order_for,
)
from adapterxlt.artifacts.locate import IMPORTED
from adapterxlt.artifacts.make import finish
from adapterxlt.artifacts.transport import TakenIn, take_in
from adapterxlt.backbones import Backbone, resolve_backbone
from adapterxlt.errors import InvalidArtifactError, UsageError
from adapterxlt.method_parser import ParsedMethod, Part
from adapterxlt.models.spec import HeadSpec
from adapterxlt.show import brief
from adapterxlt.store.environment import environment
from adapterxlt.store.files import address_of, sha256_file
from adapterxlt.store.manifest import MANIFEST_NAME, ArtifactFacts, BackboneFacts, Manifest
from adapterxlt.store.source import FolderSource
from adapterxlt.store.store import Store

HEAD_CONFIG = "head_config.json"
VERSION = 1  # of what an import makes of a folder


@dataclass(frozen=True)
class Foreign:
    """A folder of another library, read and checked, its weights not yet.

    Args:
        library: `adapters` or `peft`.
        folder: where the adapter lies. head_folder: where its head does, if it has one.
        name: what its library calls it.
        method: as recipes write it.
        head: its head, if there is one that we have.
        said: the model that it says it is of.
        note: what of it is left out, and why; "" for nothing.
    """

    library: str
    folder: Path
    name: str
    method: ParsedMethod
    head: ForeignHead | None
    head_folder: Path | None
    said: str
    note: str

    @property
    def file(self) -> Path:
        """Its weights."""
        return self.folder / FILES[self.library]


def is_foreign(folder: Path) -> bool:
    """Whether a folder is one of another library rather than an artifact."""
    return (
        folder.is_dir() and not (folder / MANIFEST_NAME).exists() and bool(adapter_folders(folder))
    )


def take_in_foreign(
    folder: Path,
    store: Store,
    *,
    backbone: str,
    task: str | None = None,
    labels: Sequence[str] = (),
    license: str = "",
) -> tuple[TakenIn, str]:
    """Make such a folder an entry of a store; nothing is left if it is bad.

    Args: as of `make_foreign`; `backbone`: name or folder of what it is for.

    Returns:
        What became of it, and what was left out of it ("" for nothing).

    Raises:
        InvalidArtifactError: see `read_foreign` and `make_foreign`.
        MissingBackboneError: its backbone is not there.
    """
    found = resolve_backbone(backbone, Path.cwd())
    read = read_foreign(folder, found)
    with tempfile.TemporaryDirectory(prefix="adapterxlt-") as aside:
        made = Path(aside) / "artifact"
        make_foreign(read, found, made, task=task, labels=labels, license=license)
        return take_in(FolderSource(made), store, backbone=found), read.note


def read_foreign(folder: Path, backbone: Backbone) -> Foreign:
    """Read a folder that `adapters` or PEFT wrote, or our own export to them.

    Raises:
        InvalidArtifactError: it holds pickles only, several adapters, or says what cannot be.
    """
    found = adapter_folders(folder)
    if len(found) != 1:
        raise InvalidArtifactError(
            f"{folder}: holds {len(found)} adapters", hint="import each folder by itself"
        )
    (place,) = found
    path = place / CONFIG
    config = read_config(path)
    if "peft_type" in config:
        return _read_peft(place, config, backbone)
    weights_file(place, "adapters", FILES["adapters"])
    name = config.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= 200:
        raise InvalidArtifactError(f"{path}: does not say its `name`")
    kind = config.get("model_type", backbone.model_type)
    if kind != backbone.model_type:
        raise InvalidArtifactError(
            f"{path}: is of a model of type `{brief(kind)}`, not `{backbone.model_type}`"
        )
    width = config.get("hidden_size", backbone.hidden_size)
    if width != backbone.hidden_size:
        raise InvalidArtifactError(
            f"{path}: is of a model of width {str(width)[:20]}, `{backbone.name}` has "
            f"{backbone.hidden_size}"
        )
    read = Foreign(
        library="adapters",
        folder=place,
        name=name,
        method=method_from_adapters(config.get("config"), path),
        head=None,
        head_folder=None,
        said=str(config.get("model_name") or "")[:200],
        note="",
    )
    heads = [each for each in (place, folder / "head") if (each / HEAD_CONFIG).is_file()]
    if not heads:
        return read
    head = head_from_adapters(heads[0] / HEAD_CONFIG)
    if isinstance(head, str):
        return replace(read, note=f"{head}; it is left out")
    weights_file(heads[0], "adapters", HEAD_FILE)
    return replace(read, head=head, head_folder=heads[0])


def _read_peft(place: Path, config: dict[str, Any], backbone: Backbone) -> Foreign:
    from adapterxlt.models.adopt import peft_head

    path = place / CONFIG
    file = weights_file(place, "peft", FILES["peft"])
    method = method_from_peft(config, path)
    left_out = peft_layers(config, backbone.layers, path)
    if left_out:
        (lora,) = method.parts
        method = ParsedMethod((Part(lora.name, {**lora.params, "leave_out": left_out}),))
    head = peft_head(file)
    labels = () if head is None or head[0] == "span_qa" else numbered(head[1])
    return Foreign(
        library="peft",
        folder=place,
        name=place.resolve().name,
        method=method,
        head=ForeignHead("", head[0], labels) if head else None,
        head_folder=None,
        said=str(config.get("base_model_name_or_path") or "")[:200],
        note="",
    )


def make_foreign(
    read: Foreign,
    backbone: Backbone,
    folder: Path,
    *,
    task: str | None = None,
    labels: Sequence[str] = (),
    license: str = "",
) -> Manifest:
    """Write the artifact of such a folder.

    Args:
        folder: to write, must not exist.
        task: what its head predicts. labels: names of the head's outputs in order. Both as the
            user says: nothing else tells.
        license: of the weights, as the user says.

    Raises:
        InvalidArtifactError: its weights are not those of its method and head on this backbone.
        UsageError: `task` and `labels` are not of its head.
    """
    from adapterxlt.models.adopt import adopt, from_adapters, from_peft

    if read.head is None and (task or labels):
        raise UsageError(f"{read.folder}: has no head, so it has no --task and no --labels")
    names, order = order_for(read.head, task, labels) if read.head else ((), [])
    content = {"config": sha256_file(read.folder / CONFIG), "weights": sha256_file(read.file)}
    if read.head_folder is not None:
        content["head"] = sha256_file(read.head_folder / HEAD_FILE)
    params: dict[str, object] = {
        "method": str(read.method),
        "library": read.library,
        "said_backbone": read.said,
        "content": content,
    }
    if read.head is not None:
        params |= {"head": task or UNKNOWN, "labels": list(names)}
    slug = re.sub("[^a-z0-9]+", "_", read.name.lower()).strip("_")[:40] or "adapter"
    digest = hashlib.sha256("".join(content.values()).encode()).hexdigest()
    name = f"{slug}_{digest[:8]}"
    head = HeadSpec(kind=read.head.kind, labels=names, task=task or UNKNOWN) if read.head else None
    if read.library == "peft":
        weights = from_peft(read.file, name, read.head.kind if read.head else None)
    else:
        head_file = read.head_folder / HEAD_FILE if read.head_folder else None
        old_head = read.head.name if read.head else ""
        weights = from_adapters(read.file, read.name, name, head_file, old_head)
    adopt(
        backbone,
        weights,
        folder,
        name=name,
        method=str(read.method),
        head=head,
        order=order,
    )
    parts: dict[str, object] = {
        "kind": IMPORTED,
        "version": VERSION,
        "params": params,
        "data": "",
        "backbone": backbone.hash,
        "inputs": [],
    }
    step = {key: parts[key] for key in ("kind", "params", "data", "inputs")}
    manifest = Manifest(
        fingerprint=address_of(parts),
        kind=IMPORTED,
        title=slug,
        recipe="",
        parts=parts,
        lineage={
            "backbone": {"name": backbone.name, "hash": backbone.hash},
            "steps": [{"fingerprint": address_of(parts), **step}],
        },
        files={},
        environment=environment(),
    )
    facts = ArtifactFacts(
        backbone=BackboneFacts(name=backbone.name, hash=backbone.hash),
        labels={head.task: head.labels} if head else {},
        license=license,
        tensors={},
    )
    return finish(folder, manifest, facts, [])
