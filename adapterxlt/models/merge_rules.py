"""The arithmetic of merging, with one function for each kind of `merge_kind`.

A function gets the members' tensors at one place of the model (a matrix, a layer, a unit), and
returns those of the merge. Sums are computed in double precision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from adapterxlt.methods.arithmetic import PLAIN, Arithmetic
from adapterxlt.methods.merging import MergeKind
from adapterxlt.models.consensus import merged

Place = Mapping[str, Tensor]


@dataclass
class Sum:
    """The settings of a merge, and the place that is being merged.

    Args:
        weights: weights of the members at this place.
        values: parameters of each member's method.
        rank: the rank of the merged LoRA; None keeps the sum of the members' ranks.
        shared: the frozen projections that VeRAs share.
        how: other operations on the members' updates, besides weighing.
        names: names of the members, on which random choices depend.
        place: name of this place.
        start: the tensors here before training, if updates are differences from them.
        lost: the squared norm of what the rank cut off the merged updates, over all places so
            far.
        total: the squared norm of the merged updates themselves, over all places so far.
    """

    weights: Sequence[float]
    values: Sequence[Mapping[str, object]]
    rank: int | None = None
    shared: Mapping[str, Tensor] | None = None
    how: Arithmetic = PLAIN
    names: Sequence[str] = ()
    place: str = ""
    start: Place | None = None
    lost: float = 0.0
    total: float = 0.0

    @property
    def error(self) -> float:
        """The norm of what the rank cut off, relative to the norm of the updates."""
        return (self.lost / self.total) ** 0.5 if self.total else 0.0

    def of(self, tensors: Sequence[Tensor], what: str = "") -> Tensor:
        """Merge the members' updates.

        Args:
            tensors: the update of each member.
            what: tells these updates from others at this place.
        """
        names = self.names or [""] * len(tensors)
        keys = [f"{name}/{self.place}{what}" for name in names]
        return merged(tensors, self.weights, self.how, keys)

    def number(self, member: int, key: str) -> float:
        """Return a number among the parameters of a member's method."""
        value = self.values[member][key]
        assert isinstance(value, (int, float))
        return float(value)


def _weights(found: Sum, members: Sequence[Place]) -> Place:
    """Sum the weights themselves, or merge what training changed in them."""
    if found.start is None:
        return {key: found.of([member[key] for member in members], key) for key in members[0]}
    merged: dict[str, Tensor] = {}
    for key, start in found.start.items():
        begun = start.detach().double()
        merged[key] = begun + found.of([member[key].double() - begun for member in members], key)
    return merged


def _low_rank(found: Sum, members: Sequence[Place]) -> Place:
    up, down = _joined(found, [(member["lora_B"], member["lora_A"]) for member in members])
    return {"lora_A": down, "lora_B": up}


def _several_low_rank(found: Sum, members: Sequence[Place]) -> Place:
    """Mix each member's up-projections into one by its own weights; then merge as for LoRA."""
    pairs = []
    for index, member in enumerate(members):
        sharpness = found.number(index, "weights_sharpness")
        shares = (member["weights"].double() / sharpness).softmax(dim=0)
        mixed = torch.einsum("n,nor->or", shares, member["lora_B"].double())
        pairs.append((mixed * member["task_specific.values"].double(), member["lora_A"]))
    up, down = _joined(found, pairs)
    count = len(members[0]["weights"])
    return {
        "lora_A": down,
        "lora_B": up.expand(count, *up.shape),
        "weights": torch.ones(count),
        "task_specific.values": torch.ones(up.shape[1]),
    }


