"""A small artifact without a model: what file-level tests work on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from adapterxlt.models.spec import BackboneSpec, HeadSpec, ModelSpec
from adapterxlt.sharing.make import finish
from adapterxlt.sharing.source import FolderSource
from adapterxlt.store.files import address_of
from adapterxlt.store.manifest import ArtifactFacts, BackboneFacts, Manifest


def small_artifact(
    folder: Path, *, license: str = "apache-2.0", title: str = "nli", seed: int = 1
) -> FolderSource:
    """Write a whole artifact whose weights are of no model."""
    (folder / "texts").mkdir(parents=True)
    weights = {"a.weight": np.arange(600, dtype=np.float32), "a.bias": np.ones(3, np.float16)}
    save_file(weights, folder / "adapter.safetensors")
    (folder / "texts/mnli-abab.u64").write_bytes(np.arange(5, dtype="<u8").tobytes())
    ModelSpec(
        name="nli",
        backbone=BackboneSpec(name="tiny", hash="c" * 64, hidden_size=4, layers=1),
        full=False,
        adapters=(),
        setup=None,
        head=HeadSpec(kind="pair_classification", labels=("yes", "no"), task="mnli"),
    ).write(folder)
    score = {"task": "xnli", "language": "de", "split": "dev", "metric": "accuracy"}
    scores: list[dict[str, object]] = [{**score, "value": 51.5, "n": 200, "contamination": ""}]
    (folder / "metrics.json").write_text(json.dumps({"scores": scores}))
    params = {
        "task": "mnli",
        "method": "seq_bn",
        "language": "en",
        "relation": "none",
        "seed": seed,
    }
    parts: dict[str, object] = {"kind": "train", "params": params, "inputs": []}
    address = address_of(parts)
    manifest = Manifest(
        fingerprint=address,
        kind="train",
        title=title,
        recipe="r",
        parts=parts,
        lineage={
            "backbone": {"name": "tiny", "hash": "c" * 64},
            "steps": [
                {
                    "fingerprint": address,
                    "kind": "train",
                    "params": params,
                    "data": "",
                    "inputs": [],
                }
            ],
        },
        files={},
        environment={"python": "3.11"},
    )
    facts = ArtifactFacts(
        backbone=BackboneFacts(name="tiny", hash="c" * 64),
        labels={"mnli": ("yes", "no")},
        license=license,
        tensors={},
    )
    finish(folder, manifest, facts, scores)
    return FolderSource(folder)
