"""What PEFT calls things: tensors, and kinds of tasks. No torch."""

from __future__ import annotations

import re

from adapterxlt.kinds.registry import KINDS

# PEFT has types for these only.
TASK_TYPES: dict[str, str] = {
    found.name: found.head.peft for found in KINDS.values() if found.head and found.head.peft
}
PREFIX = "base_model.model."
_AROUND = re.compile(r"\.(modules_to_save|lora_[AB])(\.default)?(?=\.)")


def plain_name(name: str) -> str:
    """What a tensor is called in the model below PEFT's: without what PEFT puts around it."""
    short = name.removeprefix(PREFIX)
    return _AROUND.sub(lambda found: "" if found[1][0] == "m" else f".{found[1]}", short)


def is_copy(name: str) -> bool:
    """Whether a tensor is the untrained copy that PEFT keeps beside a head."""
    return ".original_module." in name
