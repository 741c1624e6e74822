"""The tokens that an encoder expects before and after a text."""

from __future__ import annotations

from transformers import PreTrainedTokenizerBase

from adapterxlt.errors import MissingBackboneError


def ends(tokenizer: PreTrainedTokenizerBase) -> tuple[int, int]:
    """Numbers of the token before a text and of the one behind it, which separates texts too.

    They are `cls` and `sep`; a tokenizer that was first a language model's may have `bos` and
    `eos` alone, which mean the same.

    Raises:
        MissingBackboneError: it has neither.
    """
    first = tokenizer.cls_token_id
    last = tokenizer.sep_token_id
    first = tokenizer.bos_token_id if first is None else first
    last = tokenizer.eos_token_id if last is None else last
    if first is None or last is None:
        lacking = "before" if first is None else "behind"
        raise MissingBackboneError(
            f"the tokenizer of `{tokenizer.name_or_path}` has no token to put {lacking} a text",
            hint="its special_tokens_map.json must name cls_token and sep_token, or bos_token and "
            "eos_token",
        )
    return int(first), int(last)
