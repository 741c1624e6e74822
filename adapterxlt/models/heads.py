"""Prediction heads by task kind, and the two places where inputs or outputs need reshaping."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from adapterxlt.kinds.registry import get_kind
from adapterxlt.models.head_classes import AdapterModel, architecture_of
from adapterxlt.models.spec import HeadSpec

TOKEN_LOGITS = ("logits", "start_logits", "end_logits")
TOKEN_HEADS = ("tagging", "question_answering")  # heads with logits per token


def add_head(model: AdapterModel, name: str, head: HeadSpec) -> None:
    """Add a new head with the default sizes of `adapters`, and make it the active one.

    Raises:
        ValueError: tasks of this kind do not have a head.
    """
    found = get_kind(head.kind)
    if not found.trainable:
        raise ValueError(f"tasks of kind `{head.kind}` have no head")
    found.workings.add_head(model, name, head, architecture_of(model).activation)
    model.active_head = name


def hide_prompt(model: AdapterModel, adapter: str) -> None:
    """Keep positions as they are in the input when `adapter` prepends prompt tokens.

    Prompt tuning makes the sequence longer inside the model. Per-token outputs and hidden states
    are cut back to the tokens of the input. Classification heads still read the first position,
    a prompt token, as they do in plain `adapters`.
    """
    layer = getattr(model.base_model, "prompt_tuning", None)
    if layer is None or adapter not in layer.prompt_tunings:
        return
    config = layer.prompt_tunings[adapter].prompt_tuning_config
    first = 1 if config.combine == "prefix_after_bos" else 0
    end = first + config.prompt_length

    def cut(states: Tensor) -> Tensor:
        return torch.cat([states[:, :first], states[:, end:]], dim=1)

    def cut_hidden(module: nn.Module, args: Any, output: Any) -> Any:
        if getattr(output, "hidden_states", None) is not None:
            output["hidden_states"] = tuple(cut(states) for states in output.hidden_states)
        return output

    def cut_logits(module: Any, args: Any, output: Any) -> Any:
        head = module.active_head
        per_token = head and module.heads[head].config["head_type"] in TOKEN_HEADS
        for key in TOKEN_LOGITS if per_token else ():
            if key in output:
                output[key] = cut(output[key])
        return output

    model.base_model.register_forward_hook(cut_hidden)
    model.register_forward_hook(cut_logits)
