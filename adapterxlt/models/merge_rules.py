"""The arithmetic of merging, by the kinds of `method_merge`: one function a kind.

Each gets the tensors of one place of the model (a matrix, a layer, a unit), member by member, and
returns the merge's. Sums are made in double precision.
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
    """What all places of a merge have in common, and where it is.

    Args:
        weights: of the members, at this place.
        values: parameters of each member's method.
        rank: of the merged LoRA; None keeps the sum of the members' ranks.
        shared: the frozen projections that VeRAs share.
        how: what else is done to the members' updates.
        names: of the members, on which a random choice depends.
        place: this place.
        lost, total: squared norms, over all places so far, of what the rank cut off the merged
            updates, and of these.
    """

    weights: Sequence[float]
    values: Sequence[Mapping[str, object]]
    rank: int | None = None
    shared: Mapping[str, Tensor] | None = None
    how: Arithmetic = PLAIN
    names: Sequence[str] = ()
    place: str = ""
    lost: float = 0.0
    total: float = 0.0

    @property
    def error(self) -> float:
        """Norm of what the rank cut off, relative to that of the updates."""
        return (self.lost / self.total) ** 0.5 if self.total else 0.0

    def of(self, tensors: Sequence[Tensor], what: str = "") -> Tensor:
        """What becomes of the members' updates.

        Args:
            what: tells them from others at this place.
        """
        names = self.names or [""] * len(tensors)
        keys = [f"{name}/{self.place}{what}" for name in names]
        return merged(tensors, self.weights, self.how, keys)

    def number(self, member: int, key: str) -> float:
        """A number among the parameters of a member's method."""
        value = self.values[member][key]
        assert isinstance(value, (int, float))
        return float(value)


def _weights(found: Sum, members: Sequence[Place]) -> Place:
    """The weighted sum of the weights themselves."""
    return {key: found.of([member[key] for member in members], key) for key in members[0]}


def _low_rank(found: Sum, members: Sequence[Place]) -> Place:
    up, down = _joined(found, [(member["lora_B"], member["lora_A"]) for member in members])
    return {"lora_A": down, "lora_B": up}


def _several_low_rank(found: Sum, members: Sequence[Place]) -> Place:
    """Each member's up-projections are one already, as it mixes them by weights of its own."""
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
    """B and A whose product is the merge of all scaled B A: side by side, or cut."""
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
    # The decomposition of the product, without ever building it.
    left, left_core = torch.linalg.qr(up)
    right, right_core = torch.linalg.qr(down.T)
    inner, sizes, outer = torch.linalg.svd(left_core @ right_core.T)
    kept = min(found.rank, len(sizes))
    return _cut(found, left @ inner[:, :kept], sizes, (right @ outer.T[:, :kept]).T)


def _cut(found: Sum, left: Tensor, sizes: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    """B and A of the rank, from a singular value decomposition."""
    assert found.rank is not None  # checked: it is not of low rank
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
    """The sum on the same projections A and B: its own vera_B does all the scaling."""
    assert found.shared is not None
    base = found.shared["lora_B"].double()
    products = [member["vera_B"].double() @ base @ member["vera_D"].double() for member in members]
    return {
        "vera_D": torch.eye(base.shape[1]),
        "vera_B": found.of(products) @ torch.linalg.pinv(base),
    }


def _rescaling(found: Sum, members: Sequence[Place]) -> Place:
    """1 + the weighted sum of how far each scale is from 1, which changes nothing."""
    scales = [
        found.number(index, "alpha") * member["lora_B"].double()
        for index, member in enumerate(members)
    ]
    return {"lora_B": 1 + found.of([scale - 1 for scale in scales])}


def _edit(found: Sum, members: Sequence[Place]) -> Place:
    """ReFTs edit a hidden state h by P^T (W h + b - P h), DiReFT by P^T f(W h + b): side by side.

    As P counts twice in the former, the weight goes into W and b there.
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
    """The projection of a unit; LoReFT keeps what an orthogonal one is made of."""
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


# Of full fine-tunes, `merge` sums the differences to the backbone itself.
WEIGH: dict[MergeKind, Callable[[Sum, Sequence[Place]], Place]] = {
    "weights": _weights,
    "low_rank": _low_rank,
    "several_low_rank": _several_low_rank,
    "shared_low_rank": _shared_low_rank,
    "rescaling": _rescaling,
    "edit": _edit,
}
