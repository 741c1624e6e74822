"""Methods that train some of the backbone's own weights, or a head alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.models import tensors
from adapterxlt.models.build import Built, build_train, load, merge, save
from adapterxlt.models.fit import check_fit
from adapterxlt.models.spec import DIFFERENCE_FILE, WEIGHTS_FILE
from tests.models.conftest import PAIRS, TAGS, disturb, logits

Artifacts = Callable[..., Path]


def trained(built: Built) -> set[str]:
    return {
        name
        for name, parameter in built.model.named_parameters()
        if parameter.requires_grad and not name.startswith("heads.")
    }


def weights(built: Built) -> dict[str, Tensor]:
    found = tensors.select(built.model, tensors.of_backbone(built.backbone.architecture))
    return {name: tensor.clone() for name, tensor in found.items()}


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("full[freeze=0]", lambda name: ".encoder." in name),
        ("full[freeze=1]", lambda name: ".layer.1." in name),
        ("full[norms=false]", lambda name: "LayerNorm" not in name),
        ("bitfit", lambda name: name.endswith(".bias")),
        ("head", lambda name: False),
    ],
)
def test_only_these_are_trained_and_kept(
    backbone: Backbone, ids: Tensor, tmp_path: Path, method: str, expected: Callable[[str], bool]
) -> None:
    built = build_train(backbone, method=method, name="a", head=PAIRS, seed=1)
    before = weights(built)
    assert trained(built) == {name for name in before if expected(name)}
    output = logits(disturb(built), ids)
    changed = {name for name, tensor in weights(built).items() if not before[name].equal(tensor)}
    assert changed == trained(built)

    save(built, tmp_path / "a")
    if method != "full[norms=false]":  # which changes too much for that
        assert not (tmp_path / "a" / WEIGHTS_FILE).exists()
        assert tensors.read(tmp_path / "a" / DIFFERENCE_FILE).keys() >= changed
    check_fit(backbone, tmp_path / "a")
    assert logits(load(backbone, tmp_path / "a"), ids).equal(output)


def test_every_weight_of_the_whole_is_still_trained(backbone: Backbone) -> None:
    built = build_train(backbone, method="full[freeze=none]", name="a", head=PAIRS, seed=1)
    assert trained(built) == set(weights(built))


@pytest.mark.parametrize("below", ["nli", "over", "both", "on_whole"])
def test_a_head_alone_on_adapters(
    backbone: Backbone, artifacts: Artifacts, ids: Tensor, tmp_path: Path, below: str
) -> None:
    built = build_train(
        backbone, method="head", name="probe", head=TAGS, seed=3, after=artifacts(below)
    )
    assert built.spec is not None
    assert not trained(built)
    old = load(backbone, artifacts(below))
    assert built.spec.setup == (old.spec and old.spec.setup)
    output = logits(disturb(built), ids)
    kept = dict(old.model.named_parameters())
    for name, parameter in built.model.named_parameters():
        assert name.startswith("heads.") or kept[name].equal(parameter)

    save(built, tmp_path / "probe")
    check_fit(backbone, tmp_path / "probe")
    again = load(backbone, tmp_path / "probe")
    assert list(again.model.heads) == ["probe"]
    assert logits(again, ids).equal(output)


def test_an_adapter_goes_on_and_is_merged_from_below_a_head(
    backbone: Backbone, artifacts: Artifacts, tmp_path: Path
) -> None:
    probe = build_train(
        backbone, method="head", name="probe", head=PAIRS, seed=3, after=artifacts("nli")
    )
    save(disturb(probe), tmp_path / "probe")
    nli = tensors.read(artifacts("nli") / "adapter.safetensors")
    on = build_train(
        backbone, method="seq_bn", name="on", head=TAGS, seed=1, after=tmp_path / "probe"
    )
    for name, tensor in tensors.select(on.model, tensors.of_adapter("on")).items():
        assert nli[name.replace(".on.", ".nli.")].equal(tensor)
    merged = merge(backbone, [tmp_path / "probe", artifacts("para")], [1.0, 0.0], "merged")
    for name, tensor in tensors.select(merged.model, tensors.of_adapter("merged")).items():
        assert nli[name.replace(".merged.", ".nli.")].equal(tensor)


def test_partial_fine_tunes_are_merged_with_whole_ones(
    backbone: Backbone, artifacts: Artifacts, tmp_path: Path
) -> None:
    biases = disturb(build_train(backbone, method="bitfit", name="b", head=PAIRS, seed=1))
    save(biases, tmp_path / "b")
    merged = merge(backbone, [tmp_path / "b", artifacts("whole")], [1.0, 1.0], "merged")
    assert merged.spec is not None
    assert merged.spec.method == "full"
    base = weights(load(backbone, None))
    whole, own = weights(load(backbone, artifacts("whole"))), weights(biases)
    for name, tensor in weights(merged).items():
        expected = own[name] + (whole[name] - base[name])
        torch.testing.assert_close(tensor, expected, rtol=1e-5, atol=1e-6)
