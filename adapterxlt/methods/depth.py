"""Restricts a method to the lowest layers of a backbone. No torch."""

from __future__ import annotations

from adapterxlt.methods.parser import ParsedMethod, Part, parse_method
from adapterxlt.methods.table import METHODS


def only_below(method: ParsedMethod, layer: int, layers: int) -> ParsedMethod:
    """Return the same method without the parts that it would add above a layer.

    Args:
        layer: number of a hidden state (0: the embeddings), which must depend on everything that
            the method trains.
        layers: number of layers of the backbone.

    Raises:
        ValueError: the method cannot leave them out. The message can be shown to users.
    """
    if method.is_full:
        raise ValueError(
            f"`{method}` also trains backbone weights above layer {layer}\nuse an adapter, such "
            "as `lora[r=16]`, which leaves out the layers above"
        )
    if layer >= layers:
        return method
    changed = ParsedMethod(tuple(_below(part, layer, layers) for part in method.flat()))
    return parse_method(str(changed))


def _below(part: Part, layer: int, layers: int) -> Part:
    known = METHODS[part.name].parameters
    if "leave_out" in known:
        given = part.resolved["leave_out"]
        left = set(given if isinstance(given, list) else ()) | set(range(layer, layers))
        return Part(part.name, {**part.params, "leave_out": sorted(left)})
    if "layers" in known:
        given = part.resolved["layers"]
        kept = sorted(set(range(layer)) & set(given if isinstance(given, list) else range(layer)))
        if not kept:
            raise ValueError(f"`{part.name}[layers]` has no layer below layer {layer}")
        return Part(part.name, {**part.params, "layers": kept})
    return part  # prompts stand before the first layer
