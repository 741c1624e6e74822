"""Sets token types for encoders that recognise the second text of a pair by them."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from transformers import PreTrainedTokenizerBase

from adapterxlt.kinds.ends import ends
from adapterxlt.models.head_classes import AdapterModel


def mark_segments(model: AdapterModel, tokenizer: PreTrainedTokenizerBase) -> None:
    """Let the encoder tell the second text of a pair from the first, as it was pretrained.

    The second text is whatever comes after the first separator, so the types need not travel with
    the token ids. The model stays as it is if its tokenizer gives all tokens one type, as some
    models of this architecture were trained in that way.
    """
    pair = tokenizer("a", "b")
    if not any(pair.get("token_type_ids", ())) or model.config.type_vocab_size < 2:
        return
    separator, padding = ends(tokenizer)[1], tokenizer.pad_token_id

    def types(
        encoder: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        ids: Tensor | None = args[0] if args else kwargs.get("input_ids")
        if ids is None or kwargs.get("token_type_ids") is not None:
            return None
        separators = (ids == separator).long()
        behind = (separators.cumsum(-1) - separators) > 0
        kwargs["token_type_ids"] = (behind & (ids != padding)).long()
        return args, kwargs

    model.base_model.register_forward_pre_hook(types, with_kwargs=True)
