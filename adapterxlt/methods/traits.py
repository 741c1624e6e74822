"""What must be known of a method where it is trained or goes to `adapters` itself. No torch."""

from __future__ import annotations

from adapterxlt.methods.parser import ParsedMethod

# What must be said where a method goes to plain `adapters` that `counts_padding` there.
PADDING_NOTE = (
    "Plain `adapters` lets padding count in this method: texts in a padded batch get other "
    "results there than alone. Alone, or among texts of one length, they get the same as here."
)


def to_adapters_string(method: ParsedMethod) -> str:
    """The text that `adapters` itself parses into this method's configuration.

    Strings are quoted inside, as its parser wants.

    Raises:
        ValueError: for `full` and its kin, which are not adapters.
    """
    if method.is_full:
        raise ValueError(f"`{method}` is not an adapter method")
    return "|".join(
        part.name
        + (
            "[" + ",".join(f"{key}={value!r}" for key, value in part.params.items()) + "]"
            if part.params
            else ""
        )
        for part in method.parts
    )


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
