"""Says how adapters of each kind of method are merged, and what method the result has.

If an adapter of the same kind can compute the weighted sum of what several adapters do, the merge
is that adapter. If not (a bottleneck is not linear), the adapters' weights are summed; if that sum
would be meaningless, merging is refused. The arithmetic is in `models/merge_rules.py`, by the same
kinds. No torch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from adapterxlt.methods.arithmetic import PLAIN, Arithmetic
from adapterxlt.methods.parser import ParsedMethod, Part, parse_method
from adapterxlt.methods.table import METHODS
from adapterxlt.methods.values import comparable

MergeKind = Literal[
    "full", "weights", "low_rank", "several_low_rank", "shared_low_rank", "rescaling", "edit"
]


@dataclass(frozen=True)
class MergeRule:
    """How one kind of method is merged.

    Args:
        weighs: what the weights apply to, in words.
        exact: whether the merge computes exactly the weighted sum of what its members do.
        free: parameters in which members may differ.
        ranks: whether the rank of the merge is the sum of its members' ranks; `rank` can cut it.
    """

    weighs: str
    exact: bool = True
    free: tuple[str, ...] = ()
    ranks: bool = False


MERGE_RULES: dict[MergeKind, MergeRule] = {
    "full": MergeRule(
        "what each fine-tune changed in the backbone", free=("freeze", "norms", "density")
    ),
    "weights": MergeRule("the adapters' weights, not of what they do", exact=False),
    "low_rank": MergeRule("the update B A alpha / r of each LoRA", True, ("r", "alpha"), True),
    "several_low_rank": MergeRule(
        "the update of each MTL-LoRA, its up-projections together", True, ("r", "alpha"), True
    ),
    "shared_low_rank": MergeRule("the update of each VeRA, on the projections that they share"),
    "rescaling": MergeRule("how far each scale is from 1", free=("alpha",)),
    "edit": MergeRule("the edit of each ReFT", free=("r",)),
}


def merge_kind(part: Part) -> MergeKind:
    """Return how a method's part is merged."""
    family, values = METHODS[part.name].family, part.resolved
    if family == "full":
        return "full"
    if family == "reft":
        return "edit"
    if family != "lora":
        return "weights"
    if values["composition_mode"] == "scale":
        return "rescaling"
    if values.get("vera_d") is not None:
        return "shared_low_rank"
    return "several_low_rank" if values["architecture"] == "mtl_lora" else "low_rank"


def merges_weights(method: ParsedMethod) -> bool:
    """Whether a merge of such adapters merges their weights, and not what they do."""
    return any(merge_kind(part) == "weights" for part in method.flat())


def drawn(method: ParsedMethod) -> bool:
    """Whether weights that are merged start from values which the training's seed draws."""
    return any(
        merge_kind(part) == "weights" and part.resolved.get("init_weights_seed") is None
        for part in method.flat()
    )


def can_merge(
    methods: Sequence[ParsedMethod],
    rank: int | None = None,
    how: Arithmetic = PLAIN,
    *,
    by_layer: bool = False,
) -> str | None:
    """Say why adapters of these methods cannot be merged; None if they can.

    Args:
        methods: the methods of the members.
        rank: the rank of the merged LoRA, if it should be lower than the sum of the members' ranks.
        how: other operations on the members' updates, besides weighing.
        by_layer: whether some layers have weights of their own.
    """
    for method in methods:
        reason = _refusal(method)
        if reason:
            return reason
    first = methods[0]
    for method in methods[1:]:
        if method.is_full != first.is_full:
            return "a full fine-tune and an adapter cannot be merged"
        if _canonical(method) != _canonical(first):
            return (
                f"`{first}` and `{method}` differ; only adapters of one configuration can be "
                "merged (the ranks and alphas of LoRAs may differ)"
            )
    if by_layer:
        for part in first.flat():
            if METHODS[part.name].family in ("prefix", "prompt"):
                return (
                    f"`{part.name}` is learnt for all layers together, so layers cannot have "
                    "separate weights"
                )
    reason = None if how.linear else _not_linear(first, rank, how)
    return reason or (None if rank is None else _useless_rank(methods, rank, how))


def _not_linear(method: ParsedMethod, rank: int | None, how: Arithmetic) -> str | None:
    """Say why a method allows only a plain weighted sum; None if it allows more."""
    for part in method.flat():
        rule = MERGE_RULES[merge_kind(part)]
        if merge_kind(part) == "edit":
            return (
                f"`{part.name}` edits the output of layers, so it has no elements to compare "
                f"({how.as_keys()}); only a weighted sum is possible"
            )
        if rule.ranks and rank is None:
            return (
                f"with {how.as_keys()}, the merged updates of `{part.name}` do not have a low "
                "rank, so give the `rank` of the merge"
            )
    return None


def _useless_rank(methods: Sequence[ParsedMethod], rank: int, how: Arithmetic) -> str | None:
    parts = [part for part in methods[0].flat() if MERGE_RULES[merge_kind(part)].ranks]
    if not parts:
        return f"`{methods[0]}` has no LoRA, so it has no rank"
    total = _summed(methods, "r", methods[0].flat().index(parts[0]))
    if rank > total and how.linear:
        return f"is above {total}, the sum of the members' ranks, which already loses nothing"
    return None


