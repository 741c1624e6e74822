"""Names of encoders, for results that are stored by name: equal names mean equal vectors."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import torch

from adapterxlt.models.head_classes import architecture_of
from adapterxlt.vectors.names import Pooling

if TYPE_CHECKING:
    from adapterxlt.models.build import Built

VERSION = 3  # raise it when the same weights and texts give other vectors


def model_hash(built: Built) -> str:
    """Hash all weights of an encoder, and the settings that change what is computed with them.

    Weights alone do not suffice: two adapters with equal weights may differ in their scaling.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(built.model.base_model.state_dict().items()):
        if "pool" in name.split("."):  # copies of prefixes, listed after their first use
            continue
        array = tensor.detach().cpu().contiguous().view(-1)
        digest.update(f"{name} {array.dtype} {tuple(tensor.shape)}".encode())
        digest.update(array.view(torch.uint8).numpy().tobytes())
    config: Any = built.model.config
    # All that config.json may say, though some of it (dropout) changes no vector: which keys change
    # them differs between architectures, and a key that is forgotten gives another model's vectors.
    known = sorted(architecture_of(built.model).keys)
    acts = {key: str(getattr(config, key, None)) for key in known}
    spec = getattr(built, "spec", None)
    methods = [[adapter.name, adapter.method] for adapter in spec.adapters] if spec else []
    active = str(getattr(built.model, "active_adapters", None))
    digest.update(json.dumps([VERSION, acts, methods, active]).encode())
    return digest.hexdigest()


def model_state(built: Built) -> tuple[object, ...] | None:
    """Return a value that changes when the model changes, without reading its weights.

    A replaced tensor lies elsewhere in memory, and a tensor counts how often it is written to.
    None if its tensors do not count their writes.
    """
    model = built.model
    named = model.base_model.state_dict(keep_vars=True).items()
    if any(tensor.is_inference() for _, tensor in named):
        return None
    weights = [(name, tensor.data_ptr(), tensor.dtype, tensor._version) for name, tensor in named]
    return (*weights, str(model.config), str(getattr(model, "active_adapters", None)))


def encoder_name(built: Built) -> str:
    """Return `adapterxlt/NAME`, where NAME is that of the trained stage, else of the backbone."""
    spec, backbone = getattr(built, "spec", None), getattr(built, "backbone", None)
    name = spec.name if spec else backbone.name if backbone else "encoder"
    plain = re.sub(r"[^\w.-]+", "-", re.split(r"[/\\]", name.rstrip("/\\"))[-1])
    return f"adapterxlt/{plain.strip('-.') or 'encoder'}"


def encoder_revision(built: Built, layer: int, pooling: Pooling, max_length: int) -> str:
    """Hash everything that changes a vector (model, tokenizer, settings) into 40 hex digits."""
    tokenizer: Any = built.tokenizer
    known = [
        model_hash(built),
        _tokenizer_state(tokenizer),
        tokenizer.special_tokens_map,
        layer,
        pooling,
        min(max_length, tokenizer.model_max_length),
        *filter(None, [getattr(built, "prefix", "")]),
    ]
    text = json.dumps(known, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def _tokenizer_state(tokenizer: Any) -> Any:
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    state["truncation"] = state["padding"] = None  # left over from the last call of the tokenizer
    return state
