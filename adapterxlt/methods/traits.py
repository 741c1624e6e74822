"""Gives facts about methods that training and exports need. No torch."""

from __future__ import annotations

from adapterxlt.methods.parser import ParsedMethod, Part

# The note for exporting a method that `counts_padding` in plain `adapters`.
PADDING_NOTE = (
    "Plain `adapters` lets padding count in this method: texts in a padded batch get other "
    "results there than alone. Alone, or among texts of one length, they get the same as here."
)


def left_out(part: Part, layers: int) -> list[int]:
    """Return the layers that a part of a method leaves out, for a backbone's number of layers."""
    numbers = part.resolved.get("leave_out")
    return [n % layers if n < 0 else n for n in numbers] if isinstance(numbers, list) else []


def to_adapters_string(method: ParsedMethod, layers: int) -> str:
    """Return the text that `adapters` itself parses into this method's configuration.

    Strings are quoted, as its parser requires. Layers counted from the end (-1 is the last)
    are numbered from the first.

    Args:
        layers: number of layers of the backbone.

    Raises:
        ValueError: the method is `full` or a similar one, which is not an adapter.
    """
    if method.is_full:
        raise ValueError(f"`{method}` is not an adapter method")
    chunks = []
    for part in method.parts:
        params = dict(part.params)
        if "leave_out" in params:
            params["leave_out"] = left_out(part, layers)
        inside = ",".join(f"{key}={value!r}" for key, value in params.items())
        chunks.append(f"{part.name}[{inside}]" if inside else part.name)
    return "|".join(chunks)


def counts_padding(method: ParsedMethod) -> bool:
    """Whether plain `adapters` gives other results for this method in a padded batch.

    In this project, padding does not change results (models/padding.py).
    """
    return any(
        part.name == "prompt_tuning"
        or bool(part.resolved.get("use_gating"))
        or bool(part.resolved.get("suffix_positions"))
        for part in method.flat()
    )


def is_orthogonal(method: ParsedMethod) -> bool:
    """Whether some of its matrices are kept orthogonal, as LoReFT's are."""
    return any(bool(part.resolved.get("orthogonality")) for part in method.flat())