def merged_method(methods: Sequence[ParsedMethod], rank: int | None = None) -> ParsedMethod:
    """Return the method of the merge of adapters with these methods.

    LoRAs are joined. The rank is the sum of their ranks, so that nothing is lost, unless `rank` is
    given. Alpha equals the rank, as the weights already contain each update's own scaling.
    """
    if methods[0].is_full:
        return parse_method("full")
    flats = [method.flat() for method in methods]
    parts = []
    for index, part in enumerate(flats[0]):
        kind = merge_kind(part)
        changes: dict[str, object] = {}
        if MERGE_RULES[kind].ranks:
            chosen = rank or _summed(methods, "r", index)
            changes = {"r": chosen, "alpha": chosen}
        elif kind == "rescaling":
            changes = {"alpha": 1}
        elif kind == "edit":
            # After joining, the directions are not orthogonal any more.
            changes = {"r": _summed(methods, "r", index), "orthogonality": False}
        name = "noreft" if part.name == "loreft" else part.name
        parts.append(_changed(part, name, changes))
    if all(new == old for new, old in zip(parts, flats[0], strict=True)):
        return methods[0]
    return ParsedMethod(tuple(parts))


def merge_note(
    method: ParsedMethod, weights: Sequence[float], how: Arithmetic = PLAIN, over: str = ""
) -> str:
    """Say in words what a merge weighs, from the method of its members or its own.

    Args:
        over: what its weights are for, in words, if not for all members and layers alike.
    """
    rules = {part.name: MERGE_RULES[merge_kind(part)] for part in method.flat()}
    said = dict.fromkeys(
        rule.weighs
        if how.linear or rule.exact
        else "what training changed in the adapters' weights"
        for rule in rules.values()
    )
    made = "the weighted sum" if how.linear else f"the merge ({how.words()})"
    made += f", {over}," if over else ""
    text = f"is {made} of {' and of '.join(said)}"
    inexact = [name for name, rule in rules.items() if not rule.exact]
    total = sum(weights)
    if how.sparsify != "none" and how.density == 0:
        text += (
            "; `density: 0` keeps no element of the updates, so the merge does no more than what "
            "all its members started from"
        )
    elif how.sparsify != "none" and how.density == 1 and not how.outliers:
        text += "; `density: 1` keeps all elements of the updates, as without a `density`"
    if inexact and how.linear and abs(total - 1) > 1e-6:
        text += (
            f"; as `{inexact[0]}` is not linear and the weights sum to {total:g} and not to 1, "
            "what it does is not scaled by as much"
        )
    return text


def cancel(weights: Sequence[float]) -> bool:
    """Whether weights sum to zero, or so nearly that a mean would only be a magnified difference.

    Heads are averaged with weights relative to their sum. So `[1, -0.999]` would give 1,000 times
    one head minus 999 times the other, and `[1, -0.5]` twice one head minus the other.
    """
    return abs(sum(weights)) <= 0.1 * sum(map(abs, weights))


def cancel_exactly(weights: Sequence[float]) -> bool:
    """Whether weights sum to zero, except for rounding."""
    return abs(sum(weights)) <= 1e-9 * sum(map(abs, weights))


def _refusal(method: ParsedMethod) -> str | None:
    """Say why an adapter of this method can never be merged; None if it can."""
    flat = method.flat()
    for part in flat:
        values, kind = part.resolved, merge_kind(part)
        if values.get("inv_adapter"):
            return (
                f"`{method}` has an invertible adapter, which cannot be averaged: the average "
                "would not be inverted correctly"
            )
        if values.get("phm_layer"):
            return (
                f"the weights of `{part.name}` are products of small factors, and a weighted sum "
                "of products is not such a product; train `seq_bn` or `double_seq_bn` to merge "
                "them"
            )
        if values.get("use_dora"):
            return (
                f"`{part.name}` rescales the backbone's weights by learnt magnitudes, so a sum "
                "of updates is not such an update; train `lora` to merge them"
            )
        if kind != "weights" and values.get("use_gating"):
            return (
                f"`{part.name}` in `{method}` has a gate that depends on the input, so its "
                "updates cannot be summed"
            )
        if kind == "edit" and values["non_linearity"] is not None and part.name != "direft":
            return (
                f"`{part.name}` with a non_linearity makes non-linear edits, which cannot be summed"
            )
    loras = [part.name for part in flat if METHODS[part.name].family == "lora"]
    if len(loras) > 1:
        return f"`{method}` combines several LoRAs, which a merge cannot tell apart"
    return None


def _summed(methods: Sequence[ParsedMethod], key: str, index: int) -> int:
    total = 0
    for method in methods:
        value = method.flat()[index].resolved[key]
        assert isinstance(value, int)
        total += value
    return total


def _changed(part: Part, name: str, changes: Mapping[str, object]) -> Part:
    """Return the part with another name or other parameters; default values are left out."""
    if name == part.name and not changes:
        return part
    values = {**part.params, **changes}
    defaults = METHODS[name].defaults
    return Part(name, {key: value for key, value in values.items() if value != defaults[key]})


def _canonical(method: ParsedMethod) -> str:
    """Return what members must have in common."""
    found = []
    for part in method.flat():
        kind = merge_kind(part)
        values = {
            key: comparable(key, value)
            for key, value in part.resolved.items()
            if key not in MERGE_RULES[kind].free
        }
        # The kinds of ReFT differ in more than their parameters.
        found.append([part.name if kind == "edit" else METHODS[part.name].family, values])
    return json.dumps(found, sort_keys=True)
