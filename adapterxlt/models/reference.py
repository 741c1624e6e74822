"""Stores an input with the model's outputs, which a loaded model must reproduce.

Hashes show that the files are unchanged. This check shows that they still have the same effect with
other versions of the libraries, on another machine, and on this backbone.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.kinds.registry import get_kind
from adapterxlt.models import tensors
from adapterxlt.models.heads import TOKEN_LOGITS
from adapterxlt.models.parts import Built
from adapterxlt.models.quiet import quiet
from adapterxlt.models.spec import REFERENCE_FILE

TOLERANCE = 1e-3  # relative to the largest number; float32 sums differ by 1e-6 between machines
PAIR = ("Two children are playing in the park.", "Zwei Kinder spielen im Park.")
MAX_LENGTH = 48


def write_reference(built: Built, folder: Path) -> None:
    """Write an input [1, length] (multiple choice: [1, 2, length]) and the model's outputs."""
    encoded = built.tokenizer(*PAIR, truncation=True, max_length=MAX_LENGTH, return_tensors="pt")
    ids = encoded["input_ids"].cpu()
    if built.head is not None and get_kind(built.head.kind).takes_choices:
        ids = torch.stack([ids, ids.flip(-1)], dim=1)
    tensors.write({"input_ids": ids, **outputs(built, ids)}, folder / REFERENCE_FILE)


def check_reference(built: Built, folder: Path) -> None:
    """Compare with the stored outputs, if there are any.

    Raises:
        InvalidArtifactError: the model gives other outputs for the stored input.
    """
    path = folder / REFERENCE_FILE
    if not path.is_file():
        return
    stored = tensors.read(path)
    ids = stored.pop("input_ids", None)
    if ids is None or not _usable(ids, built):
        raise InvalidArtifactError(f"`{path}` does not hold an input for this model")
    found = outputs(built, ids)
    if {name: value.shape for name, value in stored.items()} != {
        name: value.shape for name, value in found.items()
    }:
        raise InvalidArtifactError(f"`{path}` holds the outputs of another kind of model")
    for name, value in stored.items():
        largest = max(1.0, float(value.abs().max()))
        difference = float((value - found[name]).abs().max())
        if not difference <= TOLERANCE * largest:
            raise InvalidArtifactError(
                f"`{folder}` no longer gives the same {name} as when it was made (they differ by "
                f"{difference:.2g})",
                hint="its weights, its backbone or a library has changed since then",
            )


@quiet()
def outputs(built: Built, ids: Tensor) -> dict[str, Tensor]:
    """Return the mean of the last hidden states, and the first head's logits (not of LM heads)."""
    model = built.model
    active = model.active_head
    modes = [(module, module.training) for module in model.modules()]
    device = next(model.parameters()).device
    ids = ids.to(device)
    mask = torch.ones_like(ids)
    flat = ids.flatten(0, -2)
    model.eval()
    try:
        with torch.no_grad():
            hidden = model.base_model(input_ids=flat, attention_mask=torch.ones_like(flat))
            found = {"hidden": hidden.last_hidden_state.mean(dim=1)}
            if built.spec and built.head and get_kind(built.head.kind).predicts:
                model.active_head = built.spec.name
                logits = model(input_ids=ids, attention_mask=mask)
                found |= {key: logits[key] for key in TOKEN_LOGITS if key in logits}
    finally:
        model.active_head = active
        for module, training in modes:
            module.training = training
    return {name: value.float().cpu().contiguous() for name, value in found.items()}


def _usable(ids: Tensor, built: Built) -> bool:
    """Whether these are token ids in a shape that this model accepts."""
    axes = 3 if built.head is not None and get_kind(built.head.kind).takes_choices else 2
    vocabulary = built.model.config.vocab_size
    return (
        ids.dtype == torch.int64
        and ids.dim() == axes
        and 0 < ids.numel() <= 4 * MAX_LENGTH
        and bool((ids >= 0).all() and (ids < vocabulary).all())
        and ids.shape[-1] <= built.backbone.max_length
    )
