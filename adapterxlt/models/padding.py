"""Makes the result for a text independent of the padding of its batch.

Three things in `adapters` (1.2 and 1.3) look at padding:

- prompt tuning: the mask that it puts in front lets the prompt tokens attend to padding;
- gates (`unipelt`, `use_gating`): the mean that a gate takes over a text includes padding tokens;
- ReFT on last positions: a text shorter than `suffix_positions` fails in a batch of longer ones.
  In a batch of such texts, the wrong positions are edited.

Without padding and such short texts, results are the same as in plain `adapters`, to the bit.
"""

from __future__ import annotations

from typing import Any

import torch
from adapters import ForwardContext
from torch import Tensor, nn
from torch.nn.functional import pad

from adapterxlt.models import tensors
from adapterxlt.models.head_classes import STATES, AdapterModel, layers_holder, layers_of

_MASKS = ("attention_mask", "attn_mask")
_EPSILON = 1e-6  # gates nearer than this to 0 or 1 count as that far away


def ignore_padding(model: AdapterModel) -> None:
    """Make all adapters of a model ignore padding; call it once, after adding all of them."""
    parts = [(name, module) for name, module in model.named_modules() if tensors.owner(name)]
    gates = [module for name, module in parts if isinstance(module, nn.Linear) and _is_gate(name)]
    refts = [module for _, module in parts if getattr(module, "suffix_positions", 0)]
    prompts = getattr(getattr(model.base_model, "prompt_tuning", None), "prompt_tunings", ())
    if gates or refts or len(prompts):
        _first_with_mask(model).register_forward_pre_hook(_read_mask, with_kwargs=True)
    for gate in gates:
        gate.register_forward_hook(_mean_of_text)
    for reft in refts:
        reft.register_forward_pre_hook(_widen)
        reft.register_forward_hook(_narrow)


def _first_with_mask(model: AdapterModel) -> nn.Module:
    """Return the module that gets the mask as all layers do: their holder, or the first layer."""
    holder = layers_holder(model)
    return holder if holder is not model.base_model else layers_of(model)[0]


def _is_gate(name: str) -> bool:
    container, last = name.split(".")[-2:]
    return last == "gate" or container == "prefix_gates"


def _read_mask(
    layers: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Hide padding from prompt tokens too, and tell the hooks below where the text is."""
    context: Any = ForwardContext.get_context()
    states: Tensor = args[0] if args else kwargs[next(name for name in STATES if name in kwargs)]
    name = next((name for name in _MASKS if name in kwargs), "")
    mask: Tensor | None = kwargs[name] if name else args[1] if len(args) > 1 else None
    context.width, context.real = states.shape[1], None
    if mask is not None and mask.dim() == 2:  # 1 marks the tokens of the text
        context.real = mask.bool()
    elif mask is not None:  # 0, or True, marks what a token sees
        columns = mask[:, :, -1:]  # the last token sees most: [batch, 1, 1, length]
        prompt = context.width - columns.shape[-1]
        if columns.dtype is torch.bool:  # used by decoders, which have no prompts
            context.real = columns[:, 0, 0]
        else:
            # 0 masks nothing. A prompt may stand behind the first token, but neither of them is
            # padding.
            columns = pad(columns, (prompt, 0))
            context.real = columns[:, 0, 0] == 0
        if prompt:
            kwargs[name] = columns.expand(-1, -1, context.width, -1)
    context.prompt_tokens_length = None  # else each layer would prepend rows that mask nothing
    return args, kwargs


def _mean_of_text(gate: nn.Module, args: tuple[Any, ...], output: Tensor) -> Tensor:
    """Give padding tokens the mean gate of the text, so that it is the mean of all tokens too.

    `adapters` takes the mean of the sigmoid over [batch, length, gates] right after this.
    """
    real: Tensor | None = getattr(ForwardContext.get_context(), "real", None)
    if real is None or real.shape[1] != output.shape[1]:  # a DeBERTa table of distances
        return output
    real = real.unsqueeze(-1)
    shares = real / real.sum(dim=1, keepdim=True).clamp(min=1)
    mean = (output.float().sigmoid() * shares).sum(dim=1, keepdim=True)
    return torch.where(real, output, mean.logit(_EPSILON).to(output.dtype))


def _widen(reft: Any, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """For a text with too few positions, edit its first positions; pad it if it is too short."""
    context: Any = ForwardContext.get_context()
    positions: int = reft.suffix_positions
    if hasattr(context, "seqlens"):
        context.seqlens = context.seqlens.clamp(min=positions)
    missing = positions - args[0].shape[1]
    return (pad(args[0], (0, 0, 0, missing)), *args[1:]) if missing > 0 else args


def _narrow(reft: nn.Module, args: tuple[Tensor, ...], output: Tensor) -> Tensor:
    context: Any = ForwardContext.get_context()
    return output[:, : context.width]
