from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import AdapterXLTError
from adapterxlt.methods.arithmetic import Arithmetic
from adapterxlt.models import tensors
from adapterxlt.models.build import build_train, load, merge, save
from adapterxlt.models.spec import StackSetup
from tests.models.conftest import TAGS, disturb, logits

Artifacts = Callable[..., Path]


def weights_of(folder: Path, name: str) -> dict[str, Tensor]:
    return tensors.renamed(tensors.read(folder / "adapter.safetensors"), name, "mixed")


@pytest.mark.parametrize("weights", [[0.25, 0.75], [1.0, -0.5], None])
def test_merged_weights_are_the_weighted_sum(
    backbone: Backbone, artifacts: Artifacts, weights: list[float] | None
) -> None:
    members = [artifacts("nli"), artifacts("para")]
    built = merge(backbone, members, weights, "mixed")
    one, two = weights_of(members[0], "nli"), weights_of(members[1], "para")
    left, right = weights or [0.5, 0.5]
    merged = tensors.select(built.model, tensors.of_adapter("mixed"))
    assert merged.keys() == one.keys()
    for key, tensor in merged.items():
        torch.testing.assert_close(tensor, left * one[key] + right * two[key])


def test_all_of_one_member_is_that_member(
    backbone: Backbone, artifacts: Artifacts, ids: Tensor, tmp_path: Path
) -> None:
    built = merge(backbone, [artifacts("nli"), artifacts("para")], [1.0, 0.0], "mixed")
    torch.testing.assert_close(logits(built, ids), logits(load(backbone, artifacts("nli")), ids))
    save(built, tmp_path / "out")
    again = load(backbone, tmp_path / "out")
    torch.testing.assert_close(logits(again, ids), logits(built, ids))
    assert again.spec is not None
    assert again.spec.single


@pytest.mark.parametrize("base", ["nli", "on_whole", "whole"])
def test_what_stands_on_the_same_is_merged_above_it(
    backbone: Backbone, artifacts: Artifacts, ids: Tensor, tmp_path: Path, base: str
) -> None:
    relation = "after" if base == "whole" else "stack_on"
    for number, name in enumerate(("one", "two")):
        built = build_train(
            backbone,
            method="seq_bn",
            name=name,
            head=TAGS,
            seed=1,
            **{relation: artifacts(base)},  # type: ignore[arg-type]
        )
        save(disturb(built, seed=number), tmp_path / name)
    members = [tmp_path / "one", tmp_path / "two"]
    built = merge(backbone, members, [0.25, 0.75], "mixed")
    assert built.spec is not None
    assert built.spec.setup == ("mixed" if base == "whole" else StackSetup(stack=(base, "mixed")))
    one, two = (weights_of(folder, folder.name) for folder in members)
    for key, tensor in tensors.select(built.model, tensors.of_adapter("mixed")).items():
        torch.testing.assert_close(tensor, 0.25 * one[key] + 0.75 * two[key])
    save(built, tmp_path / "out")
    again = load(backbone, tmp_path / "out")
    assert torch.equal(logits(again, ids), logits(built, ids))
    everything = merge(backbone, members, [1.0, 0.0], "mixed")
    alone = load(backbone, members[0])
    torch.testing.assert_close(logits(everything, ids), logits(alone, ids))
    # What training changed, since the same start.
    kept = merge(backbone, members, None, "mixed", how=Arithmetic(consensus="ties"), start=1)
    assert not torch.equal(logits(kept, ids), logits(built, ids))


def test_heads_come_along_only_when_all_agree(
    backbone: Backbone, artifacts: Artifacts, tmp_path: Path
) -> None:
    assert merge(backbone, [artifacts("nli"), artifacts("para")], None, "mixed").head is not None
    for little in ([1.0, -1.0], [1.0, -0.999]):  # a mean of heads would be their difference
        members = [artifacts("nli"), artifacts("para")]
        assert merge(backbone, members, little, "mixed").head is None
    other = build_train(backbone, method="seq_bn", name="tags", head=TAGS, seed=1)
    save(disturb(other), tmp_path / "tags")
    built = merge(backbone, [artifacts("nli"), tmp_path / "tags"], None, "mixed")
    assert built.head is None
    assert built.model.active_head is None


def test_vera_merges_only_with_the_same_random_projections(
    backbone: Backbone, tmp_path: Path
) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        built = build_train(backbone, method="vera", name=name, head=TAGS, seed=seed)
        save(disturb(built, seed=ord(name)), tmp_path / name)
    same = merge(backbone, [tmp_path / "a", tmp_path / "b"], None, "mixed")
    shared = [k for k in same.model.state_dict() if "shared_parameters.mixed." in k]
    assert shared
    source = tensors.renamed(tensors.read(tmp_path / "a" / "adapter.safetensors"), "a", "mixed")
    assert all(torch.equal(same.model.state_dict()[key], source[key]) for key in shared)
    with pytest.raises(AdapterXLTError, match="different random projections"):
        merge(backbone, [tmp_path / "a", tmp_path / "c"], None, "mixed")


def test_what_cannot_be_merged_is_refused_with_a_reason(
    backbone: Backbone, artifacts: Artifacts
) -> None:
    def refused(message: str, names: list[str], weights: list[float] | None = None) -> None:
        with pytest.raises(AdapterXLTError, match=message):
            merge(backbone, [artifacts(name) for name in names], weights, "mixed")

    refused("2 adapters to merge but 1 weights", ["nli", "para"], [1.0])
    refused("only adapters of one configuration", ["nli", "over"])
    refused("below its topmost one are not those of the other", ["low_rank", "over"])
    refused("`nli` and `on_whole`: they stand on different weights", ["nli", "on_whole"])
    refused("`both` .*has a fusion", ["nli", "both"])
    refused("a full fine-tune and an adapter", ["nli", "whole"])
    refused("only adapters of one configuration", ["nli", "low_rank"])
