"""Turns a store entry into an artifact: a self-contained folder."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import InvalidArtifactError
from adapterxlt.models.spec import (
    DIFFERENCE_FILE,
    REFERENCE_FILE,
    SPEC_FILE,
    WEIGHTS_FILE,
    HeadSpec,
    read_spec,
)
from adapterxlt.results.measures import METRICS_NAME
from adapterxlt.sharing.card import CARD_FILE, Form, write_card
from adapterxlt.sharing.content import check_content
from adapterxlt.sharing.locate import is_shared, recorded_backbone
from adapterxlt.sharing.scores import read_metrics, scores_in
from adapterxlt.store.files import sha256_file, write_atomic, write_json
from adapterxlt.store.manifest import (
    MANIFEST_NAME,
    SIGNATURE_NAME,
    ArtifactFacts,
    BackboneFacts,
    FileRecord,
    Manifest,
    read_manifest,
)
from adapterxlt.store.store import Store, check_files


def make_artifact(
    entry: Path, folder: Path, backbone: Backbone | None, *, license: str | None = None
) -> Manifest:
    """Write the artifact of a store entry (or of an artifact) into a new folder.

    The scores are those that the entry's store holds by now. The same entry and scores give the
    same bytes.

    Args:
        backbone: what it was trained on; None leaves full weights as they are.
        license: of the weights; None keeps what the entry says.

    Raises:
        InvalidArtifactError: the entry is damaged, or nothing that was trained.
    """
    manifest = read_manifest(entry)
    check_files(entry, manifest)
    if not is_shared(manifest.kind) or not (entry / SPEC_FILE).is_file():
        raise InvalidArtifactError(
            f"{entry}: is a {manifest.kind} step, not a trained stage",
            hint="share stages that train, fuse or merge",
        )
    for name in manifest.files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(entry / name, folder / name)
    if backbone is not None:
        _add_what_needs_the_backbone(folder, backbone)
    scores = _write_scores(entry, manifest, folder)
    kept = manifest.artifact
    facts = ArtifactFacts(
        backbone=recorded_backbone(manifest),
        labels=_labels(folder),
        license=license if license is not None else kept.license if kept else "",
        tensors={},
        override=kept.override if kept else None,
    )
    return finish(folder, manifest, facts, scores, read_spec(folder).heads)


def finish(
    folder: Path,
    manifest: Manifest,
    facts: ArtifactFacts,
    scores: list[dict[str, object]],
    heads: Sequence[HeadSpec] = (),
) -> Manifest:
    """Write card and manifest of an artifact whose other files are there."""
    described = manifest.model_copy(update={"artifact": facts})
    kinds = {head.task: head.kind for head in heads}
    write_atomic(folder / CARD_FILE, write_card(described, scores, form_of(folder), kinds))
    files = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in (MANIFEST_NAME, SIGNATURE_NAME)
    )
    tensors = {}
    for name in files:
        with (folder / name).open("rb") as stream:
            size = (folder / name).stat().st_size
            hashes = check_content(stream, name, size, f"{folder / name}")
        if name.endswith(".safetensors"):
            tensors[name] = hashes
    finished = described.model_copy(
        update={
            "artifact": facts.model_copy(update={"tensors": tensors}),
            "files": {
                name: FileRecord(
                    size=(folder / name).stat().st_size, sha256=sha256_file(folder / name)
                )
                for name in files
            },
        }
    ).sealed()
    write_atomic(folder / MANIFEST_NAME, finished.text())
    return finished


def form_of(folder: Path) -> Form:
    """What other libraries can make of an artifact's folder."""
    full = any((folder / name).is_file() for name in (WEIGHTS_FILE, DIFFERENCE_FILE))
    adapter = (folder / "adapter.safetensors").is_file()
    if full:
        return "checkpoint" if read_spec(folder).setup is None else "other"
    several = any((folder / part).exists() for part in ("adapters", "fusion"))
    return "adapter" if adapter and not several else "parts"


def _labels(folder: Path) -> dict[str, tuple[str, ...]]:
    return {head.task: head.labels for head in read_spec(folder).heads}


def _write_scores(entry: Path, manifest: Manifest, folder: Path) -> list[dict[str, object]]:
    metrics = read_metrics(folder)
    store = entry.resolve().parent.parent  # STORE/ab/abcd...
    own = entry.resolve().parent.name == manifest.fingerprint[:2]
    found = scores_in(Store(store), manifest.fingerprint) if own else []
    scores = found or metrics.get("scores", [])
    write_json(folder / METRICS_NAME, {**metrics, "scores": scores})
    return list(scores)


def _add_what_needs_the_backbone(folder: Path, backbone: Backbone) -> None:
    """The difference of full weights, where smaller; a reference, which old entries lack."""
    from adapterxlt.models import tensors
    from adapterxlt.models.base import load_base
    from adapterxlt.models.build import load
    from adapterxlt.models.difference import shrink
    from adapterxlt.models.reference import write_reference

    if (folder / WEIGHTS_FILE).is_file():
        base = tensors.select(load_base(backbone), tensors.of_backbone(backbone.architecture))
        shrink(base, folder)
    if not (folder / REFERENCE_FILE).is_file():
        write_reference(load(backbone, folder), folder)


def overridden(manifest: Manifest, backbone: Backbone) -> ArtifactFacts:
    """The facts of an artifact that is made to fit to another backbone, which is recorded."""
    facts = manifest.artifact
    assert facts is not None
    return facts.model_copy(
        update={
            "backbone": BackboneFacts(name=backbone.name, hash=backbone.hash),
            "override": facts.override or facts.backbone,
        }
    )