def _joined(found: Sum, pairs: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Return B and A whose product is the merge of all scaled B A.

    They are joined side by side, or cut to the rank.
    """
    scales = [
        found.number(index, "alpha") / found.number(index, "r") for index in range(len(pairs))
    ]
    if not found.how.linear:
        updates = [
            scale * up.double() @ down.double()
            for scale, (up, down) in zip(scales, pairs, strict=True)
        ]
        return _cut(found, *torch.linalg.svd(found.of(updates), full_matrices=False))
    ups = [
        weight * scale * up.double()
        for weight, scale, (up, _) in zip(found.weights, scales, pairs, strict=True)
    ]
    up, down = torch.cat(ups, dim=1), torch.cat([down.double() for _, down in pairs])
    if found.rank is None:
        return up, down
    # This decomposes the product without ever building it.
    left, left_core = torch.linalg.qr(up)
    right, right_core = torch.linalg.qr(down.T)
    inner, sizes, outer = torch.linalg.svd(left_core @ right_core.T)
    kept = min(found.rank, len(sizes))
    return _cut(found, left @ inner[:, :kept], sizes, (right @ outer.T[:, :kept]).T)


def _cut(found: Sum, left: Tensor, sizes: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    """Return B and A of the chosen rank, from a singular value decomposition."""
    assert found.rank is not None  # checked before: the update is not of low rank
    found.total += float(sizes.square().sum())
    found.lost += float(sizes[found.rank :].square().sum())
    kept = min(found.rank, len(sizes))
    roots = sizes[:kept].sqrt()
    up = left.new_zeros(len(left), found.rank)
    down = right.new_zeros(found.rank, right.shape[1])
    up[:, :kept] = left[:, :kept] * roots
    down[:kept] = roots[:, None] * right[:kept]
    return up, down


def _shared_low_rank(found: Sum, members: Sequence[Place]) -> Place:
    """Sum members that share the projections A and B; the merge's own vera_B does all scaling."""
    assert found.shared is not None
    base = found.shared["lora_B"].double()
    products = [member["vera_B"].double() @ base @ member["vera_D"].double() for member in members]
    return {
        "vera_D": torch.eye(base.shape[1]),
        "vera_B": found.of(products) @ torch.linalg.pinv(base),
    }


def _rescaling(found: Sum, members: Sequence[Place]) -> Place:
    """Return 1 + the weighted sum of each scale's distance from 1; a scale of 1 changes nothing."""
    scales = [
        found.number(index, "alpha") * member["lora_B"].double()
        for index, member in enumerate(members)
    ]
    return {"lora_B": 1 + found.of([scale - 1 for scale in scales])}


def _edit(found: Sum, members: Sequence[Place]) -> Place:
    """Join the edits of ReFTs side by side.

    A ReFT edits a hidden state h by P^T (W h + b - P h), and DiReFT by P^T f(W h + b). As P counts
    twice in the former, the weight goes into W and b there.
    """
    units = {key.split(".")[1] for key in members[0]}
    merged: dict[str, Tensor] = {}
    for unit in sorted(units):
        own = f"units.{unit}."
        joined: dict[str, list[Tensor]] = {"weight": [], "bias": [], "projection": []}
        for index, member in enumerate(members):
            factor = found.weights[index]
            projection = _projection(member, own).double()
            weight = member[own + "learned_source.weight"].double()
            bias = member[own + "learned_source.bias"].double()
            if found.values[index]["subtracts"]:
                weight, bias = factor * weight + (1 - factor) * projection, factor * bias
            else:
                projection = factor * projection
            joined["weight"].append(weight)
            joined["bias"].append(bias)
            joined["projection"].append(projection)
        merged |= {
            own + "learned_source.weight": torch.cat(joined["weight"]),
            own + "learned_source.bias": torch.cat(joined["bias"]),
            own + "projection.weight": torch.cat(joined["projection"]),
        }
    return merged


def _projection(member: Place, own: str) -> Tensor:
    """Return the projection of a unit; LoReFT only stores what its orthogonal one is made from."""
    plain = member.get(own + "projection.weight")
    if plain is not None:
        return plain
    original = member[own + "projection.parametrizations.weight.original"]
    with torch.no_grad():
        module = nn.Linear(original.shape[1], original.shape[0], bias=False)
        nn.utils.parametrizations.orthogonal(module)
        prefix = own + "projection."
        module.load_state_dict(
            {key.removeprefix(prefix): value for key, value in member.items() if prefix in key}
        )
        weight: Tensor = module.weight
        return weight.detach()


# For full fine-tunes, `merge` itself sums the differences from the backbone.
WEIGH: dict[MergeKind, Callable[[Sum, Sequence[Place]], Place]] = {
    "weights": _weights,
    "low_rank": _low_rank,
    "several_low_rank": _several_low_rank,
    "shared_low_rank": _shared_low_rank,
    "rescaling": _rescaling,
    "edit": _edit,
}
