from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.models import tensors
from adapterxlt.models.build import build_train, load, merge, save
from adapterxlt.models.sparse import largest, only_masked
from tests.models.conftest import PAIRS, disturb, logits

Artifacts = Callable[..., Path]


@given(
    st.dictionaries(
        st.sampled_from("abc"),
        st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0]), min_size=1, max_size=6),
        min_size=1,
    ),
    st.integers(0, 20),
)
def test_the_largest_are_marked(values: dict[str, list[float]], count: int) -> None:
    changes = {name: torch.tensor(numbers) for name, numbers in values.items()}
    masks = largest(changes, count)
    marked = [float(x) for name in values for x in changes[name][masks[name]]]
    left = [float(x) for name in values for x in changes[name][~masks[name]]]
    nonzero = [x for numbers in values.values() for x in numbers if x]
    assert sorted(marked, reverse=True) == sorted(nonzero, reverse=True)[:count]
    assert not marked or max(left, default=0) <= min(marked)


def test_of_equal_ones_the_first_are_marked() -> None:
    masks = largest({"a": torch.ones(2, 2), "b": torch.ones(3)}, 5)
    assert masks["a"].all()
    assert masks["b"].tolist() == [True, False, False]


def test_gradients_reach_marked_elements_only() -> None:
    model = nn.Linear(2, 1)
    mask = torch.tensor([[True, False]])
    with only_masked(model, {"weight": mask}):
        model(torch.ones(3, 2)).sum().backward()
    assert model.weight.grad is not None
    assert model.weight.grad.tolist() == [[3.0, 0.0]]
    model.zero_grad()
    model(torch.ones(3, 2)).sum().backward()
    assert model.weight.grad is not None
    assert model.weight.grad.tolist() == [[3.0, 3.0]]


@pytest.fixture(scope="module")
def dense(backbone: Backbone, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dense") / "dense"
    built = build_train(backbone, method="full[norms=false]", name="d", head=PAIRS, seed=1)
    save(disturb(built), folder)
    return folder


def changed(backbone: Backbone, one: dict[str, Tensor]) -> int:
    base = tensors.select(load(backbone, None).model, tensors.of_backbone(backbone.architecture))
    return sum(int((one[name] != tensor).sum()) for name, tensor in base.items())


def test_a_share_of_the_weights_is_trained_and_kept_as_a_difference(
    backbone: Backbone, dense: Path, ids: Tensor, tmp_path: Path
) -> None:
    built = build_train(
        backbone, method="sft[density=0.02]", name="s", head=PAIRS, seed=1, dense=dense
    )
    assert not any("norm" in name.lower() for name in built.masks)
    total = sum(mask.numel() for mask in built.masks.values())
    assert sum(int(mask.sum()) for mask in built.masks.values()) == int(0.02 * total)
    before = {name: p.detach().clone() for name, p in built.model.named_parameters()}
    with torch.no_grad():
        for name, mask in built.masks.items():
            dict(built.model.named_parameters())[name].add_(mask.float())
    built.model.eval()
    output = logits(built, ids)
    save(built, tmp_path / "s")
    again = load(backbone, tmp_path / "s")
    assert logits(again, ids).equal(output)
    assert not (tmp_path / "s" / "model.safetensors").exists()
    own = tensors.select(again.model, tensors.of_backbone(backbone.architecture))
    assert changed(backbone, own) == int(0.02 * total)
    for name, tensor in own.items():
        mask = built.masks.get(name, torch.zeros_like(tensor, dtype=torch.bool))
        assert tensor[~mask].equal(before[name][~mask])


def test_two_are_composed_by_adding(backbone: Backbone, dense: Path, tmp_path: Path) -> None:
    folders = []
    for name, density in (("one", 0.01), ("two", 0.03)):
        built = build_train(
            backbone,
            method=f"sft[density={density}]",
            name=name,
            head=PAIRS,
            seed=1,
            dense=dense,
        )
        parameters = dict(built.model.named_parameters())
        with torch.no_grad():
            for tensor, mask in built.masks.items():
                parameters[tensor].add_(0.5 * mask.float())
        built.model.eval()
        save(built, tmp_path / name)
        folders.append(tmp_path / name)
    merged = merge(backbone, folders, [1.0, 1.0], "both")
    both = tensors.select(merged.model, tensors.of_backbone(backbone.architecture))
    base = tensors.select(load(backbone, None).model, tensors.of_backbone(backbone.architecture))
    states = [
        tensors.select(load(backbone, folder).model, tensors.of_backbone(backbone.architecture))
        for folder in folders
    ]
    for name, tensor in both.items():
        untouched = (states[0][name] == base[name]) & (states[1][name] == base[name])
        assert tensor[untouched].equal(base[name][untouched])
        expected = states[0][name] + (states[1][name] - base[name])
        torch.testing.assert_close(tensor, expected, rtol=1e-5, atol=1e-6)
