"""Reads the model of a `use` stage before anything runs, and imports it later. No torch yet.

Its address is that of the artifact itself, so stages built on it are the same as if it had been
trained here. The address of another library's folder is a hash of the content of its files.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import InvalidArtifactError, UsageError
from adapterxlt.home import expanded
from adapterxlt.models.spec import (
    DIFFERENCE_FILE,
    SPEC_FILE,
    WEIGHTS_FILE,
    ModelSpec,
    parse_spec,
    tower,
)
from adapterxlt.plan.lineage import describe
from adapterxlt.progress import Progress
from adapterxlt.recipe.used import Used
from adapterxlt.sharing.content import MAX_TEXT
from adapterxlt.sharing.foreign_read import is_foreign
from adapterxlt.sharing.locate import is_shared, locate, named_in_store, recorded_backbone
from adapterxlt.sharing.remotes.address import masked
from adapterxlt.sharing.remotes.fetch import fetched, peek
from adapterxlt.sharing.source import BundleSource, read_small
from adapterxlt.sharing.transport import prepared, take_in
from adapterxlt.stages.use.foreign import look_at_foreign, make_used_foreign
from adapterxlt.stages.use.heads import own_tasks, usable_heads
from adapterxlt.stages.use.keys import UseStage
from adapterxlt.stages.use.parts import form_of, known_by, own_weights, parsed_methods
from adapterxlt.store.files import address_of
from adapterxlt.store.inside import open_inside
from adapterxlt.store.manifest import MANIFEST_NAME, Manifest, parse_manifest, read_manifest
from adapterxlt.store.store import STORE_FOLDER, Store
from adapterxlt.tasks.catalogue import Task


def look_at(
    stage: UseStage, base: Path, backbone: Backbone | None, tasks: Mapping[str, Task]
) -> Used | None:
    """Read what a stage uses, its weights not yet.

    Args:
        base: folder of the recipe. backbone: the recipe's; None if it is not here.
        tasks: that the recipe can name.

    Returns:
        None if it is of another library, which needs the backbone to be read.

    Raises:
        UsageError, MissingError: it is not there.
        InvalidArtifactError: it cannot be read, or is of another backbone.
    """
    where = masked(stage.use)
    if is_url(stage.use):
        manifest, content = peek(stage.use, SPEC_FILE, MAX_TEXT)
    else:
        path = find(stage.use, base)
        if is_foreign(path):
            return look_at_foreign(path, stage, backbone, tasks) if backbone else None
        manifest, content = _read(path)
        where = named_in_store(path, manifest) or where
    if stage.task or stage.labels:
        raise UsageError(
            f"{where}: already states what its head predicts", hint="leave out `task` and `labels`"
        )
    if not is_shared(manifest.kind) or manifest.parts.get("kind") != manifest.kind:
        raise InvalidArtifactError(
            f"{where}: is not a trained model, but a step of kind {manifest.kind}"
        )
    spec = parse_spec(content, where)
    parts = manifest.parts
    if backbone is not None:
        parts = _fitted(manifest, spec, backbone, stage.backbone_override, where)
    fingerprint = manifest.fingerprint if parts is manifest.parts else address_of(parts)
    heads, headless = usable_heads(spec.heads)
    *below, top = known_by(spec, manifest)
    return Used(
        where=where,
        fingerprint=fingerprint,
        form=form_of(spec),
        methods=parsed_methods(spec, where),
        on_full=spec.full,
        heads=heads,
        headless=headless,
        own=own_tasks(spec.heads),
        parts=parts,
        lineage=lineage_in(manifest, fingerprint, where),
        depth=len(tower(spec.setup)) if spec.setup is not None else 1,
        top=top,
        below=" ".join(below),
        weights=own_weights(manifest) if spec.setup is not None and spec.full else "",
        fused=spec.fusion is not None,
    )


def is_url(text: str) -> bool:
    """Whether what a stage uses is at a URL, rather than in a file or folder."""
    return "://" in text


def find(text: str, base: Path) -> Path:
    """The artifact, store entry or folder that a recipe names: beside it, or from this folder.

    Raises:
        UsageError: there is none.
    """
    named = expanded(text)
    try:
        return locate(str(base / named))
    except UsageError as error:
        try:
            return locate(str(named))
        except UsageError:
            raise error from None


def take_in_used(
    stage: UseStage, used: Used, base: Path, store: Store, backbone: Backbone, progress: Progress
) -> None:
    """Verify what a stage uses and put it into a store, unless that has it.

    Raises:
        InvalidArtifactError: it is damaged, hostile, does not load, or is not what it was.
        MissingError: it is not there any more.
    """
    known = store.whole(used.fingerprint)
    if is_url(stage.use):
        if known is not None:
            return
        with fetched(stage.use, store, progress) as (source, held):
            taken = take_in(
                source, store, backbone=backbone, override=stage.backbone_override, held=held
            ).manifest
    else:
        path = find(stage.use, base)
        if path.resolve() == store.path(used.fingerprint).resolve():
            store.get(used.fingerprint)  # raises if it is damaged, as there is no other to take
            return
        if known is not None:
            _check_same(known, path, used)
            return
        if is_foreign(path):
            taken = make_used_foreign(path, stage, store, backbone, used.own)
        else:
            with prepared(path) as (source, _):
                taken = take_in(
                    source, store, backbone=backbone, override=stage.backbone_override
                ).manifest
    if taken.fingerprint != used.fingerprint:
        raise InvalidArtifactError(f"{used.where}: changed while it was read")
    progress.log(f"{used.where}: verified and added to the work folder")


def _check_same(known: Manifest, path: Path, used: Used) -> None:
    """Two trainings of one stage have one address; the store can hold only one of them."""
    if is_foreign(path):  # its address covers its content
        return
    theirs, _ = _read(path)
    for name in known.files.keys() & theirs.files.keys():
        weights = name.endswith("adapter.safetensors") or name in (WEIGHTS_FILE, DIFFERENCE_FILE)
        if weights and known.files[name].sha256 != theirs.files[name].sha256:
            raise InvalidArtifactError(
                f"{used.where}: the work folder has another training of the same stage "
                f"({used.fingerprint[:12]}), with other weights",
                hint="use another --workdir",
            )


def _read(path: Path) -> tuple[Manifest, bytes]:
    """Manifest and description of an artifact, a store entry or a bundle."""
    if path.is_dir():
        if not (path / MANIFEST_NAME).is_file():
            raise InvalidArtifactError(
                f"{path}: is a folder, but not an artifact",
                hint=f"name one of its stages: `{path}:STAGE`"
                if (path / STORE_FOLDER).is_dir()
                else "name an artifact folder, a bundle, or WORKDIR:STAGE (`runs:nli`)",
            )
        manifest = read_manifest(path)
        try:
            with open_inside(path, SPEC_FILE) as stream:
                content = stream.read(MAX_TEXT + 1)
        except (FileNotFoundError, NotADirectoryError):
            content = b""
        if not 0 < len(content) <= MAX_TEXT:
            raise InvalidArtifactError(f"{path}: has no {SPEC_FILE}, so it is not a trained model")
        return manifest, content
    source = BundleSource(path)
    manifest = parse_manifest(read_small(source, MANIFEST_NAME), f"{path}: {MANIFEST_NAME}")
    if not 0 < source.sizes.get(SPEC_FILE, 0) <= MAX_TEXT:
        raise InvalidArtifactError(f"{path}: has no {SPEC_FILE}, so it is not a trained model")
    with source.open(SPEC_FILE) as stream:
        return manifest, stream.read(source.sizes[SPEC_FILE])


def _fitted(
    manifest: Manifest, spec: ModelSpec, backbone: Backbone, override: bool, where: str
) -> dict[str, object]:
    """The parts of the artifact's fingerprint, once it fits to a backbone."""
    theirs = recorded_backbone(manifest)
    if theirs.hash == backbone.hash:
        return manifest.parts
    of = f"`{theirs.name}` (content {theirs.hash[:12]})"
    if not override:
        raise InvalidArtifactError(
            f"{where}: was trained on the backbone {of}, not on `{backbone.name}` "
            f"(content {backbone.hash[:12]})",
            hint="`backbone_override: true` uses an adapter on another backbone of the same "
            "size, and records this",
        )
    if spec.full:
        raise InvalidArtifactError(
            f"{where}: has its own backbone weights, so it only fits the backbone {of}"
        )
    if (spec.backbone.hidden_size, spec.backbone.layers) != (
        backbone.hidden_size,
        backbone.layers,
    ):
        raise InvalidArtifactError(
            f"{where}: was trained on {spec.backbone.layers} layers of width "
            f"{spec.backbone.hidden_size}, but `{backbone.name}` has {backbone.layers} layers of "
            f"width {backbone.hidden_size}"
        )
    facts = manifest.artifact
    first = facts.override if facts is not None and facts.override is not None else theirs
    return {**manifest.parts, "backbone": backbone.hash, "override": first.hash}


def lineage_in(manifest: Manifest, fingerprint: str, where: str) -> tuple[dict[str, Any], ...]:
    """Every step behind an artifact, checked: each names steps before it, the last is its own."""
    problem = InvalidArtifactError(f"{where}: its lineage cannot be read")
    steps = manifest.lineage.get("steps")
    if not isinstance(steps, list) or not steps or not all(isinstance(s, dict) for s in steps):
        raise problem
    # What was made to fit to another backbone has another address than what was trained.
    found = (*steps[:-1], {**steps[-1], "fingerprint": fingerprint})
    seen: set[str] = set()
    for step in found:
        address, inputs = step.get("fingerprint"), step.get("inputs")
        if not isinstance(address, str) or address in seen or not isinstance(inputs, list):
            raise problem
        if not all(isinstance(each, str) and each in seen for each in inputs):
            raise problem
        if not isinstance(step.get("kind"), str) or not isinstance(step.get("params"), dict):
            raise problem
        seen.add(address)
    try:
        describe({"steps": list(found)})  # it will be told
    except (KeyError, TypeError, AssertionError, IndexError, ValueError):
        raise problem from None
    return found
