"""Rules for values of config.json, and their error messages. No torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Fits = Callable[[object], bool]
Rule = tuple[Fits, str]  # whether a value fits, and which do

_ACTIVATIONS = """
    gelu gelu_10 gelu_accurate gelu_fast gelu_new gelu_python gelu_pytorch_tanh laplace leaky_relu
    linear mish prelu quick_gelu relu relu2 relu6 sigmoid silu swish tanh
"""
_POSITIONS = ("absolute", "relative_key", "relative_key_query")


def whole(low: int, high: int) -> Rule:
    """A whole number from `low` to `high`."""
    return (
        lambda value: type(value) is int and low <= value <= high,
        f"it must be a whole number above {low - 1}, and at most {high}",
    )


def number(high: float) -> Rule:
    """A number from 0 to `high`."""

    def fits(value: object) -> bool:
        return type(value) in (int, float) and 0 <= value <= high  # type: ignore[operator]

    return fits, f"it must be a number from 0 to {high:g}"


def positive(high: float) -> Rule:
    """A number above 0, up to `high`."""
    fits, _ = number(high)
    return lambda value: fits(value) and value != 0, f"it must be a number above 0, up to {high:g}"


def one_of(*known: object) -> Rule:
    """One of these values."""
    return (
        lambda value: any(type(value) is type(each) and value == each for each in known),
        f"known: {', '.join(map(str, known))}",
    )


def or_none(rule: Rule) -> Rule:
    """null, or a value that another rule accepts."""
    return lambda value: value is None or rule[0](value), rule[1]


def either(first: Rule, second: Rule) -> Rule:
    """A value that one of two rules accepts."""
    return lambda value: first[0](value) or second[0](value), f"{first[1]}; or {second[1]}"


def list_of(*known: str) -> Rule:
    """A list of some of these words."""
    return (
        lambda value: isinstance(value, list) and all(word in known for word in value),
        f"it must be a list of: {', '.join(known)}",
    )


def list_that(rule: Rule, of: str) -> Rule:
    """A list of values that a rule accepts."""
    return (
        lambda value: isinstance(value, list) and all(map(rule[0], value)),
        f"it must be a list {of}",
    )


def mapping(required: Mapping[str, Rule], optional: Mapping[str, Rule]) -> Rule:
    """A mapping with these keys, and no others."""
    known = {**required, **optional}

    def fits(value: object) -> bool:
        return (
            isinstance(value, dict)
            and required.keys() <= value.keys() <= known.keys()
            and all(known[key][0](each) for key, each in value.items())
        )

    return fits, f"it must be a mapping with {', '.join(known)}"


TOKEN = whole(0, 1 << 24)
FLAG = one_of(True, False)
SHARE = number(1)
ACTIVATION = one_of(*_ACTIVATIONS.split())

# Bounds are far above every real model's, and far below what would fill a memory by itself.
SIZES: dict[str, Rule] = {
    "hidden_size": whole(1, 1 << 16),
    "intermediate_size": whole(1, 1 << 18),
    "max_position_embeddings": whole(1, 1 << 20),
    "num_attention_heads": whole(1, 1 << 10),
    "num_hidden_layers": whole(1, 1000),
    "type_vocab_size": whole(1, 1 << 16),
    "vocab_size": whole(1, 1 << 24),
}
TOKENS: dict[str, Rule] = {
    "bos_token_id": or_none(TOKEN),
    "eos_token_id": or_none(TOKEN),
    "pad_token_id": TOKEN,
}
# What BERT and those built after it say of themselves.
BERT: dict[str, Rule] = {
    **SIZES,
    **TOKENS,
    "attention_probs_dropout_prob": SHARE,
    "classifier_dropout": or_none(SHARE),
    "hidden_act": ACTIVATION,
    "hidden_dropout_prob": SHARE,
    "initializer_range": number(100),
    "layer_norm_eps": SHARE,
    "position_embedding_type": one_of(*_POSITIONS),
    "use_cache": FLAG,
}
_LLAMA3: dict[str, Rule] = {
    "low_freq_factor": positive(1e6),
    "high_freq_factor": positive(1e6),
    "original_max_position_embeddings": whole(1, 1 << 20),
}


def _stretching() -> Rule:
    """How rotary positions are stretched, in those ways that do not depend on a text's length."""
    names = ("rope_type", "type")  # the latter by older versions of transformers; some write both
    ways = ("default", "linear", "llama3")
    valid, _ = mapping(
        {"factor": positive(1e6)}, {**dict.fromkeys(names, one_of(*ways)), **_LLAMA3}
    )

    def fits(value: object) -> bool:
        if not (isinstance(value, dict) and valid(value)):
            return False
        given = {value[name] for name in names if name in value}
        return bool(given) and ("llama3" not in given or _LLAMA3.keys() <= value.keys())

    return fits, (
        f"it must be a mapping with factor, rope_type ({', '.join(ways)}), "
        f"and for llama3 also {', '.join(_LLAMA3)}"
    )


ROPE_SCALING = _stretching()
