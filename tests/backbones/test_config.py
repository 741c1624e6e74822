"""What of a stranger's config.json is taken, left out, or refused."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.backbones import config
from adapterxlt.backbones.architectures.llama import LLAMA
from adapterxlt.backbones.architectures.xlm_roberta import XLM_ROBERTA
from adapterxlt.errors import MissingBackboneError

# As the Hub has it of xlm-roberta-base, and what fine-tunes of it add.
XLMR: dict[str, Any] = {
    "architectures": ["XLMRobertaForMaskedLM"], "attention_probs_dropout_prob": 0.1,
    "bos_token_id": 0, "eos_token_id": 2, "hidden_act": "gelu", "hidden_dropout_prob": 0.1,
    "hidden_size": 768, "initializer_range": 0.02, "intermediate_size": 3072,
    "layer_norm_eps": 1e-05, "max_position_embeddings": 514, "model_type": "xlm-roberta",
    "num_attention_heads": 12, "num_hidden_layers": 12, "output_past": True, "pad_token_id": 1,
    "position_embedding_type": "absolute", "transformers_version": "4.17.0.dev0",
    "type_vocab_size": 1, "use_cache": True, "vocab_size": 250002,
}  # fmt: skip
FINE_TUNED = {
    "_name_or_path": "xlm-roberta-base", "_num_labels": 3, "classifier_dropout": None,
    "id2label": {"0": "a"}, "label2id": {"a": 0}, "problem_type": "single_label_classification",
    "gradient_checkpointing": False, "torch_dtype": "float32", "task_specific_params": None,
    "finetuning_task": "xnli", "is_decoder": False, "pruned_heads": {}, "auto_map": {},
    "_attn_implementation_autoset": True, "attn_implementation": None,
    "_attn_implementation": "sdpa", "quantization_config": None,
}  # fmt: skip
# As the Hub has it of Llama 3.1 8B Instruct, which names several ends of a text.
LLAMA_3: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"], "attention_bias": False, "attention_dropout": 0.0,
    "bos_token_id": 128000, "eos_token_id": [128001, 128008, 128009], "hidden_act": "silu",
    "hidden_size": 4096, "initializer_range": 0.02, "intermediate_size": 14336,
    "max_position_embeddings": 131072, "mlp_bias": False, "model_type": "llama",
    "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8,
    "pretraining_tp": 1, "rms_norm_eps": 1e-05,
    "rope_scaling": {
        "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192, "rope_type": "llama3",
    },
    "rope_theta": 500000.0, "tie_word_embeddings": False, "torch_dtype": "bfloat16",
    "transformers_version": "4.42.3", "use_cache": True, "vocab_size": 128256,
}  # fmt: skip
OTHER = ("architectures", "output_past", "transformers_version")


def safe_config(given: dict[str, Any], where: str) -> tuple[dict[str, Any], list[str]]:
    return config.safe_config(given, where, XLM_ROBERTA)


def test_what_real_models_hold_is_taken_without_a_word() -> None:
    kept, left_out = safe_config({**XLMR, **FINE_TUNED}, "x")
    assert left_out == []
    wanted = {key: value for key, value in XLMR.items() if key not in OTHER}
    assert kept == {**wanted, "classifier_dropout": None}


def test_what_has_no_effect_is_named() -> None:
    given = {**XLMR, "rope_theta": 10000, "text_config": {"auto_map": {"AutoModel": "x.Y"}}}
    kept, left_out = safe_config(given, "x")
    assert left_out == ["rope_theta", "text_config"]
    assert "text_config" not in kept


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("auto_map", {"AutoModel": "modeling.Evil"}),
        ("auto_map", "someone/repo--modeling.Evil"),
        ("_attn_implementation_internal", "someone/kernel"),
        ("_attn_implementation", "someone/kernel@v1:fn"),
        ("attn_implementation", "someone/kernel"),
        ("attn_implementation", {"": "someone/kernel"}),
        ("_attn_implementation_autoset", "someone/kernel"),
        ("_experts_implementation", "someone/kernel"),
        ("experts_implementation_internal", "x"),
        ("use_kernels", True),
        ("kernel_config", {"a": "b"}),
        ("trust_remote_code", True),
        ("custom_pipelines", {"x": {"impl": "x.Y"}}),
        ("custom_generate", "someone/x"),
        ("transformers_weights", "../../other.safetensors"),
    ],
)
def test_what_would_run_code_is_refused(key: str, value: object) -> None:
    with pytest.raises(MissingBackboneError, match=f"has {key}: .*names code to run"):
        safe_config({**XLMR, key: value}, "x")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("hidden_size", "32"), ("hidden_size", 32.0), ("hidden_size", True),
        ("hidden_size", 10**9), ("num_hidden_layers", 10**9), ("num_hidden_layers", 0),
        ("vocab_size", 10**12), ("intermediate_size", 10**9), ("type_vocab_size", 10**9),
        ("num_attention_heads", 0), ("num_attention_heads", 7), ("num_attention_heads", [12]),
        ("layer_norm_eps", math.nan), ("layer_norm_eps", "1e-5"), ("layer_norm_eps", -1.0),
        ("hidden_dropout_prob", 1.5), ("hidden_dropout_prob", None),
        ("initializer_range", math.inf), ("initializer_range", 10**400),
        ("hidden_act", "someone/kernel"), ("hidden_act", ["gelu"]), ("hidden_act", None),
        ("position_embedding_type", "rotary"), ("use_cache", 1), ("pad_token_id", None),
        ("pad_token_id", -1), ("model_type", "bert"), ("is_decoder", True),
        ("add_cross_attention", True), ("pruned_heads", {"0": [1]}),
        ("quantization_config", {"quant_method": "bitsandbytes"}),
        ("rope_parameters", {"rope_theta": 10000.0, "rope_type": "default"}),
    ],
)  # fmt: skip
def test_values_that_cannot_be(key: str, value: object) -> None:
    with pytest.raises(MissingBackboneError, match=f"has {key}: ") as caught:
        safe_config({**XLMR, key: value}, "x")
    assert caught.value.hint
    assert len(str(caught.value)) < 400


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*XLMR, *FINE_TUNED]) | st.text(max_size=9), json_values))
def test_nothing_unknown_gets_through(found: dict[str, Any]) -> None:
    try:
        kept, _ = safe_config(found, "x")
    except MissingBackboneError:
        return
    assert kept.keys() <= XLMR.keys() | {"classifier_dropout"}
    assert all(not isinstance(value, dict | list) for value in kept.values())


def test_heads_that_are_not_named_are_as_many_as_transformers_takes() -> None:
    bare = {"model_type": "xlm-roberta", "hidden_size": 24}
    assert safe_config(bare, "x")[0] == bare
    with pytest.raises(MissingBackboneError, match="num_attention_heads: 12, which is the default"):
        safe_config({**bare, "hidden_size": 32}, "x")


def test_what_real_decoders_hold_is_taken_without_a_word() -> None:
    kept, left_out = config.safe_config(LLAMA_3, "x", LLAMA)
    assert left_out == []
    other = {"architectures", "tie_word_embeddings", "torch_dtype"}
    assert kept == {key: value for key, value in LLAMA_3.items() if key not in other}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("eos_token_id", [1, "x"]), ("eos_token_id", {}), ("num_key_value_heads", 5),
        ("rope_scaling", {"factor": 8.0, "rope_type": "dynamic"}),
        ("rope_scaling", {"rope_type": "llama3"}), ("rope_scaling", [8.0]),
        ("rope_scaling", {"factor": 8.0, "rope_type": "llama3", "kernel": "a/b"}),
        ("rope_scaling", {"factor": "8"}), ("rope_scaling", {"factor": 8.0}),
        ("rope_scaling", {"factor": 8.0, "rope_type": "llama3"}),
        ("rope_scaling", {"factor": 8.0, "rope_type": "linear", "type": "llama3"}),
        ("rope_scaling", {"factor": 0, "rope_type": "linear"}),
        ("rope_scaling", {**LLAMA_3["rope_scaling"], "low_freq_factor": 0}),
    ],
)  # fmt: skip
def test_values_that_no_decoder_can_have(key: str, value: object) -> None:
    with pytest.raises(MissingBackboneError, match=f"has {key}: ") as caught:
        config.safe_config({**LLAMA_3, key: value}, "x", LLAMA)
    assert caught.value.hint


@pytest.mark.parametrize("name", ["rope_type", "type"])
@pytest.mark.parametrize("way", ["linear", "llama3"])
def test_both_names_of_how_positions_are_stretched(name: str, way: str) -> None:
    scaling = {**LLAMA_3["rope_scaling"], name: way}
    if name == "type":
        del scaling["rope_type"]
    kept, _ = config.safe_config({**LLAMA_3, "rope_scaling": scaling}, "x", LLAMA)
    assert kept["rope_scaling"] == scaling
