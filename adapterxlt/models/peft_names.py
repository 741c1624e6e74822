"""Translates PEFT's names of tensors and of kinds of tasks. No torch."""

from __future__ import annotations

import re

from adapterxlt.kinds.registry import get_kind, with_heads

PREFIX = "base_model.model."
_AROUND = re.compile(r"\.(modules_to_save|lora_[AB])(\.default)?(?=\.)")


def plain_name(name: str) -> str:
    """Return the name of a tensor in the wrapped model, without what PEFT puts around it."""
    short = name.removeprefix(PREFIX)
    return _AROUND.sub(lambda found: "" if found[1][0] == "m" else f".{found[1]}", short)


def is_copy(name: str) -> bool:
    """Whether a tensor is the untrained copy that PEFT keeps beside a head."""
    return ".original_module." in name


def task_type(kind: str) -> str | None:
    """Return PEFT's name for a kind of tasks; None if PEFT does not have a type for it."""
    head = get_kind(kind).head
    return None if head is None else head.peft


def kind_of_type(task_type: str) -> str | None:
    """Return the kind of tasks that has this name in PEFT; of several such kinds, the first."""
    kinds = (kind for kind, head in with_heads().items() if head.peft == task_type)
    return next(kinds, None)
