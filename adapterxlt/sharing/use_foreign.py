"""A folder that another library wrote, as a recipe's `use` stage names it. No torch yet.

Its address covers the content of its files, and what the stage says of its head.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from adapterxlt.backbones import Backbone
from adapterxlt.errors import UsageError
from adapterxlt.models.spec import HeadSpec
from adapterxlt.recipe.schema import UseStage
from adapterxlt.recipe.used import Used
from adapterxlt.sharing.foreign import make_foreign
from adapterxlt.sharing.foreign_head import UNKNOWN, order_for
from adapterxlt.sharing.foreign_read import read_foreign
from adapterxlt.sharing.locate import IMPORTED
from adapterxlt.sharing.make import finish
from adapterxlt.sharing.source import FolderSource
from adapterxlt.sharing.transport import take_in
from adapterxlt.sharing.use_heads import usable_heads
from adapterxlt.store.files import address_of, sha256_file
from adapterxlt.store.manifest import Manifest
from adapterxlt.store.store import Store

_VERSION = 1  # of what is made of such a folder
_WEIGHTS = (".safetensors", ".json")


def look_at_foreign(path: Path, stage: UseStage, backbone: Backbone) -> Used:
    """Read such a folder, its weights not yet.

    Raises:
        UsageError: the stage says what cannot be said of it.
        InvalidArtifactError: it cannot be read.
    """
    if stage.backbone_override:
        raise UsageError(
            f"{path}: is of another library, which does not say on which backbone exactly",
            hint="leave out `backbone_override`",
        )
    read = read_foreign(path, backbone)
    if read.head is None and (stage.task or stage.labels):
        raise UsageError(f"{path}: has no head", hint="leave out `task` and `labels`")
    names = order_for(read.head, stage.task, stage.labels or ())[0] if read.head else ()
    params: dict[str, object] = {
        "method": str(read.method),
        "library": read.library,
        "files": _content(path),
    }
    spec: tuple[HeadSpec, ...] = ()
    if read.head is not None:
        params |= {"head": stage.task or UNKNOWN, "labels": list(names)}
        spec = (HeadSpec(kind=read.head.kind, labels=names, task=stage.task or UNKNOWN),)
    parts: dict[str, object] = {
        "kind": IMPORTED,
        "version": f"use {_VERSION}",
        "params": params,
        "data": "",
        "backbone": backbone.hash,
        "inputs": [],
    }
    step = {key: parts[key] for key in ("kind", "params", "data", "inputs")}
    heads, headless = usable_heads(spec)
    if headless and spec and stage.task is None:
        headless = "it is not known what it predicts; say so by `task`"
    full = read.method.is_full
    return Used(
        where=stage.use,
        fingerprint=address_of(parts),
        form="full" if full else "adapter",
        methods=() if full else (read.method,),
        on_full=full,
        heads=heads,
        headless=headless,
        parts=parts,
        lineage=({"fingerprint": address_of(parts), **step},),
        note=read.note,
    )


def _content(folder: Path) -> dict[str, str]:
    """Hashes of the files that say what another library's folder holds."""
    return {
        file.relative_to(folder).as_posix(): sha256_file(file)
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.suffix in _WEIGHTS
    }


def make_used_foreign(
    path: Path, stage: UseStage, used: Used, store: Store, backbone: Backbone
) -> Manifest:
    """Make an artifact of another library's folder, under the address of the stage."""
    with tempfile.TemporaryDirectory(prefix="adapterxlt-") as aside:
        made = Path(aside) / "artifact"
        manifest = make_foreign(
            read_foreign(path, backbone),
            backbone,
            made,
            task=stage.task,
            labels=stage.labels or (),
        )
        facts = manifest.artifact
        assert facts is not None
        changes: dict[str, object] = {
            "fingerprint": used.fingerprint,
            "parts": used.parts,
            "lineage": {**manifest.lineage, "steps": list(used.lineage)},
        }
        finish(made, manifest.model_copy(update=changes), facts, [])
        return take_in(FolderSource(made), store, backbone=backbone).manifest
