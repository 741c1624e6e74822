"""Finds the files and the backbone of a model by its name, and checks all of them.

A name is a stage of a work folder (`runs:nli`), an artifact's folder, a packed file, a URL, or a
backbone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapterxlt.applying.cache import fetched_once
from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.find import BUNDLED, KNOWN, resolve_backbone
from adapterxlt.bundled import hint_for_adapter
from adapterxlt.errors import InvalidArtifactError, MissingBackboneError, UsageError
from adapterxlt.home import expanded
from adapterxlt.progress import Progress
from adapterxlt.recipe.kinds import KINDS
from adapterxlt.sharing.check import check_fits
from adapterxlt.sharing.foreign_read import is_foreign
from adapterxlt.sharing.locate import (
    find_backbone,
    is_model,
    locate,
    trained_stages,
)
from adapterxlt.sharing.remotes.address import local_path, masked
from adapterxlt.sharing.transport import is_artifact, prepared
from adapterxlt.stages.use.look import lineage_in
from adapterxlt.store.manifest import MANIFEST_NAME, Manifest, read_manifest
from adapterxlt.store.store import STORE_FOLDER, Store, check_files
from adapterxlt.suggest import closest, few

_MEMBERS = "ensemble.json"


@dataclass(frozen=True)
class Source:
    """The files of a model, all of them checked.

    Args:
        name: the name that the user gave.
        backbone: its backbone.
        members: the folders of weights, each with its share: one folder, several for an ensemble,
            none for a bare backbone.
        manifest: its manifest; None for a bare backbone.
        lineage: every training step of the model, oldest first.
        store: the store that it is in; None if it is not in a store.
    """

    name: str
    backbone: Backbone
    members: tuple[tuple[float, Path], ...] = ()
    manifest: Manifest | None = None
    lineage: tuple[Mapping[str, Any], ...] = ()
    store: Store | None = None


def find_source(text: str, backbone: str | None, progress: Progress, stack: ExitStack) -> Source:
    """Find a model.

    Args:
        text: the name that the user gave.
        backbone: a name or folder; None for the backbone that the model names.
        stack: keeps the content of a packed file on disk until it is closed.

    Raises:
        UsageError: the model does not exist, or the name belongs to something else.
        InvalidArtifactError: it is damaged, hostile, or of another backbone.
        MissingBackboneError: its backbone is not here.
    """
    if "://" in text and local_path(text) is None:
        return _artifact(fetched_once(text, progress), masked(text), backbone, stack)
    path = local_path(text) if "://" in text else expanded(text)
    assert path is not None
    if "://" in text and not path.exists():
        raise UsageError(f"{text}: there is no such file or folder")
    if text in BUNDLED or not (path.exists() or _is_stage(str(path))):
        return _bare(text, backbone)
    if path.is_dir() and not (path / MANIFEST_NAME).is_file():
        if (path / STORE_FOLDER).is_dir():
            raise _choose_stage(path)
        if (path / "config.json").is_file():
            return _bare(text, backbone)
        if is_foreign(path):
            raise UsageError(
                f"{text}: was written by another library",
                hint="import it first: `adapterxlt artifact import PATH --backbone NAME`",
            )
        raise UsageError(
            f"{text}: is neither the folder of a model nor a work folder",
            hint=f"list the artifacts in it with `adapterxlt artifact list {text}`",
        )
    place = locate(str(path), models=True)
    if place.is_dir() and not is_artifact(place):
        return _entry(place, text, backbone)
    return _artifact(place, text, backbone, stack)


def _is_stage(text: str) -> bool:
    folder, colon, _ = text.rpartition(":")
    return bool(colon) and Path(folder).is_dir()


def _choose_stage(folder: Path) -> UsageError:
    stages = [f"{folder}:{name}" for name in trained_stages(folder)]
    return UsageError(
        f"{folder}: is a work folder",
        hint=f"name one of its stages: {few(stages)}" if stages else "it has no trained stage yet",
    )


def _bare(text: str, backbone: str | None) -> Source:
    folder, colon, _ = text.rpartition(":")
    if colon:
        raise UsageError(
            f"{text}: there is no work folder `{folder}`",
            hint="run a recipe first, or give the path of another work folder before the colon",
        )
    if backbone is not None:
        raise UsageError(
            f"{text}: there is no trained model of this name, so it is read as a backbone",
            hint="name the backbone only once, or check the path of the model",
        )
    try:
        return Source(text, resolve_backbone(text, Path.cwd()))
    except MissingBackboneError as error:
        if "/" in text and not Path(text).is_absolute() and hint_for_adapter(text) is None:
            raise MissingBackboneError(  # perhaps a backbone of the Hub: say why it is not here
                f"{text}: there is no such file, folder or stage, and it is not a backbone: "
                f"{error.message}",
                hint=error.hint,
            ) from error
        near = closest(text, KNOWN)
        raise MissingBackboneError(
            f"{text}: there is no such file, folder, stage or backbone",
            hint=hint_for_adapter(text)
            or (f"did you mean `{near}`? Or " if near else "")
            + "give a stage (`runs:nli`), the folder of an artifact, a packed file, a URL, or a "
            f"backbone; known backbones: {', '.join(BUNDLED)} and those of the Hugging Face Hub",
        ) from error


def _artifact(place: Path, name: str, backbone: str | None, stack: ExitStack) -> Source:
    source, manifest = stack.enter_context(prepared(place))
    _refuse_measurement(manifest, name)
    found = find_backbone(manifest, backbone, place)
    check_fits(source.where, manifest, found)
    lineage = lineage_in(manifest, manifest.fingerprint, name)
    return Source(name, found, ((1.0, source.where),), manifest, lineage)


def _entry(folder: Path, name: str, backbone: str | None) -> Source:
    """A model in the store of a work folder."""
    manifest = read_manifest(folder)
    _refuse_measurement(manifest, name)
    return entry_source(folder, name, find_backbone(manifest, backbone, folder))


def entry_source(folder: Path, name: str, backbone: Backbone) -> Source:
    """A model that is an entry of a store, on its backbone.

    Raises:
        InvalidArtifactError: it is damaged.
    """
    manifest = read_manifest(folder)
    check_files(folder, manifest)
    store = Store(folder.parent.parent)
    lineage = lineage_in(manifest, manifest.fingerprint, name)
    members: tuple[tuple[float, Path], ...] = ((1.0, folder),)
    if (folder / _MEMBERS).is_file():
        members = _members(folder, store)
        for _, member in members:
            check_files(member, read_manifest(member))
    return Source(name, backbone, members, manifest, lineage, store)


def _refuse_measurement(manifest: Manifest, name: str) -> None:
    if not is_model(manifest.kind):
        kind = KINDS.get(manifest.kind)
        what = "a measurement" if kind is not None and kind.measures else "not a trained model"
        raise UsageError(f"{name}: is {what} (of kind {manifest.kind})")


def _members(folder: Path, store: Store) -> tuple[tuple[float, Path], ...]:
    """The models of an ensemble, which are in the same store."""
    said = json.loads((folder / _MEMBERS).read_text(encoding="utf-8"))
    found = []
    for fingerprint, share in zip(said["members"], said["weights"], strict=True):
        member = store.path(str(fingerprint))
        if not (member / MANIFEST_NAME).is_file():
            raise InvalidArtifactError(
                f"{folder}: is an ensemble, and its member {fingerprint[:12]} is not in its store",
                hint="run its recipe again",
            )
        found.append((float(share), member))
    return tuple(found)
