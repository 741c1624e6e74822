"""What the backbone was made from: sources, files, hashes of texts and of the result."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from adapterxlt.store.files import sha256_file
from adapterxlt.tasks.fingerprint import text_hash
from tools.mini.config import PretrainConfig
from tools.mini.readers import Corpus
from tools.mini.sources import Source

LIBRARIES = ("torch", "transformers", "tokenizers", "sentencepiece", "numpy", "safetensors")

TEXTS_FILE = "texts.u64"
"""Sorted 64-bit hashes of all training texts, little-endian, nothing else."""


def write_text_hashes(corpus: Corpus, folder: Path) -> int:
    """Write the hash of every text that was read; returns how many different hashes there are."""
    hashes = np.array(sorted({text_hash(text) for text in corpus.texts}), dtype="<u8")
    (folder / TEXTS_FILE).write_bytes(hashes.tobytes())
    return len(hashes)


def file_hashes(folder: Path, names: Sequence[str] | None = None) -> dict[str, str]:
    """SHA-256 of each file in a folder, by name."""
    chosen = names or [path.name for path in folder.iterdir() if path.is_file()]
    return {name: sha256_file(folder / name) for name in sorted(chosen)}


def describe_sources(corpus: Corpus, sources: Sequence[Source]) -> list[dict[str, Any]]:
    """Each source that gave text, with its licence and its files."""
    described: list[dict[str, Any]] = []
    for source in sources:
        files = [
            {"language": f.language, "path": f.path, "sha256": f.sha256, "texts": f.texts}
            for f in corpus.files
            if f.source == source.name
        ]
        if files:
            described.append(
                {
                    "name": source.name,
                    "title": source.title,
                    "upstream": source.upstream,
                    "licence": source.licence,
                    "licence_class": source.licence_class,
                    "attribution": source.attribution,
                    "use": source.use,
                    "used_for": source.used_for,
                    "files": files,
                }
            )
    return described


def make_lineage(
    corpus: Corpus, sources: Sequence[Source], config: PretrainConfig, hashes: int
) -> dict[str, Any]:
    """The lineage of a build, as ``lineage.json`` holds it."""
    return {
        "schema": 1,
        "kind": "backbone",
        "sources": describe_sources(corpus, sources),
        "texts": {
            "file": TEXTS_FILE,
            "format": "sorted unique unsigned 64-bit little-endian",
            "hash": "adapterxlt.tasks.fingerprint.text_hash",
            "count": hashes,
        },
        "config": config.model_dump(mode="json"),
        "seed": config.seed,
        "libraries": {name: version(name) for name in LIBRARIES}
        | {"python": platform.python_version()},
    }
