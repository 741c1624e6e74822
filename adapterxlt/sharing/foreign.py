"""Turns folders of other libraries into artifacts that state what is unknown about them."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.find import resolve_backbone
from adapterxlt.errors import InvalidArtifactError, UsageError
from adapterxlt.models.spec import HeadSpec
from adapterxlt.sharing.foreign_files import HEAD_FILE
from adapterxlt.sharing.foreign_head import UNKNOWN, kind_for, order_for
from adapterxlt.sharing.foreign_read import Foreign, read_foreign
from adapterxlt.sharing.locate import IMPORTED
from adapterxlt.sharing.make import finish
from adapterxlt.sharing.source import FolderSource
from adapterxlt.sharing.transport import TakenIn, take_in
from adapterxlt.store.environment import environment
from adapterxlt.store.files import address_of, sha256_file
from adapterxlt.store.manifest import ArtifactFacts, BackboneFacts, Manifest
from adapterxlt.store.store import Store
from adapterxlt.tasks.catalogue import Task, get_task

if TYPE_CHECKING:
    from adapterxlt.models.foreign_weights import Weights

VERSION = 1  # of what an import makes of a folder


def take_in_foreign(
    folder: Path,
    store: Store,
    *,
    backbone: str,
    task: str | None = None,
    tasks: Mapping[str, Task] | None = None,
    labels: Sequence[str] = (),
    license: str = "",
) -> tuple[TakenIn, str]:
    """Make such a folder an entry of a store; nothing is left if it is bad.

    Args: as of `make_foreign`; `backbone`: name or folder of what it is for; `task`: the name of
        what its head predicts, one of `tasks` (by default the built-in ones).

    Returns:
        What became of it, and what was left out of it ("" for nothing).

    Raises:
        InvalidArtifactError: see `read_foreign` and `make_foreign`.
        MissingBackboneError: its backbone is not there.
    """
    known = None if task is None else get_task(task, tasks)
    found = resolve_backbone(backbone, Path.cwd())
    read = read_foreign(folder, found)
    with tempfile.TemporaryDirectory(prefix="adapterxlt-") as aside:
        made = Path(aside) / "artifact"
        make_foreign(read, found, made, task=known, labels=labels, license=license)
        try:
            return take_in(FolderSource(made), store, backbone=found), read.note
        except InvalidArtifactError as error:
            message = error.message.replace(str(made), str(folder))
            raise InvalidArtifactError(message, hint=error.hint) from None


def make_foreign(
    read: Foreign,
    backbone: Backbone,
    folder: Path,
    *,
    task: Task | None = None,
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
    from adapterxlt.models.adopt import adopt

    if read.head is None and (task or labels):
        raise UsageError(f"{read.folder}: has no head, so --task and --labels cannot be used")
    parts = foreign_parts(read, backbone, task=task, labels=labels)
    names, order = order_for(read.head, task, labels) if read.head else ((), [])
    params = parts["params"]
    assert isinstance(params, dict)
    content = params["content"]
    slug = re.sub("[^a-z0-9]+", "_", read.name.lower()).strip("_")[:40] or "adapter"
    digest = hashlib.sha256("".join(content.values()).encode()).hexdigest()
    name = f"{slug}_{digest[:8]}"
    head = (
        HeadSpec(
            kind=kind_for(read.head, task),
            labels=names,
            task=task.name if task else UNKNOWN,
            multi_label=read.head.multi_label,
        )
        if read.head
        else None
    )
    adopt(
        backbone,
        _weights(read, name, backbone),
        folder,
        name=name,
        method=str(read.method),
        head=head,
        order=order,
    )
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


def foreign_parts(
    read: Foreign, backbone: Backbone, *, task: Task | None = None, labels: Sequence[str] = ()
) -> dict[str, object]:
    """The parts of the fingerprint of such a folder's artifact. Args: as of `make_foreign`.

    Raises:
        UsageError: `task` and `labels` are not of its head.
    """
    names = order_for(read.head, task, labels)[0] if read.head else ()
    digests = [sha256_file(file) for file in read.files]
    weights = digests[0] if len(digests) == 1 else address_of({"shards": digests})
    content = {"config": sha256_file(read.config), "weights": weights}
    if read.head_folder is not None:
        content["head"] = sha256_file(read.head_folder / HEAD_FILE)
    params: dict[str, object] = {
        "method": str(read.method),
        "library": read.library,
        "said_backbone": read.said,
        "content": content,
    }
    if read.head is not None:
        params |= {"head": task.name if task else UNKNOWN, "labels": list(names)}
        if task is not None and task.home is not None:  # the user's own: its name tells no kind
            params["head_kind"] = task.kind
    return {
        "kind": IMPORTED,
        "version": VERSION,
        "params": params,
        "data": "",
        "backbone": backbone.hash,
        "inputs": [],
    }


def _weights(read: Foreign, name: str, backbone: Backbone) -> Weights:
    from adapterxlt.models.foreign_weights import from_adapters, from_peft, from_transformers

    kind = read.head.kind if read.head else None
    if read.library == "transformers":
        return from_transformers(read.files, name, kind, backbone.architecture)
    (file,) = read.files
    if read.library == "peft":
        rank = read.method.parts[0].resolved["r"]
        assert isinstance(rank, int)
        there, left_out = kind or read.left_out, read.left_out is not None
        return from_peft(file, name, there, backbone, read.scales, rank, left_out=left_out)
    head_file = read.head_folder / HEAD_FILE if read.head_folder else None
    old_head = read.head.name if read.head else ""
    return from_adapters(file, read.name, name, head_file, old_head, kind, backbone)
