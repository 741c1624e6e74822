"""Selects the keys of a backbone's tokenizer files that transformers gets. No torch.

tokenizer_config.json names a class, and every key of it and of special_tokens_map.json becomes an
argument of that class: paths of other files (`tokenizer_file`), code (`auto_map`), chat templates.
Only tokens and plain settings are kept. No Python code reads tokenizer.json.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from adapterxlt.errors import MissingBackboneError
from adapterxlt.show import brief

_TOKENS = (
    "bos_token",
    "cls_token",
    "eos_token",
    "mask_token",
    "pad_token",
    "sep_token",
    "unk_token",
)
_FLAGS = (
    "add_bos_token",
    "add_eos_token",
    "add_prefix_space",
    "clean_up_tokenization_spaces",
    "do_lower_case",
    "keep_accents",
    "legacy",
    "remove_space",
    "split_special_tokens",
    "strip_accents",
    "tokenize_chinese_chars",
    "trim_offsets",
)
_SIDES = ("padding_side", "truncation_side")
_TOKEN_FIELDS = frozenset(("lstrip", "normalized", "rstrip", "single_word", "special"))
_MANY = ("additional_special_tokens", "extra_special_tokens")
_NEUTRAL = "TokenizersBackend"  # transformers 5 writes this for every class
_NUMBER = re.compile(r"[0-9]{1,9}")


def safe_tokenizer_config(
    config: Mapping[str, Any], where: str, classes: Sequence[str]
) -> dict[str, Any]:
    """Return the part of tokenizer_config.json that transformers gets.

    Args:
        where: the file, for messages.
        classes: names of classes that may read it, without `Tokenizer(Fast)`.

    Raises:
        MissingBackboneError: it names code to run, or a class that does not fit the model.
    """
    if config.get("auto_map"):
        raise MissingBackboneError(
            f"{where} has auto_map: {brief(config['auto_map'])}, which names code to run; "
            "adapterxlt never runs such code",
            hint="if tokenizer.json is all it needs, remove the key from a copy",
        )
    kept = safe_tokens(config, where)
    name = config.get("tokenizer_class")
    if name is not None and name != _NEUTRAL:
        if not isinstance(name, str) or name.partition("Tokenizer")[0] not in classes:
            raise MissingBackboneError(
                f"{where} has tokenizer_class: {brief(name)}",
                hint="known: " + ", ".join(f"{known}Tokenizer(Fast)" for known in classes),
            )
        kept["tokenizer_class"] = name
    for key, value in config.items():
        if (
            (key in _FLAGS and (value is None or type(value) is bool))
            or (key in _SIDES and value in ("left", "right"))
            or (key == "model_max_length" and _is_length(value))
            or (key == "model_input_names" and _are_names(value))
            or (key == "sp_model_kwargs" and value == {})
        ):
            kept[key] = value
    added = config.get("added_tokens_decoder")
    if added is not None:
        if not isinstance(added, dict) or not all(map(_NUMBER.fullmatch, added)):
            raise _odd(where, "added_tokens_decoder")
        kept["added_tokens_decoder"] = {
            number: _token(token, where, "added_tokens_decoder") for number, token in added.items()
        }
    return kept


def safe_tokens(tokens: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the special tokens that a tokenizer's file names.

    Raises:
        MissingBackboneError: one of them is not a token.
    """
    kept: dict[str, Any] = {}
    for key in _TOKENS:
        if tokens.get(key) is not None:
            kept[key] = _token(tokens[key], where, key)
    for key in _MANY:
        value = tokens.get(key)
        if isinstance(value, list):
            kept[key] = [_token(token, where, key) for token in value]
        elif isinstance(value, dict):
            kept[key] = {name: _token(token, where, key) for name, token in value.items()}
    return kept


def safe_added(added: Mapping[str, Any], where: str) -> dict[str, int]:
    """Return the content of added_tokens.json: tokens and their numbers.

    Raises:
        MissingBackboneError: it holds something else.
    """
    if not all(type(number) is int and 0 <= number < 1 << 24 for number in added.values()):
        raise _odd(where, "a token's number")
    return dict(added)


def _token(value: object, where: str, key: str) -> object:
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and isinstance(value.get("content"), str):
        fields = {
            name: flag
            for name, flag in value.items()
            if name in _TOKEN_FIELDS and type(flag) is bool
        }
        marked = {"__type": "AddedToken"} if value.get("__type") == "AddedToken" else {}
        return {**marked, "content": value["content"], **fields}
    raise _odd(where, key)


def _odd(where: str, key: str) -> MissingBackboneError:
    return MissingBackboneError(
        f"{where}: {key} is not in the form that transformers writes",
        hint="if you trust the file, rewrite it with "
        "`AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)`",
    )


def _is_length(value: object) -> bool:
    return type(value) in (int, float) and value >= 1  # type: ignore[operator]


def _are_names(value: object) -> bool:
    known = ("input_ids", "token_type_ids", "attention_mask")
    return isinstance(value, list) and all(name in known for name in value)
