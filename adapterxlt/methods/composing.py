"""Says which methods can be fused, and which can be stacked on which. No torch."""

from __future__ import annotations

from collections.abc import Sequence

from adapterxlt.methods.parser import ParsedMethod, Part
from adapterxlt.methods.table import METHODS


def can_fuse(methods: Sequence[ParsedMethod]) -> str | None:
    """Say why AdapterFusion over adapters of these methods is impossible; None if it is possible.

    AdapterFusion attends over the outputs of bottlenecks that sit in the same places. In
    `adapters` 1.3, two LoRAs raise NotImplementedError, and mixed configurations ValueError.
    """
    for method in methods:
        if method.is_full:
            return "a full fine-tune is not an adapter"
        if len(method.flat()) > 1:
            return f"`{method}` combines several methods; only a single bottleneck can be fused"
        if METHODS[method.parts[0].name].family != "bottleneck":
            return f"only bottleneck adapters can be fused, not `{method}`"
        if method.invertible:
            return (
                f"`{method}` has an invertible adapter, and a fusion would use only the first one"
            )
    return _one_config(methods, "fused")


def can_stack(below: Sequence[ParsedMethod], top: ParsedMethod) -> str | None:
    """Say why an adapter of a stack would silently have no effect; None if all have one.

    This was measured on `adapters` 1.3 by perturbing each adapter of a stack. Prompts, ReFT and
    invertible adapters act only as the first of the setup. A second LoRA on the same matrix, or a
    parallel bottleneck in the same place, takes the input of the one below and drops its output.
    """
    if top.is_full:
        return "a full fine-tune is not an adapter"
    if top.invertible:
        return f"the invertible adapter of `{top}` only works in the lowest adapter"
    lower = [part for method in below for part in method.flat()]
    for part in top.flat():
        family = METHODS[part.name].family
        if family in ("prompt", "reft"):
            return f"`{part.name}` only works as the lowest adapter"
        for under in lower:
            same = _places(part) & _places(under)
            if same and (family == "lora" or part.resolved.get("is_parallel")):
                return f"`{part.name}` would hide the `{under.name}` below it ({min(same)})"
    return None


def _places(part: Part) -> set[str]:
    """Return the places of a LoRA or bottleneck; parts with a common place can hide each other."""
    values, family = part.resolved, METHODS[part.name].family
    if family == "bottleneck":
        return {place for place in ("mh_adapter", "output_adapter") if values[place]}
    if family == "lora" and values["composition_mode"] == "add":
        matrices = values["attn_matrices"]
        assert isinstance(matrices, list)
        found = {place for place in ("intermediate_lora", "output_lora") if values[place]}
        return found | (set(matrices) if values["selfattn_lora"] else set())
    return set()


def _one_config(methods: Sequence[ParsedMethod], done: str) -> str | None:
    for method in methods[1:]:
        if not method.same_config(methods[0]):
            return (
                f"`{methods[0]}` and `{method}` differ; only adapters of one configuration "
                f"can be {done}"
            )
    return None
