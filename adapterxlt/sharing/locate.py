"""Finds the folder or bundle that a user names, and the backbone of an artifact."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.backbones.find import BUNDLED, resolve_backbone
from adapterxlt.bundled import hint_for_adapter
from adapterxlt.errors import InvalidArtifactError, MissingBackboneError, UsageError
from adapterxlt.plan.memory import read_notes
from adapterxlt.recipe.kinds import KINDS
from adapterxlt.sharing.remotes.address import local_path, masked
from adapterxlt.show import printable
from adapterxlt.store.backbones import noted_backbone
from adapterxlt.store.files import address_of, files_below
from adapterxlt.store.manifest import MANIFEST_NAME, BackboneFacts, Manifest, read_manifest
from adapterxlt.store.store import STORE_FOLDER, Store
from adapterxlt.suggest import suggest

IMPORTED = "import"  # made elsewhere, by another library
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")


def locate(text: str, *, models: bool = False) -> Path:
    """Return the artifact folder, store entry or bundle that a user named.

    Args:
        text: its path, or `WORKDIR:STAGE` for a stage of a work folder, by name or by the first
            digits of its fingerprint.
        models: look among all models, ensembles too, which cannot be shared.

    Raises:
        UsageError: there is none, or there are several stages of that name.
    """
    path = Path(text)
    if path.exists():
        return path
    folder, colon, stage = text.rpartition(":")
    if colon and Path(folder).is_dir():
        store = Store(Path(folder) / STORE_FOLDER)
        every = [entry for entry in store.entries() if is_model(entry.kind)]
        entries = [entry for entry in every if models or is_shared(entry.kind)]
        by_address = len(stage) >= 6
        noted = _noted_stages(store, stage)
        named = [
            entry
            for entry in every
            if entry.title == stage
            or entry.fingerprint in noted
            or (by_address and entry.fingerprint.startswith(stage))
        ]
        found = [entry for entry in named if entry in entries]
        if len(found) == 1:
            return store.path(found[0].fingerprint)
        if found:
            known = ", ".join(
                f"{folder}:{entry.fingerprint[:12]} ({_told_apart(entry)})" for entry in found
            )
            raise UsageError(
                f"{text}: there are several stages of this name", hint=f"choose one of {known}"
            )
        if named:
            raise _unshared(text, folder, named[0], entries)
        raise UsageError(
            f"{text}: there is no trained stage of this name",
            hint=suggest(stage, [entry.title for entry in entries])
            if entries
            else f"{folder} has no trained stage yet",
        )
    if "://" in text:
        place = local_path(text)
        if place is None:
            raise UsageError(
                f"{masked(text)}: is not on this machine",
                hint="fetch it with `adapterxlt artifact pull URL`",
            )
        if place.exists():
            return place
    raise UsageError(
        f"{text}: there is no such file or folder",
        hint=hint_for_adapter(text)
        or "give the folder of an artifact, a packed file, or a stage: WORKDIR:STAGE (`runs:nli`)",
    )


def _unshared(
    text: str, folder: str, ensemble: Manifest, entries: Sequence[Manifest]
) -> UsageError:
    """The error for an ensemble: it has no weights, but its members do."""
    inputs = ensemble.parts.get("inputs")
    titles = {entry.fingerprint: entry.title for entry in entries}
    members = [titles[one] for one in inputs if one in titles] if isinstance(inputs, list) else []
    return UsageError(
        f"{text}: this is an ensemble, which has no weights of its own, so it is not an artifact",
        hint="name its members, one by one: "
        + ", ".join(f"{folder}:{printable(title)}" for title in members),
    )


def _noted_stages(store: Store, stage: str) -> set[str]:
    """The fingerprints of what recipes call a stage: an equal one may have been made under another
    name, by another recipe or elsewhere."""
    notes, _ = read_notes(store)
    return {address_of(note.steps[stage]) for note in notes if stage in note.steps}


def _told_apart(entry: Manifest) -> str:
    """What tells stages of one name apart: `recipe q, seed 2`."""
    params = entry.parts.get("params")
    seed = params.get("seed") if isinstance(params, Mapping) else None
    return f"recipe {printable(entry.recipe)}" + ("" if seed is None else f", seed {seed}")


def trained_stages(workdir: Path) -> dict[str, Path]:
    """Entries of all trained stages of a work folder, by names fit for folders.

    A stage's name, followed by its fingerprint where several have that name or it is none for a
    folder. A step inside a stage (`sparse/dense`) is none. {} of what is no work folder.
    """
    if not is_workdir(workdir):
        return {}
    store = Store(workdir / STORE_FOLDER)
    entries = [
        entry for entry in store.entries() if is_shared(entry.kind) and "/" not in entry.title
    ]
    titles = [entry.title for entry in entries]
    found = {}
    for entry in entries:
        plain = _PLAIN.fullmatch(entry.title) and titles.count(entry.title) == 1
        slug = re.sub("[^A-Za-z0-9_-]+", "_", entry.title)[:80]
        name = entry.title if plain else f"{slug}-{entry.fingerprint[:12]}"
        found[name] = store.path(entry.fingerprint)
    return found


def is_workdir(folder: Path) -> bool:
    """Whether a folder is a work folder, and no artifact."""
    return not (folder / MANIFEST_NAME).is_file() and (folder / STORE_FOLDER).is_dir()


def named_in_store(path: Path, manifest: Manifest) -> str | None:
    """A store entry as a user names it, `runs:nli`; None if it is none."""
    store = _store_of(path, manifest)
    return None if store is None else f"{store.root.parent}:{printable(manifest.title)}"


def artifact_folders(path: Path) -> list[Path]:
    """Folders of the artifacts below `path`: itself, those of a work folder, or of any folder."""
    if (path / MANIFEST_NAME).is_file():
        return [path]
    store = Store(path / STORE_FOLDER)
    if store.root.is_dir():
        return [store.path(entry.fingerprint) for entry in store.entries()]
    return sorted(
        found.parent
        for found in files_below(path, MANIFEST_NAME)
        if found.name == MANIFEST_NAME and not is_hidden(found, path)
    )


def is_hidden(path: Path, root: Path) -> bool:
    """Whether something below a folder is what systems and tools keep there for themselves."""
    parts = path.relative_to(root).parts
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def recorded_backbone(manifest: Manifest) -> BackboneFacts:
    """The backbone that an artifact or a store entry says it fits to.

    Raises:
        InvalidArtifactError: it says none.
    """
    if manifest.artifact is not None:
        return manifest.artifact.backbone
    recorded = manifest.lineage.get("backbone")
    if not isinstance(recorded, dict):
        raise InvalidArtifactError(
            f"`{manifest.title}` does not have a backbone, so it cannot be shared"
        )
    return BackboneFacts(name=str(recorded.get("name")), hash=str(recorded.get("hash")))


def find_backbone(
    manifest: Manifest,
    given: str | None,
    entry: Path | None = None,
    *,
    store: Store | None = None,
    checking: bool = False,
) -> Backbone:
    """Find the backbone that a stage or an artifact fits to. Nothing is downloaded.

    Args:
        given: a name or folder from the user. With None, an artifact gets the one it names, if that
            is the bundled backbone or one in the local cache of the Hub (never a path it names).
        entry: where it lies, if that may be a store. What never left its store gets the backbone
            that its recipe named, a folder too.
        store: a store whose backbones are looked at first; default: the one `entry` is in.
        checking: whether the backbone is only needed for a check that `--no-load` leaves out.

    Raises:
        MissingBackboneError: it is not there.
        InvalidArtifactError: the one that is there has another content; names both.
    """
    wanted = recorded_backbone(manifest)
    name = given or wanted.name
    if given is None and (noted := _noted_backbone(store or _store_of(entry, manifest), wanted)):
        return noted
    own = given is not None or (entry is not None and _in_store(entry, manifest))
    if not own and name not in BUNDLED and not _HUB_ID.fullmatch(name):
        raise _by_path(wanted, checking)
    try:
        # An artifact that names `mini` must not pick up a folder of that name.
        base = Path.cwd() if own else Path("/nonexistent")
        if not own and Path(name).exists() and name not in BUNDLED:
            raise _by_path(wanted, checking)
        found = resolve_backbone(name, base, download=given is not None)
    except MissingBackboneError as error:
        if given is not None:
            raise
        raise _missing(wanted, checking) from error
    check_backbone(manifest, found)
    return found


def _store_of(entry: Path | None, manifest: Manifest) -> Store | None:
    """The store that something is an entry of."""
    if entry is None:
        return None
    entry = entry.absolute()
    named = (entry.parent.parent.name, entry.name) == (STORE_FOLDER, manifest.fingerprint)
    return Store(entry.parent.parent) if named and entry.is_dir() else None


def _in_store(entry: Path, manifest: Manifest) -> bool:
    """Whether it is an entry of a store, and no folder that a stranger may have given."""
    return _store_of(entry, manifest) is not None and read_manifest(entry).artifact is None


def _noted_backbone(store: Store | None, wanted: BackboneFacts) -> Backbone | None:
    """The backbone of this content that the user named in this work folder, if it is unchanged."""
    if store is None or wanted.name in BUNDLED:
        return None
    folder = noted_backbone(store, wanted.hash)
    try:
        found = inspect_backbone(wanted.name, folder) if folder else None
    except MissingBackboneError:
        return None
    return found if found is not None and found.hash == wanted.hash else None


def check_backbone(manifest: Manifest, backbone: Backbone) -> None:
    """Compare content hashes.

    Raises:
        InvalidArtifactError: they differ; names both.
    """
    wanted = recorded_backbone(manifest)
    if backbone.hash != wanted.hash:
        raise InvalidArtifactError(
            f"`{manifest.title}` was trained on backbone `{wanted.name}` (content "
            f"{wanted.hash[:12]}), not on `{backbone.name}` (content {backbone.hash[:12]})",
            hint=f"name the backbone `{wanted.name}` with --backbone (`backbone=` in Python), or "
            "leave that out; `adapterxlt artifact import PATH --backbone NAME --override-backbone` "
            "puts the artifact on another backbone, and records this",
        )


def _missing(wanted: BackboneFacts, checking: bool) -> MissingBackboneError:
    return MissingBackboneError(
        f"its backbone `{wanted.name}` (content {wanted.hash[:12]}) is missing",
        hint=f"name its folder or Hub id with --backbone (`backbone=` in Python){_spare(checking)}",
    )


def _by_path(wanted: BackboneFacts, checking: bool) -> MissingBackboneError:
    """The error for an artifact that names a folder: it may be a stranger's."""
    return MissingBackboneError(
        f"it names its backbone by a path, `{wanted.name}` (content {wanted.hash[:12]}), and a "
        "path that an artifact names is not opened",
        hint=f"if the backbone is there, use --backbone {shlex.quote(wanted.name)}, else name its "
        f"folder or Hub id (`backbone=` in Python){_spare(checking)}",
    )


def _spare(checking: bool) -> str:
    return "; to check the rest without it, use --no-load" if checking else ""


def is_model(kind: str) -> bool:
    """Whether entries of a kind are models: what can be shared, and ensembles of such."""
    found = KINDS.get(kind)
    return is_shared(kind) or (found is not None and found.makes_model)


def is_shared(kind: str) -> bool:
    """Whether entries of a kind can be shared: what a stage trained, or what was imported."""
    found = KINDS.get(kind)
    return kind == IMPORTED or (found is not None and found.kept)
