"""What of a backbone's config.json reaches transformers: sizes and shapes, nothing else. No torch.

transformers sets every key of that file as an attribute, and some decide which code is fetched and
run: `auto_map`, `_attn_implementation_internal`. Those are refused. What says nothing of how
XLM-R computes is left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from adapterxlt.errors import MissingBackboneError
from adapterxlt.show import brief

_ACTIVATIONS = """
    gelu gelu_10 gelu_accurate gelu_fast gelu_new gelu_python gelu_pytorch_tanh laplace leaky_relu
    linear mish prelu quick_gelu relu relu2 relu6 sigmoid silu swish tanh
"""
_POSITIONS = ("absolute", "relative_key", "relative_key_query")
_ATTENTION = ("eager", "sdpa", "flash_attention_2", "flex_attention")  # transformers' own
# Decide in transformers, or in what it hands them on to, which code runs.
_CODE = re.compile(
    r"auto_?map|_implementation|kernel|remote|custom_|_code$|transformers_weights", re.IGNORECASE
)
_HARMLESS = """
    _commit_hash _name_or_path _num_labels adapter_fusion_models adapters architectures
    attn_implementation_autoset bad_words_ids begin_suppress_tokens chunk_size_feed_forward
    cross_attention_hidden_size decoder_start_token_id diversity_penalty do_sample dtype
    early_stopping encoder_no_repeat_ngram_size exponential_decay_length_penalty finetuning_task
    forced_bos_token_id forced_eos_token_id gradient_checkpointing id2label is_encoder_decoder
    label2id label_names length_penalty max_length min_length no_repeat_ngram_size
    num_beam_groups num_beams num_labels num_return_sequences output_attentions
    output_hidden_states output_past output_scores prediction_heads prefix problem_type
    remove_invalid_values repetition_penalty return_dict return_dict_in_generate
    sentence_transformers sep_token_id suppress_tokens task_specific_params temperature
    tf_legacy_loss tie_encoder_decoder tie_word_embeddings tokenizer_class top_k top_p
    torch_dtype torchscript typical_p use_bfloat16
"""
# What would make another model of it, and is left out where it says nothing.
_UNSUPPORTED = {
    "add_cross_attention": "only encoders are supported",
    "is_decoder": "only encoders are supported",
    "pruned_heads": "heads that were taken out are not supported",
    "quantization_config": "quantised weights are not supported; save it in float16 or float32",
}

Fits = Callable[[object], bool]


def _whole(low: int, high: int) -> tuple[Fits, str]:
    return (
        lambda value: type(value) is int and low <= value <= high,
        f"it must be a whole number above {low - 1}, and at most {high}",
    )


def _number(high: float) -> tuple[Fits, str]:
    def fits(value: object) -> bool:
        return type(value) in (int, float) and 0 <= value <= high  # type: ignore[operator]

    return fits, f"it must be a number from 0 to {high:g}"


def _one_of(*known: object) -> tuple[Fits, str]:
    return (
        lambda value: any(type(value) is type(each) and value == each for each in known),
        f"known: {', '.join(map(str, known))}",
    )


def _or_none(rule: tuple[Fits, str]) -> tuple[Fits, str]:
    return lambda value: value is None or rule[0](value), rule[1]


# Bounds are far above every real model's, and far below what would fill a memory by itself.
_KEPT: dict[str, tuple[Fits, str]] = {
    "attention_probs_dropout_prob": _number(1),
    "bos_token_id": _or_none(_whole(0, 1 << 24)),
    "classifier_dropout": _or_none(_number(1)),
    "eos_token_id": _or_none(_whole(0, 1 << 24)),
    "hidden_act": _one_of(*_ACTIVATIONS.split()),
    "hidden_dropout_prob": _number(1),
    "hidden_size": _whole(1, 1 << 16),
    "initializer_range": _number(100),
    "intermediate_size": _whole(1, 1 << 18),
    "layer_norm_eps": _number(1),
    "max_position_embeddings": _whole(1, 1 << 20),
    "model_type": _one_of("xlm-roberta"),
    "num_attention_heads": _whole(1, 1 << 10),
    "num_hidden_layers": _whole(1, 1000),
    "pad_token_id": _whole(0, 1 << 24),
    "position_embedding_type": _one_of(*_POSITIONS),
    "type_vocab_size": _whole(1, 1 << 16),
    "use_cache": _one_of(True, False),
    "vocab_size": _whole(1, 1 << 24),
}
_VERSION = re.compile(r"\d{1,4}(\.\d{1,6}){0,3}")


def safe_config(config: Mapping[str, Any], where: str) -> tuple[dict[str, Any], list[str]]:
    """The part of a config.json that transformers gets, and which other keys are left out.

    Keys that every library writes and that say nothing of the encoder are not among the latter.

    Args:
        where: the file, for messages.

    Raises:
        MissingBackboneError: it would run code, is of a model that is not supported, or has a
            value that cannot be.
    """
    kept: dict[str, Any] = {}
    left_out = []
    for key, value in config.items():
        if key in _KEPT:
            fits, rule = _KEPT[key]
            if not fits(value):
                raise MissingBackboneError(f"{where} has {key}: {_shown(value)}", hint=rule)
            kept[key] = value
        elif key in _UNSUPPORTED:
            if value:
                raise MissingBackboneError(
                    f"{where} has {key}: {_shown(value)}", hint=_UNSUPPORTED[key]
                )
        elif key == "transformers_version":  # of what wrote the tokenizer
            if isinstance(value, str) and _VERSION.fullmatch(value):
                kept[key] = value
        elif _CODE.search(key):
            if value and not _names_no_code(key, value):
                raise MissingBackboneError(
                    f"{where} has {brief(key)}: {_shown(value)}, which names code of its own to "
                    "run; that is never done",
                    hint="if it is a plain XLM-R without that code, take the key out of a copy",
                )
        elif key not in _HARMLESS.split():
            left_out.append(brief(key))
    width, heads = kept.get("hidden_size", 768), kept.get("num_attention_heads", 1)
    if width % heads:
        raise MissingBackboneError(
            f"{where} has num_attention_heads: {heads}",
            hint=f"it must divide hidden_size ({width})",
        )
    return kept, sorted(left_out)


def _names_no_code(key: str, value: object) -> bool:
    """Older versions of transformers write which of their own attentions they have used."""
    return "attn_implementation" in key and (value is True or value in _ATTENTION)


def _shown(value: object) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return brief(repr(value))
