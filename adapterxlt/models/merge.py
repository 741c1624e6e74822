"""Merges several adapters, or several full fine-tunes, into one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import AdapterXLTError
from adapterxlt.methods.arithmetic import PLAIN, Arithmetic, Shares
from adapterxlt.methods.merging import (
    can_merge,
    cancel,
    merge_kind,
    merged_method,
    merges_weights,
)
from adapterxlt.methods.parser import Part, parse_method
from adapterxlt.methods.table import METHODS, Family
from adapterxlt.models import tensors
from adapterxlt.models.assemble import adapter_specs
from adapterxlt.models.base import load_base, load_tokenizer
from adapterxlt.models.below import load_common, split
from adapterxlt.models.fit import check_fit
from adapterxlt.models.head_classes import AdapterModel
from adapterxlt.models.heads import add_head
from adapterxlt.models.lm_head import head_tensors
from adapterxlt.models.merge_full import LayerOf, add_differences
from adapterxlt.models.merge_rules import WEIGH, Sum
from adapterxlt.models.parts import (
    HEAD_FILE,
    Built,
    adapter_file,
    add_saved,
    check_name,
    hide_prompt_of,
    methods_of,
    new_adapter,
)
from adapterxlt.models.quiet import quiet
from adapterxlt.models.setup import activate
from adapterxlt.models.spec import HeadSpec, ModelSpec, Setup, StackSetup, backbone_spec

# Modules of `adapters` that hold the tensors of families with arithmetic of their own.
_FAMILIES: dict[str, Family] = {"loras": "lora", "refts": "reft"}
_SHARED = "shared_parameters"


@dataclass
class Merged(Built):
    """A model that is a merge.

    Args:
        error: the norm of what a chosen rank cut off the merged updates, relative to the norm of
            the updates.
    """

    error: float = 0.0


@quiet()
def merge(
    backbone: Backbone,
    members: Sequence[Path],
    weights: Shares | Sequence[float] | None,
    name: str,
    rank: int | None = None,
    *,
    how: Arithmetic = PLAIN,
    start: int | None = None,
    first_head: bool = False,
) -> Merged:
    """Build the merge of adapters, or of full fine-tunes, in eval mode.

    Adapters may stand on others, and on fine-tuned weights, if these are the same for all. The
    merge stands on them too.

    By default it is their weighted sum. `merge_kind` says what the weights apply to in each method.
    If all members have heads with the same labels, the merge has the weighted mean of the heads
    (weights relative to their sum), unless the weights sum to zero or nearly so. Otherwise it does
    not have a head.

    Args:
        members: artifacts of the members.
        weights: the weights, which are used as given and need not sum to one (task arithmetic);
            None means equal shares.
        name: name of the merge, unique per content.
        rank: the rank of a merged LoRA; None loses nothing.
        how: other operations on the members' updates, besides weighing.
        start: the seed of the weights that all members started from. It is needed for operations
            other than a weighted sum if weights themselves are merged, as those of bottlenecks:
            an update is the difference from these weights.
        first_head: whether to use the heads of the first member, whatever the others have.

    Raises:
        InvalidArtifactError: a member is damaged or of another backbone.
        AdapterXLTError: the members cannot be merged.
    """
    check_name(name)
    shares = _shares(weights, len(members), name)
    specs = [check_fit(backbone, folder) for folder in members]
    methods = [
        parse_method(spec.adapters[-1].method if spec.adapters else spec.method or "full")
        for spec in specs
    ]
    reason = can_merge(methods, rank, how, by_layer=bool(shares.layers))
    if reason:
        raise AdapterXLTError(f"`{name}`: {reason}")
    if start is None and not how.linear and merges_weights(methods[0]):
        raise AdapterXLTError(f"`{name}`: the weights that its members started from are not known")
    error, method, layer_of = 0.0, merged_method(methods, rank), _layers_of(backbone)
    lower: tuple[str, ...] = ()
    if method.is_full:
        model = load_base(backbone)
        target = tensors.select(model, tensors.of_backbone(backbone.architecture))
        add_differences(target, members, [spec.name for spec in specs], shares, how, layer_of)
    else:
        tops, lower = split(specs, members, "merge")
        model = load_common(backbone, specs, members, "merge")
        for part in lower:
            add_saved(model, specs[0], members[0], part)
        if start is not None:
            torch.manual_seed(start)  # as before training
        new_adapter(model, name, str(method), f"`{name}`")
        compared = start is not None and not how.linear
        states = [
            tensors.renamed(tensors.read(adapter_file(spec, folder, top)), top, name)
            for spec, folder, top in zip(specs, members, tops, strict=True)
        ]
        error = _merge_adapters(model, name, specs, states, shares, rank, how, layer_of, compared)
    if first_head:
        specs, members, weights = specs[:1], members[:1], [1.0]
    else:
        weights = shares.everywhere
    heads = _merged_heads([spec.heads for spec in specs], weights)
    setup: Setup | None = None if method.is_full else name
    if lower:
        setup = StackSetup(stack=(*lower, name))
    named = {**methods_of(specs[0]), name: str(method)}
    built = ModelSpec(
        name=name,
        backbone=backbone_spec(backbone),
        full=method.is_full or specs[0].full,
        adapters=() if setup is None else adapter_specs(setup, name, named),
        setup=setup,
        head=heads[0] if heads else None,
        other_heads=heads[1:],
        method=str(method),
    )
    for index, head in enumerate(heads):
        add_head(model, built.head_name(head), head)
        _average_head(model, built.head_name(head), index, specs, members, weights)
    activate(model, built)
    hide_prompt_of(model, built)
    model.eval()
    return Merged(model, load_tokenizer(backbone), backbone, built, error)


def _merged_heads(
    members: Sequence[tuple[HeadSpec, ...]], weights: Sequence[float]
) -> tuple[HeadSpec, ...]:
    """Return the first member's heads, if all members have such heads and weights do not cancel."""
    kinds = [[(head.kind, head.labels, head.multi_label) for head in heads] for heads in members]
    same = all(kind == kinds[0] for kind in kinds)
    return members[0] if same and not cancel(weights) else ()


