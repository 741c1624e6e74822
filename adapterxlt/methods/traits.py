"""Facts about methods that training and exports need. No torch."""

from __future__ import annotations

from adapterxlt.methods.parser import ParsedMethod, Part

# What must be said where a method goes to plain `adapters` that `counts_padding` there.
PADDING_NOTE = (
    "Plain `adapters` lets padding count in this method: texts in a padded batch get other "
    "results there than alone. Alone, or among texts of one length, they get the same as here."
)


def left_out(part: Part, layers: int) -> list[int]:
    """The layers that have none of a method's parts, of a backbone of so many layers."""
    numbers = part.resolved.get("leave_out")
    return [n % layers if n < 0 else n for n in numbers] if isinstance(numbers, list) else []


def to_adapters_string(method: ParsedMethod, layers: int) -> str:
    """The text that `adapters` itself parses into this method's configuration.

    Strings are quoted inside, as its parser wants; layers counted from the end (-1 is the last)
    are numbered from the first.

    Args:
        layers: number of layers of the backbone.

    Raises:
        ValueError: for `full` and its kin, which are not adapters.
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
    """Whether `adapters` itself computes this method otherwise in a padded batch.

    Here padding counts nowhere (models/padding.py).
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
