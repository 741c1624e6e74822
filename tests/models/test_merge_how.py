"""Merges that are more than one weighted sum: TIES, sparsified, by layers, of full fine-tunes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import AdapterXLTError, InvalidArtifactError
from adapterxlt.methods.arithmetic import Arithmetic, LayerRange, Shares
from adapterxlt.models import tensors
from adapterxlt.models.base import load_base
from adapterxlt.models.build import Built, build_train, load, merge, save
from adapterxlt.models.consensus import merged, sparsified
from adapterxlt.models.difference import shrink
from tests.models.conftest import PAIRS, TAGS, Trained, disturb, logits, updates

TIES = Arithmetic("ties", "magnitude", 0.3)
DARE = Arithmetic(sparsify="random", density=0.5, rescale=True, seed=4)
SWAP = Shares((0.5, 0.5), (LayerRange(0, 0, (1.0, 0.0)), LayerRange(1, 1, (0.0, 1.0))))
START = 1  # the seed of all that `trained` makes
CLOSE = {"rtol": 1e-4, "atol": 1e-6}
State = dict[str, Tensor]


@pytest.fixture(scope="module")
def state_of(backbone: Backbone) -> Callable[[Path | Built | None], State]:
    """The backbone's tensors of a full fine-tune; None is the bare one's."""

    def get(of: Path | Built | None) -> State:
        model = of.model if isinstance(of, Built) else load_base(backbone, of)
        return tensors.select(model, tensors.of_backbone(backbone.architecture))

    return get


def adapter_of(folder: Path, name: str) -> State:
    own = tensors.read(folder / "adapter.safetensors")
    return tensors.renamed(own, name, "x")


def untrained(backbone: Backbone) -> State:
    built = build_train(backbone, method="seq_bn", name="x", head=PAIRS, seed=START)
    return tensors.select(built.model, tensors.of_adapter("x"))


def test_what_no_fine_tune_changed_is_as_it_was_bit_by_bit(
    backbone: Backbone, trained: Trained, state_of: Callable[..., State]
) -> None:
    base = state_of(None)
    one, two = trained("full[freeze=1]", 1), trained("full[freeze=1]", 2)
    for weights in ([0.7, -0.3], [0.1, 0.1], [3.0, 5.0]):
        found = state_of(merge(backbone, [one, two], weights, "x"))
        same = [name for name, tensor in found.items() if tensor.equal(base[name])]
        assert same == [name for name in base if ".layer.1." not in name]
    # Not even the sign of a zero.
    zeros = {name: torch.signbit(tensor) for name, tensor in base.items()}
    found = state_of(merge(backbone, [one, two], [0.0, 0.0], "x"))
    assert all(torch.signbit(found[name]).equal(sign) for name, sign in zeros.items())


def test_all_of_one_fine_tune_is_that_one_bit_by_bit(
    backbone: Backbone, trained: Trained, state_of: Callable[..., State]
) -> None:
    one, two = trained("full", 1), trained("full", 2)
    own = state_of(one)
    for members, weights in (([one, two], [1.0, 0.0]), ([one, two, two], [1.0, 1.0, -1.0])):
        found = state_of(merge(backbone, members, weights, "x"))
        assert all(found[name].equal(tensor) for name, tensor in own.items())


@pytest.mark.parametrize("how", [TIES, DARE], ids=["ties", "dare"])
def test_fine_tunes_tensor_by_tensor(
    backbone: Backbone,
    trained: Trained,
    state_of: Callable[..., State],
    how: Arithmetic,
    tmp_path: Path,
) -> None:
    one, two = trained("full", 1), trained("full", 2)
    base, first, second = state_of(None), state_of(one), state_of(two)
    built = merge(backbone, [one, two], [0.5, 0.5], "x", how=how)
    names = [spec.name for folder in (one, two) if (spec := load(backbone, folder).spec)]
    for name, tensor in state_of(built).items():
        changes = [own[name].double() - base[name].double() for own in (first, second)]
        keys = [f"{member}/{name}" for member in names]
        wanted = base[name] + merged(changes, [0.5, 0.5], how, keys)
        torch.testing.assert_close(tensor, wanted.float(), **CLOSE)
    other = merge(backbone, [two, one], [0.5, 0.5], "y", how=how)  # nor does its name count
    for name, tensor in state_of(other).items():
        torch.testing.assert_close(tensor, state_of(built)[name])


def test_fine_tunes_that_are_kept_as_differences(
    backbone: Backbone, trained: Trained, state_of: Callable[..., State], tmp_path: Path
) -> None:
    whole = [trained("full[freeze=1]", number) for number in (1, 2)]
    folders = []
    for index, folder in enumerate(whole):
        built = load(backbone, folder)
        save(built, tmp_path / str(index))
        shrink(state_of(None), tmp_path / str(index))
        folders.append(tmp_path / str(index))
    assert all((folder / "model_difference.safetensors").is_file() for folder in folders)
    found = state_of(merge(backbone, folders, [0.5, 0.5], "x", how=TIES))
    wanted = state_of(merge(backbone, whole, [0.5, 0.5], "x", how=TIES))
    assert all(found[name].equal(tensor) for name, tensor in wanted.items())
    tensors.write({"roberta.nothing": torch.zeros(2)}, folders[0] / "model_difference.safetensors")
    with pytest.raises(InvalidArtifactError, match=r"does not fit the backbone .`roberta.nothing`"):
        merge(backbone, folders, [0.5, 0.5], "x")


def test_updates_of_loras_are_merged_and_cut_to_the_rank(
    backbone: Backbone, trained: Trained, tmp_path: Path
) -> None:
    members = [trained("lora[r=4]", 1), trained("lora[r=2,alpha=16]", 2)]
    own = [updates(folder, backbone) for folder in members]
    built = merge(backbone, members, [0.5, 0.5], "x", 32, how=TIES)
    save(built, tmp_path / "whole")
    for key, update in updates(tmp_path / "whole", backbone).items():  # 32 is the full rank
        wanted = merged([one[key] for one in own], [0.5, 0.5], TIES, ["a", "b"])
        torch.testing.assert_close(update, wanted, **CLOSE)
    built = merge(backbone, members, [0.5, 0.5], "x", 3, how=TIES)
    save(built, tmp_path / "cut")
    assert 0 < built.error < 1
    for key, update in updates(tmp_path / "cut", backbone).items():
        wanted = merged([one[key] for one in own], [0.5, 0.5], TIES, ["a", "b"])
        left, sizes, right = torch.linalg.svd(wanted)
        torch.testing.assert_close(update, (left[:, :3] * sizes[:3]) @ right[:3], **CLOSE)
    with pytest.raises(AdapterXLTError, match="do not have a low rank, so give the `rank`"):
        merge(backbone, members, [0.5, 0.5], "x", how=TIES)


def test_what_is_sparsified_of_scales_is_how_far_they_are_from_one(
    backbone: Backbone, trained: Trained
) -> None:
    one, two = trained("ia3", 1), trained("ia3", 2)
    names = [spec.name for folder in (one, two) if (spec := load(backbone, folder).spec)]
    first, second = (adapter_of(f, n) for f, n in zip((one, two), names, strict=True))
    how = Arithmetic(sparsify="magnitude", density=0.25)
    found = tensors.select(
        merge(backbone, [one, two], [1.0, 0.5], "x", how=how).model, tensors.of_adapter("x")
    )
    for key, scale in found.items():
        parts = [sparsified(own[key] - 1, how, "") for own in (first, second)]
        torch.testing.assert_close(scale, 1 + parts[0] + 0.5 * parts[1], **CLOSE)
        assert int((scale == 1).sum()) >= scale.numel() // 2


@pytest.mark.parametrize("method", ["seq_bn", "full", "lora[r=4]", "ia3"])
def test_layers_with_weights_of_their_own(
    backbone: Backbone, trained: Trained, ids: Tensor, method: str, tmp_path: Path
) -> None:
    """Layer swapping: the lowest of one, the highest of another."""
    one, two = trained(method, 1), trained(method, 2)
    built = merge(backbone, [one, two], SWAP, "x")
    if method == "lora[r=4]":
        save(built, tmp_path / "x")
        found, first, second = (updates(f, backbone) for f in (tmp_path / "x", one, two))
    elif method == "full":
        own = tensors.of_backbone(backbone.architecture)
        found, first, second = (
            tensors.select(model, own)
            for model in (built.model, load_base(backbone, one), load_base(backbone, two))
        )
    else:
        names = [spec.name for folder in (one, two) if (spec := load(backbone, folder).spec)]
        found = tensors.select(built.model, tensors.of_adapter("x"))
        first, second = (adapter_of(f, n) for f, n in zip((one, two), names, strict=True))
    for key, tensor in found.items():
        half = (first[key] + second[key]) / 2
        wanted = first[key] if ".layer.0." in key else second[key] if ".layer.1." in key else half
        torch.testing.assert_close(tensor, wanted, **CLOSE)


@pytest.mark.parametrize(
    ("method", "how", "rank"),
    [
        ("seq_bn", TIES, None),
        ("lora[r=4]|seq_bn", DARE, 4),
        ("mtl_lora", TIES, 5),
        ("vera", DARE, None),
        ("ia3", Arithmetic(sparsify="breadcrumbs", density=0.5, outliers=0.05), None),
        ("prefix_tuning", TIES, None),
        ("full", TIES, None),
    ],
)
def test_a_merge_comes_back_as_it_was(
    backbone: Backbone,
    trained: Trained,
    ids: Tensor,
    tmp_path: Path,
    method: str,
    how: Arithmetic,
    rank: int | None,
) -> None:
    members = [trained(method, 1), trained(method, 2)]
    built = merge(backbone, members, [0.6, 0.4], "x", rank, how=how, start=START)
    plain = merge(backbone, members, [0.6, 0.4], "x", rank)
    assert not torch.allclose(logits(built, ids), logits(plain, ids))
    save(built, tmp_path / "x")
    torch.testing.assert_close(logits(load(backbone, tmp_path / "x"), ids), logits(built, ids))
    back = merge(backbone, members[::-1], [0.4, 0.6], "x", rank, how=how, start=START)
    torch.testing.assert_close(logits(back, ids), logits(built, ids), rtol=1e-3, atol=1e-4)


def test_density_one_of_one_member_is_that_member(
    backbone: Backbone, trained: Trained, ids: Tensor
) -> None:
    one, two = trained("seq_bn", 1), trained("seq_bn", 2)
    for sparsify in ("magnitude", "random", "breadcrumbs"):
        how = Arithmetic("ties", sparsify, 1.0, rescale=True)  # type: ignore[arg-type]
        built = merge(backbone, [one, two], [1.0, 0.0], "x", how=how, start=START)
        torch.testing.assert_close(logits(built, ids), logits(load(backbone, one), ids))
        nothing = Arithmetic("sum", sparsify, 0.0, rescale=True)  # type: ignore[arg-type]
        empty = merge(backbone, [one, two], [1.0, 0.0], "x", how=nothing, start=START)
        for key, tensor in tensors.select(empty.model, tensors.of_adapter("x")).items():
            assert tensor.equal(untrained(backbone)[key])


@pytest.mark.parametrize("how", [TIES, DARE], ids=["ties", "dare"])
def test_of_bottlenecks_what_training_changed_is_merged(
    backbone: Backbone, trained: Trained, how: Arithmetic
) -> None:
    one, two = trained("seq_bn", 1), trained("seq_bn", 2)
    names = [spec.name for folder in (one, two) if (spec := load(backbone, folder).spec)]
    first, second = (adapter_of(f, n) for f, n in zip((one, two), names, strict=True))
    built = merge(backbone, [one, two], [0.5, 0.5], "x", how=how, start=START)
    for key, tensor in tensors.select(built.model, tensors.of_adapter("x")).items():
        begun = untrained(backbone)[key].double()
        keys = [f"{name}/{key.replace('.x.', '.')}" for name in names]
        wanted = merged([own[key] - begun for own in (first, second)], [0.5, 0.5], how, keys)
        torch.testing.assert_close(tensor, (begun + wanted).float(), **CLOSE)
    with pytest.raises(AdapterXLTError, match="the weights that its members started from are not"):
        merge(backbone, [one, two], [0.5, 0.5], "x", how=how)


def test_the_head_of_one_member(backbone: Backbone, tmp_path: Path, ids: Tensor) -> None:
    for name, head in (("tags", TAGS), ("pairs", PAIRS)):
        built = build_train(backbone, method="seq_bn", name=name, head=head, seed=1)
        save(disturb(built, seed=len(name)), tmp_path / name)
    members = [tmp_path / "pairs", tmp_path / "tags"]
    assert merge(backbone, members, [1.0, 1.0], "x").head is None
    built = merge(backbone, members, [1.0, -1.0], "x", first_head=True)
    assert built.head == PAIRS
    own = tensors.read(members[0] / "model_head.safetensors")
    for key, tensor in tensors.select(built.model, tensors.of_head("x")).items():
        assert tensor.equal(own[key.replace("heads.x.", "heads.pairs.")])


def test_what_cannot_be_done_is_refused(backbone: Backbone, trained: Trained) -> None:
    for method, how, shares, said in (
        ("loreft", TIES, [0.5, 0.5], "`loreft` edits the output of layers"),
        ("prefix_tuning", Arithmetic(), SWAP, "`prefix_tuning` is learnt for all layers together"),
        ("seq_bn", Arithmetic(), Shares((1.0, 0.0), SWAP.layers[:1]), ""),
        ("seq_bn", Arithmetic(), Shares((1.0, 0.0), (LayerRange(0, 1, (1.0,)),)), "but 1 weights"),
    ):
        members = [trained(method, 1), trained(method, 2)]
        if not said:
            merge(backbone, members, shares, "x", how=how)
            continue
        with pytest.raises(AdapterXLTError, match=said):
            merge(backbone, members, shares, "x", how=how)
