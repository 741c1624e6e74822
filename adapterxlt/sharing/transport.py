"""Prepares artifacts for sending and imports them: shared by pack, push, import and pull."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.find import BUNDLED, resolve_backbone
from adapterxlt.errors import InvalidArtifactError, MissingBackboneError, UsageError
from adapterxlt.models.spec import REFERENCE_FILE, backbone_spec, read_spec
from adapterxlt.results.measures import METRICS_NAME
from adapterxlt.sharing.bundle import write_bundle
from adapterxlt.sharing.check import check_loads, refusing
from adapterxlt.sharing.locate import find_backbone, is_shared, recorded_backbone
from adapterxlt.sharing.make import finish, make_artifact, overridden
from adapterxlt.sharing.scores import read_metrics
from adapterxlt.sharing.signature import Signature, check_signature, sign
from adapterxlt.sharing.source import BundleSource, FolderSource, Source, open_source
from adapterxlt.sharing.verify import unpack, verify
from adapterxlt.store.backbones import note_backbone
from adapterxlt.store.files import address_of, write_json
from adapterxlt.store.manifest import MANIFEST_NAME, SIGNATURE_NAME, Manifest, read_manifest
from adapterxlt.store.output import Output, check_output, new_folder
from adapterxlt.store.store import Store


@contextmanager
def prepared(
    path: Path, *, license: str | None = None, key: Path | None = None, backbone: str | None = None
) -> Iterator[tuple[FolderSource, Manifest]]:
    """Give a verified artifact folder of a store entry, an artifact or a bundle; for a while.

    Args:
        license: to state in it. key: to sign it with. backbone: where its backbone is.

    Yields:
        A folder that holds the artifact alone; it names what else lay in the given one.

    Raises:
        InvalidArtifactError: it is damaged.
        MissingBackboneError: a full fine-tune's backbone is not here.
    """
    with tempfile.TemporaryDirectory(prefix="adapterxlt-") as aside:
        folder = Path(aside) / "artifact"
        if path.is_file() or is_artifact(path):
            source = open_source(path)
            manifest = verify(source)
            ignored = source.ignored if isinstance(source, FolderSource) else []
            unchanged = license is None and key is None
            if unchanged and isinstance(source, FolderSource) and source.plain:
                yield source, manifest
                return
            unpack(source, manifest, folder)
            if license is not None and manifest.artifact and license != manifest.artifact.license:
                facts = manifest.artifact.model_copy(update={"license": license})
                scores = read_metrics(folder).get("scores", [])
                finish(folder, manifest, facts, scores, read_spec(folder).heads)
                (folder / SIGNATURE_NAME).unlink(missing_ok=True)  # of what it was before
        else:
            ignored = []
            folder.mkdir()
            make_artifact(path, folder, _backbone_of(path, backbone), license=license)
        if key is not None:
            sign(folder, key)
        made = FolderSource(folder)
        made.ignored = ignored
        yield made, verify(made)


def pack(source: FolderSource, file: Path | Output) -> int:
    """Write a verified artifact as one file; a reader sees none or the whole.

    Returns:
        its size in bytes.
    """
    output = check_output(file) if isinstance(file, Path) else file
    with output.open(check=lambda whole: verify(BundleSource(whole))) as out:
        return write_bundle(source.where, list(source.sizes), out)


@dataclass(frozen=True)
class TakenIn:
    """What became of an artifact: its manifest, its folder, whether it is new there, who signed.

    Args:
        ignored: what its folder held that it does not list.
    """

    manifest: Manifest
    folder: Path
    new: bool
    signature: Signature | None
    loaded: bool
    ignored: Sequence[str] = ()


def take_in(
    source: Source,
    store: Store,
    *,
    backbone: Backbone | str | None = None,
    override: bool = False,
    load: bool = True,
    signers: Path | None = None,
    held: str | None = None,
) -> TakenIn:
    """Verify an artifact, try it, and make it an entry of a store. Nothing is left if it is bad.

    Args:
        backbone: the backbone, or where it is; None looks for what the artifact names.
        override: make it fit to `backbone` though it was trained on another; recorded.
        load: whether it must load on its backbone.
        signers: file of allowed signers; a signature of one of them is needed.
        held: fingerprint that it must have; the caller holds that entry's lock.

    Raises:
        InvalidArtifactError: it is damaged, hostile, of another backbone, or badly signed.
        MissingBackboneError: its backbone is not here, and `load`.
    """
    manifest = verify(source)
    if held is not None and manifest.fingerprint != held:
        raise InvalidArtifactError(
            f"{source.where}: belongs to another stage than the one requested"
        )
    if not is_shared(manifest.kind) or manifest.parts.get("kind") != manifest.kind:
        # A measurement that came from elsewhere would be reported as if it had been made here.
        raise InvalidArtifactError(
            f"{source.where}: is not a trained stage, so it cannot be imported"
        )
    signature = check_signature(source, signers)
    found = None
    if override:
        found = backbone if isinstance(backbone, Backbone) else _any_backbone(backbone)
    elif isinstance(backbone, Backbone):
        found = backbone
    elif load or backbone is not None:
        found = find_backbone(manifest, backbone, store=store, checking=load)
    with store.lock(manifest.fingerprint) if held is None else nullcontext():
        aside = store.staging(f"import-{manifest.fingerprint}")
        shutil.rmtree(aside, ignore_errors=True)  # of a process that was killed
        try:
            folder = aside / "out"
            unpack(source, manifest, folder)
            fitted = manifest
            if override and found is not None and found.hash != recorded_backbone(manifest).hash:
                fitted = _fit_to(folder, manifest, found, source.where)
                signature = None  # it was of another manifest
            if found is not None:
                check_loads(folder, fitted, found, source.where)
            with nullcontext() if fitted is manifest else store.lock(fitted.fingerprint):
                new = store.adopt(folder, fitted)
            if found is not None and found.name not in BUNDLED:
                note_backbone(store, found.hash, found.path)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return TakenIn(
        fitted,
        store.path(fitted.fingerprint),
        new,
        signature,
        found is not None,
        source.ignored if isinstance(source, FolderSource) else (),
    )


def _fit_to(folder: Path, manifest: Manifest, backbone: Backbone, where: Path) -> Manifest:
    """Make an unpacked artifact one of another backbone: another artifact, and it says so."""
    from adapterxlt.models.fit import check_fit
    from adapterxlt.models.load import load
    from adapterxlt.models.reference import write_reference

    facts = overridden(manifest, backbone)
    assert facts.override is not None
    spec = read_spec(folder)
    if spec.full:
        raise InvalidArtifactError(
            f"`{manifest.title}` has its own backbone weights, so it does not fit another backbone"
        )
    spec.model_copy(update={"backbone": backbone_spec(backbone)}).write(folder)
    (folder / SIGNATURE_NAME).unlink(missing_ok=True)
    (folder / REFERENCE_FILE).unlink(missing_ok=True)  # outputs on the other backbone
    parts = {**manifest.parts, "backbone": backbone.hash, "override": facts.override.hash}
    changed = manifest.model_copy(update={"parts": parts, "fingerprint": address_of(parts)})
    # What was measured was measured on the other backbone.
    write_json(folder / METRICS_NAME, {**read_metrics(folder), "scores": []})
    with refusing(folder, where):
        try:
            check_fit(backbone, folder)
        except InvalidArtifactError as error:
            was = (spec.backbone.layers, spec.backbone.hidden_size)
            if was == (backbone.layers, backbone.hidden_size):
                raise
            # A missing tensor is how it shows; what the user can do about it is the size.
            raise InvalidArtifactError(
                f"{where}: was trained on a backbone of {was[0]} layers of width {was[1]}, so it "
                f"does not fit `{backbone.name}`, which has {backbone.layers} of width "
                f"{backbone.hidden_size}",
                hint="name a backbone of the same size with --backbone",
            ) from error
        write_reference(load(backbone, folder), folder)
    return finish(folder, changed, facts, [])


def _any_backbone(name: str | None) -> Backbone:
    if name is None:
        raise UsageError("--override-backbone needs --backbone, which names the backbone to use")
    return resolve_backbone(name, Path.cwd())


def is_artifact(path: Path) -> bool:
    """Whether a folder is an artifact: an entry that never left its store is none."""
    return (path / MANIFEST_NAME).is_file() and read_manifest(path).artifact is not None


def _backbone_of(entry: Path, given: str | None) -> Backbone | None:
    """The backbone of a store entry; None if it is not here and can be done without."""
    try:
        return find_backbone(read_manifest(entry), given, entry)
    except MissingBackboneError:
        if given is not None or not (entry / REFERENCE_FILE).is_file():
            raise
        return None


def copy_out(source: Source, manifest: Manifest, folder: Path) -> None:
    """Unpack a verified artifact into a new folder that appears whole or not at all."""
    with new_folder(folder) as aside:
        unpack(source, manifest, aside)
