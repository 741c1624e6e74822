"""What of a stranger's tokenizer files is taken, left out, or refused."""

from __future__ import annotations

from typing import Any

import pytest

from adapterxlt.backbones import tokenizer
from adapterxlt.backbones.architectures.xlm_roberta import XLM_ROBERTA
from adapterxlt.backbones.tokenizer import safe_added, safe_tokens
from adapterxlt.errors import MissingBackboneError

MASK = {"content": "<mask>", "lstrip": True, "normalized": True, "rstrip": False}
REAL: dict[str, Any] = {
    "added_tokens_decoder": {"250001": {**MASK, "special": True}},
    "bos_token": "<s>",
    "mask_token": {"__type": "AddedToken", **MASK},
    "additional_special_tokens": ["<a>", MASK],
    "clean_up_tokenization_spaces": True,
    "extra_special_tokens": {},
    "model_max_length": 512,
    "sp_model_kwargs": {},
    "padding_side": "right",
    "tokenizer_class": "XLMRobertaTokenizer",
}


def safe_tokenizer_config(given: dict[str, Any], where: str) -> dict[str, Any]:
    return tokenizer.safe_tokenizer_config(given, where, XLM_ROBERTA.tokenizers)


def test_what_real_tokenizers_hold_is_taken() -> None:
    assert safe_tokenizer_config(REAL, "x") == REAL
    later = {**REAL, "tokenizer_class": "TokenizersBackend", "model_max_length": 1e30}
    kept = safe_tokenizer_config(later, "x")
    assert "tokenizer_class" not in kept
    assert kept["model_max_length"] == 1e30


def test_paths_templates_and_unknown_arguments_are_left_out() -> None:
    given = {
        **REAL, "tokenizer_file": "/etc/passwd", "vocab_file": "/etc/passwd", "chat_template": "{{",
        "init_inputs": ["/etc/passwd"], "name_or_path": "x", "special_tokens_map_file": "/x",
        "sp_model_kwargs": {"model_file": "/etc/passwd"}, "from_slow": True, "gguf_file": "x",
        "model_input_names": ["evil"], "padding_side": "up", "legacy": "yes",
    }  # fmt: skip
    plain = {key: value for key, value in REAL.items() if key not in given or given[key] == value}
    assert safe_tokenizer_config(given, "x") == plain


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("auto_map", {"AutoTokenizer": ["x.Evil", None]}, "names code to run"),
        ("auto_map", "x.Evil", "names code to run"),
        ("tokenizer_class", "TransfoXLTokenizer", "has tokenizer_class: TransfoXLTokenizer"),
        ("tokenizer_class", "RagTokenizer", "has tokenizer_class"),
        ("tokenizer_class", ["XLMRobertaTokenizer"], "has tokenizer_class"),
        ("bos_token", 7, "bos_token is not in the form"),
        ("added_tokens_decoder", {"x": MASK}, "added_tokens_decoder is not in the form"),
        ("added_tokens_decoder", {"1": 2}, "added_tokens_decoder is not in the form"),
        ("added_tokens_decoder", [MASK], "added_tokens_decoder is not in the form"),
    ],
)
def test_what_is_refused(key: str, value: object, message: str) -> None:
    with pytest.raises(MissingBackboneError, match=message):
        safe_tokenizer_config({**REAL, key: value}, "x")


def test_other_files() -> None:
    tokens = {"bos_token": "<s>", "tokenizer_file": "/etc/passwd", "auto_map": {"a": "b"}}
    assert safe_tokens(tokens, "x") == {"bos_token": "<s>"}
    assert safe_added({"<x>": 7}, "x") == {"<x>": 7}
    for number in ("7", -1, True, 1 << 40, None):
        with pytest.raises(MissingBackboneError):
            safe_added({"<x>": number}, "x")
