"""A work folder with trained stages of every kind, made without training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.models.build import Built, HeadSpec, build_fusion, build_train, save
from adapterxlt.store.files import address_of
from adapterxlt.store.store import STORE_FOLDER, Store

PAIRS = HeadSpec(kind="pair_classification", labels=("yes", "no", "maybe"), task="mnli")
TAGS = HeadSpec(kind="tagging", labels=("X", "Y"), task="udpos")


def tiny(folder: Path) -> Backbone:
    """The tests' backbone by its name."""
    return inspect_backbone("tiny", folder)


def trained_stages(workdir: Path, backbone: Backbone, only: Sequence[str] = ()) -> dict[str, Path]:
    """Make a work folder; returns the store entries by the names of their stages.

    Args:
        only: of `nli` and `whole`, these and no others; none for every kind of stage.
    """
    torch.set_num_threads(1)
    made = _Maker(Store(workdir / STORE_FOLDER), backbone)
    for name in only:
        made.train(name, {"nli": "seq_bn", "whole": "full"}[name], PAIRS)
    if only:
        return made.entries
    nli = made.train("nli", "seq_bn", PAIRS)
    para = made.train("para", "seq_bn", PAIRS)
    made.train("low_rank", "lora[r=4]", PAIRS)
    made.train("over", "seq_bn", TAGS, stack_on=nli)
    made.train("whole", "full", PAIRS)
    fused = build_fusion(
        backbone, members=[nli, para], fusion="dynamic", name="both", head=TAGS, seed=1
    )
    made.commit(
        fused, "fuse", {"task": "udpos", "language": "en", "fusion": "dynamic"}, [nli, para]
    )
    return made.entries


class _Maker:
    def __init__(self, store: Store, backbone: Backbone) -> None:
        self.store, self.backbone = store, backbone
        self.entries: dict[str, Path] = {}
        self.steps: list[dict[str, object]] = []

    def train(self, name: str, method: str, head: HeadSpec, **base: Path) -> Path:
        built = build_train(
            self.backbone, method=method, name=name, head=head, seed=len(self.entries), **base
        )
        params = {"task": head.task, "method": method, "language": "en", "lr": 0.001}
        relation = {"relation": next(iter(base), "none")}
        return self.commit(built, "train", {**params, **relation}, list(base.values()))

    def commit(
        self, built: Built, kind: str, params: dict[str, object], inputs: list[Path]
    ) -> Path:
        assert built.spec is not None
        name = built.spec.name
        parts: dict[str, object] = {
            "kind": kind,
            "params": {**params, "seed": len(self.entries)},
            "data": "d" * 64,
            "backbone": self.backbone.hash,
            "inputs": [path.name for path in inputs],
        }
        address = address_of(parts)
        step = {key: parts[key] for key in ("kind", "params", "data", "inputs")}
        self.steps.append({"fingerprint": address, **step})
        out = self.store.open_staging(address) / "out"
        out.rmdir()
        save(_changed(built), out)
        self.store.commit(
            address,
            kind=kind,
            title=name,
            recipe="tiny",
            parts=parts,
            lineage={
                "backbone": {"name": self.backbone.name, "hash": self.backbone.hash},
                "steps": list(self.steps),
            },
        )
        self.entries[name] = self.store.path(address)
        return self.entries[name]


def _changed(built: Built) -> Built:
    """As if it had been trained: a few rows of embeddings, everything else."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in built.model.named_parameters():
            if parameter.requires_grad:
                noise = 0.05 * torch.randn(parameter.shape, generator=generator)
                if "embeddings" in name and parameter.dim() > 1:
                    noise[40:] = 0
                parameter += noise
    return built