def _shares(weights: Shares | Sequence[float] | None, count: int, name: str) -> Shares:
    if weights is None:
        return Shares.equal(count)
    shares = weights if isinstance(weights, Shares) else Shares.of(weights)
    for own in (shares.everywhere, *(part.weights for part in shares.layers)):
        if len(own) != count:
            raise AdapterXLTError(f"`{name}`: {count} adapters to merge but {len(own)} weights")
    return shares


def _layers_of(backbone: Backbone) -> LayerOf:
    """Return a function that tells the layer of a tensor or a module of the encoder."""
    layers = f"{backbone.architecture.prefix}{backbone.architecture.layers}."

    def layer_of(name: str) -> int | None:
        if not name.startswith(layers):
            return None
        return int(name.removeprefix(layers).partition(".")[0])

    return layer_of


def _merge_adapters(
    model: AdapterModel,
    name: str,
    specs: Sequence[ModelSpec],
    states: Sequence[dict[str, Tensor]],
    shares: Shares,
    rank: int | None,
    how: Arithmetic,
    layer_of: LayerOf,
    compared: bool,
) -> float:
    """Give the new adapter its tensors; return the error from cutting the rank.

    Args:
        states: the tensors of the members' topmost adapters, under the name of the new one.
        compared: whether weights are compared with those that the new adapter has so far.
    """
    found = _shared_projections(states, specs)
    shared = {key.rpartition(".")[2]: tensor for key, tensor in found.items()}
    flats = [parse_method(spec.adapters[-1].method).flat() for spec in specs]
    families = {METHODS[part.name].family: index for index, part in enumerate(flats[0])}
    names = [spec.name for spec in specs]
    sums = [
        Sum(shares.everywhere, [_values(flat[index]) for flat in flats], rank, shared, how, names)
        for index in range(len(flats[0]))
    ]
    target = tensors.select(model, tensors.of_adapter(name))
    places = dict.fromkeys(_place(key) for key in states[0] if key not in found)
    for place in places:
        container = place.split(".")[-3]
        index = families.get(_FAMILIES.get(container, "full"), 0)
        kind = merge_kind(flats[0][index]) if container in _FAMILIES else "weights"
        own = [_within(place, state) for state in states]
        here = sums[index]
        here.start = _within(place, target) if compared and kind == "weights" else None
        # The name of the merge is left out of places, so it does not change random choices.
        here.weights, here.place = shares.at(layer_of(place)), place.removesuffix(f"{name}.")
        merged = WEIGH[kind](here, own)
        found |= {place + key: tensor for key, tensor in merged.items()}
    tensors.assign(target, found, name)
    return max(each.error for each in sums)


def _within(place: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors at a place, by their names there."""
    return {
        key.removeprefix(place): tensor for key, tensor in state.items() if key.startswith(place)
    }


def _values(part: Part) -> dict[str, object]:
    return {**part.resolved, "subtracts": part.name != "direft"}


def _place(key: str) -> str:
    """Return the module of an adapter's tensor: its name up to the adapter's name."""
    parts = key.split(".")
    index = next(index for index, part in enumerate(parts) if part in tensors.CONTAINERS)
    return ".".join(parts[: index + 2]) + "."


def _shared_projections(
    states: Sequence[Mapping[str, Tensor]], specs: Sequence[ModelSpec]
) -> dict[str, Tensor]:
    """Return the random projections that VeRAs share and never train; {} for other methods.

    Raises:
        AdapterXLTError: members have different ones.
    """
    first, *others = (
        {key: tensor for key, tensor in state.items() if _SHARED in key.split(".")}
        for state in states
    )
    for other, spec in zip(others, specs[1:], strict=True):
        if any(not torch.equal(tensor, other[key]) for key, tensor in first.items()):
            raise AdapterXLTError(
                f"`{specs[0].name}` and `{spec.name}` have different random projections, so "
                "their updates cannot be summed",
                hint="train both with the same seed",
            )
    return first


def _average_head(
    model: AdapterModel,
    name: str,
    index: int,
    specs: Sequence[ModelSpec],
    members: Sequence[Path],
    weights: Sequence[float],
) -> None:
    """Give a new head the weighted mean of the members' heads at this index."""
    target = head_tensors(model, name)
    total = {key: torch.zeros_like(tensor, dtype=torch.float64) for key, tensor in target.items()}
    for spec, folder, weight in zip(specs, members, weights, strict=True):
        head = spec.heads[index]
        saved = tensors.read(folder / spec.folder_of(head) / HEAD_FILE)
        old = f"heads.{spec.head_name(head)}."
        for key, tensor in saved.items():
            new = f"heads.{name}.{key.removeprefix(old)}"
            total[new] += weight / sum(weights) * tensor.double()
    tensors.assign(target, total, name)
