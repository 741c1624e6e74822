"""The bare backbone as a model that adapters and heads can be added to."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import AdapterXLTError, MissingBackboneError
from adapterxlt.models import tensors
from adapterxlt.models.difference import apply_difference
from adapterxlt.models.head_classes import AdapterModel, adapter_class
from adapterxlt.models.quiet import quiet
from adapterxlt.models.shared_tokenizers import shared
from adapterxlt.models.spec import DIFFERENCE_FILE, WEIGHTS_FILE
from adapterxlt.models.view import view

_BUFFERS = ("position_ids", "rotary_emb.inv_freq")  # computed anew, but in older checkpoints


class FirstToken(nn.Module):
    """Stands in for the pooler, which no head uses and most checkpoints do not hold."""

    def forward(self, hidden: Tensor) -> Tensor:
        """Return the hidden state of the first token: [batch, length, dim] -> [batch, dim]."""
        return hidden[:, 0]


def load_base(backbone: Backbone, weights: Path | None = None) -> AdapterModel:
    """Load the encoder in float32 (checkpoints may be stored in half precision), eval mode.

    Args:
        weights: folder of a full fine-tune whose weights replace the pretrained ones.

    Raises:
        MissingBackboneError: the checkpoint is not that of a whole encoder.
        InvalidArtifactError: `weights` do not fit the backbone.
    """
    architecture = backbone.architecture
    try:
        with quiet(), view(backbone) as folder:
            model, info = adapter_class(architecture).from_pretrained(
                folder,
                use_safetensors=True,
                local_files_only=True,
                output_loading_info=True,
                attn_implementation=architecture.attention or None,
            )
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise MissingBackboneError(
            f"backbone `{backbone.name}` cannot be loaded from `{backbone.path}`: {_told(error)}"
        ) from error
    own = tensors.of_backbone(architecture)
    missing = [key for key in info["missing_keys"] if own(key)]
    extra = [
        key
        for key in info["unexpected_keys"]
        if key.startswith((architecture.prefix, *(f"{part}." for part in architecture.body)))
        and ".pooler." not in key
        and not key.endswith(_BUFFERS)
    ]
    if missing or extra:
        raise MissingBackboneError(
            f"`{backbone.path}` is not a complete checkpoint of an encoder: {len(missing)} "
            f"tensors are missing, {len(extra)} are unknown ({', '.join((missing + extra)[:3])})"
        )
    for head in list(model.heads):  # the checkpoint's masked-LM head, which would stay active
        model.delete_head(head)
    if architecture.pooler:
        model.base_model.pooler = FirstToken()
    # Ends up in what `adapters` writes; a path would make equal artifacts differ.
    model.config._name_or_path = backbone.name
    model.float().eval()
    if weights is not None:
        put_weights(tensors.select(model, tensors.of_backbone(architecture)), weights)
    return model


def put_weights(target: Mapping[str, Tensor], folder: Path) -> None:
    """Put the weights of a full fine-tune over the backbone's tensors `target`, in place.

    Raises:
        InvalidArtifactError: they do not fit the backbone.
    """
    if (folder / DIFFERENCE_FILE).is_file():
        apply_difference(target, folder / DIFFERENCE_FILE)
    else:
        file = folder / WEIGHTS_FILE
        tensors.assign(target, tensors.read(file), str(file))


def load_tokenizer(backbone: Backbone) -> PreTrainedTokenizerBase:
    """The backbone's tokenizer, which knows how long an input may be.

    The steps of a run share the vocabulary (see `shared_tokenizers`), as reading XLM-R's takes ten
    times as long as reading its weights, which the system keeps in memory by itself. Each of them
    may set limits of its own. Elsewhere each call reads a tokenizer of its own.
    """
    tokenizers = shared()
    if tokenizers is None:
        return _read_tokenizer(backbone)
    files = sorted(path for path in backbone.path.iterdir() if path.is_file())
    status = [(path.name, path.stat()) for path in files]
    state = tuple((name, found.st_size, found.st_mtime_ns) for name, found in status)
    if (backbone, state) not in tokenizers:
        tokenizers[backbone, state] = _read_tokenizer(backbone)
    return copy.copy(tokenizers[backbone, state])


def _read_tokenizer(backbone: Backbone) -> PreTrainedTokenizerBase:
    auto: Any = AutoTokenizer  # untyped
    try:
        with quiet(), view(backbone) as folder:
            tokenizer: PreTrainedTokenizerBase = auto.from_pretrained(
                folder, use_fast=True, local_files_only=True
            )
    except AdapterXLTError:
        raise
    except Exception as error:  # `tokenizers` raises that, and nothing more special
        raise MissingBackboneError(
            f"backbone `{backbone.name}`: its tokenizer cannot be loaded: {_told(error)}"
        ) from error
    if not tokenizer.is_fast:
        raise MissingBackboneError(
            f"backbone `{backbone.name}` has no fast tokenizer (tokenizer.json)",
            hint="write it with `AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)`",
        )
    tokenizer.name_or_path = backbone.name
    if backbone.architecture.decoder:  # else the start token would be behind the padding
        tokenizer.padding_side = "right"
    if tokenizer.pad_token_id is None:  # of decoders; padding is masked, whichever token it is
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.bos_token
    if tokenizer.pad_token_id is None:
        raise MissingBackboneError(
            f"backbone `{backbone.name}`: its tokenizer names no padding token and no token at the "
            "end or start of a text",
            hint="set `pad_token` in tokenizer_config.json",
        )
    for name in backbone.architecture.vocabularies:
        if name != "tokenizer.json" and (backbone.path / name).is_file():
            tokenizer.vocab_file = str(backbone.path / name)  # copied by `save_pretrained`
    tokenizer.model_max_length = min(tokenizer.model_max_length, backbone.max_length)
    return tokenizer


def _told(error: Exception) -> str:
    """What an error says; a KeyError gives the key alone."""
    return f"there is no {error}" if isinstance(error, KeyError) else str(error)
