"""Each method of the table, trained: what moves, and that a stop and a reload change nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import torch
from torch import Tensor

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.find import resolve_backbone
from adapterxlt.models.build import Built, build_train, load, save
from tests.models.conftest import logits
from tests.models.test_save import FITTING, KNOWN, hashes
from tests.training.test_resume import HEAD, StoppedError, StoppingProgress, go

IDS = torch.randint(4, 300, (3, 9), generator=torch.Generator().manual_seed(0))
NARROW = [name + FITTING.get(name, "") for name in KNOWN]
# Values that make other tensors, or leave others frozen, than the defaults do.
VARIANTS = [
    "full[freeze=0]", "full[freeze=1]", "full[norms=false]", "par_bn[ln_before=true]",
    "seq_bn[leave_out=[-1],dropout=0.1]", "seq_bn[original_ln_after=false,ln_after=true]",
    "lora[attn_matrices=['k'],intermediate_lora=true,dropout=0.1]", "lora[use_gating=true]",
    "loreft[suffix_positions=2]",
    "noreft[tied_weights=true,layers=[1]]", "prefix_tuning[use_gating=true]", "seq_bn_inv|lora",
]  # fmt: skip
FEW = {"epochs": 1.2, "batch_size": 8, "checkpoint_every": 2}

Build = Callable[[str], Built]


def builder(backbone: Backbone, folder: Path) -> Build:
    """Build a method's model; with dropout, so that random states matter."""

    def new(method: str, dense: Path | None = None) -> Built:
        return build_train(
            backbone, method=method, name="a", head=HEAD, seed=1, frozen_dropout=True, dense=dense
        )

    @cache
    def dense() -> Path:
        """What tells a sparse fine-tune which weights to train."""
        full = new("full[norms=false]")
        go(full, folder / "checkpoints", StoppingProgress(), max_steps=1)
        save(full, folder / "dense")
        return folder / "dense"

    return lambda method: new(method, dense() if method.startswith("sft") else None)


@pytest.fixture(scope="module")
def build(backbone: Backbone, tmp_path_factory: pytest.TempPathFactory) -> Build:
    return builder(backbone, tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def build_mini(tmp_path_factory: pytest.TempPathFactory) -> Build:
    folder = tmp_path_factory.mktemp("mini")
    return builder(resolve_backbone("mini", folder), folder)


def trained_by(method: str, names: set[str]) -> set[str]:
    """The parameters that a method is to move, by their names: its own, and the new head's."""
    heads = {name for name in names if name.startswith("heads.a.")}
    backbone = {name for name in names if name.startswith("roberta.") and "a" not in parts(name)}
    if method == "head":
        return heads
    if method == "bitfit":
        return heads | {name for name in backbone if name.endswith(".bias")}
    if method == "full[norms=false]" or method.startswith("sft"):
        return heads | {name for name in backbone if "LayerNorm" not in parts(name)}
    if method.startswith("full"):
        frozen = {"full": (), "full[freeze=0]": ("embeddings",)}.get(method, ("embeddings", "0"))
        return heads | {name for name in backbone if not {*frozen} & {*parts(name)[1:4]}}
    still = {
        "vera": "shared_parameters",  # random projections
        "dvora": "shared_parameters",
        "mtl_lora": ".weights",  # the share of the only projection is always all
        "loreft": "units.1.",  # the edit of last positions, of which there are none
        "noreft": "units.1.",
        "direft": "units.1.",
        "loreft[suffix_positions=2]": "layer.3.reft_layer.refts.a.units.1.",  # the head reads none
    }.get(method, "nothing")
    return heads | {name for name in names if "a" in parts(name) and still not in name}


def parts(name: str) -> list[str]:
    return name.split(".")


def copies(built: Built) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in built.model.named_parameters()}


@pytest.mark.parametrize("method", [*NARROW, *VARIANTS])
def test_it_trains_mini_and_moves_nothing_else(
    build_mini: Build, tmp_path: Path, method: str
) -> None:
    built = build_mini(method)
    before = copies(built)
    buffers = {name: value.clone() for name, value in built.model.named_buffers()}
    _, report = go(built, tmp_path, StoppingProgress(), max_steps=2, batch_size=4)
    assert report.steps == 2
    assert all(math.isfinite(loss) for loss in report.losses)
    after = copies(built)
    assert all(value.isfinite().all() for value in after.values())
    moved = {name for name, value in after.items() if not torch.equal(value, before[name])}
    if method == "mtl_lora":  # what rounding moves has no effect
        moved = {name for name in moved if not name.endswith(".weights")}
    expected = trained_by(method, set(before))
    for name, mask in built.masks.items():  # of a sparse fine-tune, also within a tensor
        assert after[name][~mask].equal(before[name][~mask])
        if not mask.any():
            expected.remove(name)
    assert moved == expected
    assert all(torch.equal(buffers[name], value) for name, value in built.model.named_buffers())


@pytest.mark.parametrize("method", [*NARROW, *VARIANTS])
def test_stopped_resumed_and_reloaded_it_is_the_same(
    backbone: Backbone, build: Build, tmp_path: Path, method: str
) -> None:
    whole = build(method)
    weights, report = go(whole, tmp_path / "whole", StoppingProgress(), **FEW)
    with pytest.raises(StoppedError):
        go(build(method), tmp_path / "broken", StoppingProgress(3), **FEW)
    torch.rand(3)  # random numbers drawn in between must not matter
    resumed, progress = build(method), StoppingProgress()
    again, told = go(resumed, tmp_path / "broken", progress, **FEW)
    assert progress.started_at == [2]
    assert told == report
    assert again.keys() == weights.keys()
    assert [name for name in weights if not torch.equal(weights[name], again[name])] == []
    output = logits(whole, IDS)
    assert output.equal(logits(resumed, IDS))
    for folder, built in (("one", whole), ("two", resumed)):
        save(built, tmp_path / folder)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")
    assert output.equal(logits(load(backbone, tmp_path / "one"), IDS))
