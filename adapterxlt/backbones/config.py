"""Selects the keys of config.json that transformers gets: only sizes and shapes. No torch.

transformers sets every key of that file as an attribute, and some keys decide which code is fetched
and run: `auto_map`, `_attn_implementation_internal`. Those are refused. Keys that do not affect
what the encoder computes are left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from adapterxlt.backbones.architectures import Architecture
from adapterxlt.errors import MissingBackboneError
from adapterxlt.show import brief

_ATTENTION = ("eager", "sdpa", "flash_attention_2", "flex_attention")  # transformers' own
# Keys that decide which code runs, in transformers or in libraries that it passes them to.
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
# Keys that change the model in ways that are not supported. They are left out if their value is
# false or empty.
_UNSUPPORTED = {
    "add_cross_attention": "only encoders are supported",
    "is_decoder": "only encoders are supported",
    "pruned_heads": "heads that were taken out are not supported",
    "rope_parameters": "transformers 5 wrote it; save the model with transformers 4",
    "quantization_config": "quantised weights are not supported; save it in float16 or float32",
}

_HEADS, _SHARED = "num_attention_heads", "num_key_value_heads"  # one of these serves several heads
_VERSION = re.compile(r"\d{1,4}(\.\d{1,6}){0,3}")


def safe_config(
    config: Mapping[str, Any], where: str, architecture: Architecture
) -> tuple[dict[str, Any], list[str]]:
    """Return the part of config.json that transformers gets, and the keys that are left out.

    The latter do not include keys that many libraries write and that do not concern the encoder.

    Args:
        where: the file, for messages.

    Raises:
        MissingBackboneError: the file would run code, describes an unsupported model, or has an
            impossible value.
    """
    known = architecture.keys
    kept: dict[str, Any] = {}
    left_out = []
    for key, value in config.items():
        if key in known:
            fits, rule = known[key]
            if not fits(value):
                raise MissingBackboneError(f"{where} has {key}: {_shown(value)}", hint=rule)
            kept[key] = value
        elif key in _UNSUPPORTED:
            if value:
                raise MissingBackboneError(
                    f"{where} has {key}: {_shown(value)}", hint=_UNSUPPORTED[key]
                )
        elif key == "transformers_version":  # the version that wrote the tokenizer
            if isinstance(value, str) and _VERSION.fullmatch(value):
                kept[key] = value
        elif _CODE.search(key):
            if value and not _names_no_code(key, value):
                raise MissingBackboneError(
                    f"{where} has {brief(key)}: {_shown(value)}, which names code to run; "
                    "adapterxlt never runs such code",
                    hint=f"if the model is a plain `{architecture.model_type}` without this "
                    "code, remove the key from a copy",
                )
        elif key not in _HARMLESS.split():
            left_out.append(brief(key))
    _check_heads(kept, where, architecture)
    return kept, sorted(left_out)


def _check_heads(kept: Mapping[str, Any], where: str, architecture: Architecture) -> None:
    """Check that the number of attention heads, given or by default, divides the width."""
    sizes = {**architecture.defaults, **kept}
    width, heads, shared = (
        sizes.get(architecture.key(size)) for size in ("hidden_size", _HEADS, _SHARED)
    )
    if width is not None and heads is not None and width % heads:
        key = architecture.key(_HEADS)
        given = "" if key in kept else ", which is the default"
        raise MissingBackboneError(
            f"{where} has {key}: {heads}{given}", hint=f"it must divide the width ({width})"
        )
    if heads is not None and shared is not None and heads % shared:
        raise MissingBackboneError(
            f"{where} has {_SHARED}: {shared}", hint=f"it must divide {_HEADS} ({heads})"
        )


def _names_no_code(key: str, value: object) -> bool:
    """Whether a value only names one of transformers' own attentions, as older versions write."""
    return "attn_implementation" in key and (value is True or value in _ATTENTION)


def _shown(value: object) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return brief(repr(value))
