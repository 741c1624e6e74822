"""Artifacts as lists show them: read, not verified."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.results.measures import METRICS_NAME
from adapterxlt.sharing.bundle import SUFFIX
from adapterxlt.sharing.content import MAX_TEXT
from adapterxlt.sharing.facts import (
    data_of,
    describe_data,
    describe_lineage,
    languages_of,
    method_of,
    task_of,
)
from adapterxlt.sharing.locate import artifact_folders, is_hidden, is_shared
from adapterxlt.sharing.scores import check_metrics, mean_scores, read_metrics, scores_in
from adapterxlt.sharing.source import BundleSource, read_small
from adapterxlt.sharing.strict_json import parse
from adapterxlt.store.files import files_below
from adapterxlt.store.manifest import (
    MANIFEST_NAME,
    SIGNATURE_NAME,
    Manifest,
    parse_manifest,
    read_manifest,
)
from adapterxlt.store.store import Store


@dataclass(frozen=True)
class Entry:
    """An artifact, a bundle or a trained entry of a store."""

    path: Path
    manifest: Manifest
    scores: list[dict[str, Any]]
    signed: bool

    @property
    def task(self) -> str:
        """What it was trained on."""
        return task_of(self.manifest)

    @property
    def method(self) -> str:
        """How it was trained."""
        return method_of(self.manifest)

    @property
    def languages(self) -> list[str]:
        """Languages of its training data."""
        return languages_of(self.manifest)

    @property
    def data(self) -> str:
        """What data its tasks really were."""
        return describe_data(self.manifest)

    @property
    def origins(self) -> list[list[str]]:
        """Where all its data are from, those of its scores too; see `tasks.origin`."""
        measured = [score.get("data", []) for score in self.scores]
        return [*data_of(self.manifest).values(), *measured]

    @property
    def lineage(self) -> str:
        """Everything from the backbone up, on one line."""
        return describe_lineage(self.manifest)

    @property
    def backbone(self) -> str:
        """Name and content of its backbone."""
        facts = self.manifest.artifact
        if facts is not None:
            return f"{facts.backbone.name} (content {facts.backbone.hash[:16]})"
        recorded = self.manifest.lineage.get("backbone")
        return str(recorded.get("name")) if isinstance(recorded, dict) else ""

    @property
    def contaminated(self) -> bool:
        """Whether training or pretraining has seen texts of its evaluation."""
        return any(score.get("contamination") for score in self.scores)

    @property
    def means(self) -> list[str]:
        """`xnli dev accuracy 56.8 (9 languages, pocket)`, one text a task and data."""
        return [
            f"{key} {mean:.1f} ({count} language{'s' if count > 1 else ''}, {data})"
            for (key, data), (mean, count) in mean_scores(self.scores).items()
        ]


def read_entry(path: Path) -> Entry:
    """Read one.

    Raises:
        InvalidArtifactError: it cannot be read.
    """
    if path.is_file():
        return _read_bundle(path)
    manifest = read_manifest(path)
    scores = read_metrics(path).get("scores", []) if METRICS_NAME in manifest.files else []
    if not scores and path.resolve().parent.name == manifest.fingerprint[:2]:
        scores = scores_in(Store(path.resolve().parent.parent), manifest.fingerprint)
    return Entry(path, manifest, list(scores), (path / SIGNATURE_NAME).is_file())


def read_entries(path: Path) -> tuple[list[Entry], list[str]]:
    """Read all below a folder (or a single one); returns them and what cannot be read.

    Backbones, evaluations and other entries that hold no adapters are left out.
    """
    found, problems = [], []
    places = [path]
    if path.is_dir() and not (path / MANIFEST_NAME).is_file():
        packed = [file for file in files_below(path, SUFFIX) if not is_hidden(file, path)]
        places = [*artifact_folders(path), *sorted(packed)]
    for place in places:
        try:
            entry = read_entry(place)
        except InvalidArtifactError as error:
            if not (place / "config.json").is_file():  # a backbone has a manifest of its own
                problems.append(error.message)
            continue
        if is_shared(entry.manifest.kind):
            found.append(entry)
    return sorted(found, key=lambda entry: (entry.manifest.title, str(entry.path))), problems


def _read_bundle(path: Path) -> Entry:
    source = BundleSource(path)
    manifest = parse_manifest(read_small(source, MANIFEST_NAME), f"{path}: {MANIFEST_NAME}")
    scores: list[dict[str, Any]] = []
    if source.sizes.get(METRICS_NAME, MAX_TEXT + 1) <= MAX_TEXT:
        with source.open(METRICS_NAME) as stream:
            content = stream.read(source.sizes[METRICS_NAME])
        try:
            found = parse(content.decode("utf-8"))
        except ValueError:
            raise InvalidArtifactError(f"{path}: {METRICS_NAME} is not valid JSON") from None
        scores = check_metrics(found, f"{path}: {METRICS_NAME}").get("scores", [])
    return Entry(path, manifest, scores, SIGNATURE_NAME in source.sizes)
