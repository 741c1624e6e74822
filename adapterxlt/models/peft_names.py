"""What PEFT calls things: tensors, and kinds of tasks. No torch."""

from __future__ import annotations

import re

from adapterxlt.tasks.types import Kind

# PEFT has types for these only.
TASK_TYPES: dict[Kind, str] = {
    "pair_classification": "SEQ_CLS",
    "tagging": "TOKEN_CLS",
    "span_qa": "QUESTION_ANS",
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
