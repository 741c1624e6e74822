"""Every adapter method of the `adapters` library, its parameters and their defaults, as plain data.

With this table, recipes can be checked and methods can be listed without importing torch.
A test compares it with `adapters.ADAPTER_CONFIG_MAP` name by name and default by default
(adapters 1.3). A parameter is narrower than in `adapters` where a value is known to fail there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Family = Literal["full", "bottleneck", "lora", "prefix", "prompt", "reft", "union"]
Rule = Literal[
    "flag",
    "integer",
    "number",
    "choice",
    "scaling",
    "reduction",
    "layers",
    "any_layers",
    "matrices",
]


@dataclass(frozen=True)
class Parameter:
    """What a parameter of a method may be.

    Args:
        default: its value if none is given.
        rule: the kind of value that it takes.
        choices: for the rule `choice`, all allowed values.
        low, high: inclusive bounds of a number.
        above: a lower bound that is itself excluded, in place of `low`.
        optional: whether None is allowed.
    """

    default: object
    rule: Rule
    choices: tuple[object, ...] = ()
    low: float | None = None
    high: float | None = None
    above: float | None = None
    optional: bool = False


@dataclass(frozen=True)
class Method:
    """A named method.

    Args:
        parts: the names of methods that a union such as `mam` stands for.
        since: the first version of `adapters` that has it; "" if all supported versions have it.
    """

    name: str
    family: Family
    help: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    parts: tuple[str, ...] = ()
    since: str = ""

    @property
    def defaults(self) -> dict[str, object]:
        """Parameter name -> default value."""
        return {name: parameter.default for name, parameter in self.parameters.items()}


def _flag(default: bool, *, optional: bool = False) -> Parameter:
    return Parameter(default, "flag", optional=optional)


def _count(default: int, low: int = 1) -> Parameter:
    return Parameter(default, "integer", low=low)


def _choice(default: object, *others: object) -> Parameter:
    return Parameter(default, "choice", choices=(default, *others))


_SEED = Parameter(None, "integer", low=0, optional=True)
_DROPOUT = Parameter(0.0, "number", low=0.0, high=0.99)
_LEAVE_OUT = Parameter([], "any_layers")  # may count from the end: -1 is the last
# The number of lowest layers that stay frozen with the embeddings; 0: only the embeddings.
_FULL = {
    "freeze": Parameter(None, "integer", low=0, optional=True),
    "norms": _flag(True),  # whether layer norms are trained
}
# Names that both `transformers.activations.ACT2FN` and the bottleneck code accept.
ACTIVATIONS = (
    "relu",
    "gelu",
    "gelu_new",
    "swish",
    "silu",
    "tanh",
    "sigmoid",
    "leakyrelu",
    "linear",
)


def _activation(default: str) -> Parameter:
    return _choice(default, *(name for name in ACTIVATIONS if name != default))


_BOTTLENECK = {
    "mh_adapter": _flag(False),
    "output_adapter": _flag(True),
    "reduction_factor": Parameter(16, "reduction", above=0.0),
    "non_linearity": _activation("relu"),
    "original_ln_before": _flag(False),
    "original_ln_after": _flag(True),
    "ln_before": _flag(False),
    "ln_after": _flag(False),
    "init_weights": _choice("bert", "mam_adapter", "houlsby"),
    "init_weights_seed": _SEED,
    "is_parallel": _flag(False),
    "scaling": Parameter(1.0, "scaling", above=0.0),
    "use_gating": _flag(False),
    "residual_before_ln": _choice(True, False, "post_add"),
    "adapter_residual_before_ln": _flag(False),
    "inv_adapter": _choice(None, "nice"),  # `glow` fails in adapters 1.3
    "inv_adapter_reduction_factor": Parameter(None, "number", above=0.0, optional=True),
    "cross_adapter": _choice(False),  # encoder-decoder models only
    "leave_out": _LEAVE_OUT,
    "dropout": _DROPOUT,
    "phm_layer": _flag(False),
    "phm_dim": _count(4),
    "factorized_phm_W": _flag(True),
    "shared_W_phm": _flag(False),
    "shared_phm_rule": _flag(True),
    "factorized_phm_rule": _flag(False),
    "phm_c_init": _choice("normal", "uniform"),
    "phm_init_range": Parameter(0.0001, "number", above=0.0),
    "learn_phm": _flag(True),
    "hypercomplex_nonlinearity": _choice("glorot-uniform", "glorot-normal", "normal", "phm"),
    "phm_rank": _count(1),
    "phm_bias": _flag(True),
    "stochastic_depth": _choice(0.0),  # other values need torchvision, and are for images
}
_PREFIX = {
    "architecture": _choice("prefix_tuning"),
    "encoder_prefix": _flag(True),
    "cross_prefix": _flag(True),
    "leave_out": _LEAVE_OUT,
    "flat": _flag(False),
    "prefix_length": _count(30),
    "bottleneck_size": _count(512),
    "non_linearity": _activation("tanh"),
    "dropout": _DROPOUT,
    "use_gating": _flag(False),
    "shared_gating": _flag(True),
    "init_weights_seed": _SEED,
}
_PROMPT = {
    "architecture": _choice("prompt_tuning"),
    "prompt_length": _count(10),
    # `from_string` needs a tokenizer's name, which XLM-R configurations do not have.
    "prompt_init": _choice("random_uniform"),
    "prompt_init_text": _choice(None),
    "combine": _choice("prefix", "prefix_after_bos"),
    "init_weights_seed": _SEED,
}
_LORA = {
    "architecture": _choice("lora"),
    "selfattn_lora": _flag(True),
    "intermediate_lora": _flag(False),
    "output_lora": _flag(False),
    "leave_out": _LEAVE_OUT,
    "r": _count(8),
    "alpha": _count(8),
    "dropout": _DROPOUT,
    "attn_matrices": Parameter(["q", "v"], "matrices"),
    "composition_mode": _choice("add", "scale"),
    "init_weights": _choice("lora", "bert", "ia3", "vera"),
    "init_weights_seed": _SEED,
    "use_gating": _flag(False),
    "use_dora": _flag(False),
    "vera_d": Parameter(None, "number", optional=True),
    "vera_b": Parameter(None, "number", optional=True),
    "dtype": _choice(None, "float32"),  # half precision next to a float32 backbone fails
}
_REFT = {
    "layers": Parameter("all", "layers"),
    "prefix_positions": _count(3, low=0),
    "suffix_positions": _count(0, low=0),
    "r": _count(1),
    "orthogonality": _flag(False),
    "tied_weights": _flag(False),
    "dropout": Parameter(0.05, "number", low=0.0, high=0.99),
    "non_linearity": Parameter(None, "choice", choices=(None, *ACTIVATIONS), optional=True),
    "dtype": _choice(None, "float32"),
    "architecture": _choice("reft"),
    "output_reft": _choice(True),  # false edits nothing
    "init_weights_seed": _SEED,
}


def _with(base: Mapping[str, Parameter], **defaults: object) -> dict[str, Parameter]:
    """A parameter set with other defaults."""
    changed = dict(base)
    for name, default in defaults.items():
        old = base[name]
        choices = (default, *(c for c in old.choices if c != default)) if old.choices else ()
        changed[name] = Parameter(
            default, old.rule, choices, old.low, old.high, old.above, old.optional
        )
    return changed


# Parameters that a saved configuration may have, and their values if it leaves them out.
ARCHITECTURES: dict[str | None, Mapping[str, Parameter]] = {
    None: _BOTTLENECK,
    "prefix_tuning": _PREFIX,
    "prompt_tuning": _PROMPT,
    "lora": _LORA,
}
_SEQ = _with(_BOTTLENECK, original_ln_before=True)
_DOUBLE = _with(_BOTTLENECK, mh_adapter=True, non_linearity="swish")
_PAR = _with(
    _BOTTLENECK, reduction_factor=2, init_weights="mam_adapter", is_parallel=True, scaling=4.0
)
_INVERTIBLE = {"inv_adapter": "nice", "inv_adapter_reduction_factor": 2}
_PHM = {"phm_layer": True, "reduction_factor": 32, "non_linearity": "gelu"}
_IA3 = _with(
    _LORA,
    intermediate_lora=True,
    r=1,
    alpha=1,
    attn_matrices=["k", "v"],
    composition_mode="scale",
    init_weights="ia3",
)
_VERA = _with(_LORA, init_weights="vera", vera_d=0.1, vera_b=0.0)
_MTL = {
    **_with(_LORA, architecture="mtl_lora"),
    "use_dora": _choice(False),  # fails
    "vera_d": _choice(None),  # ignored
    "vera_b": _choice(None),
    "n_up_projection": _count(1),
    "task_specific_matrix_type": _choice("singular_values"),  # `linear` fails in adapters 1.3
    "weights_sharpness": Parameter(0.05, "number", above=0.0),
}

_ALL = (
    Method("full", "full", "fine-tune every weight of the backbone", _FULL),
    Method(
        "sft",
        "full",
        "fine-tune only the weights that full fine-tuning changes most (Ansell et al. 2022)",
        {"density": Parameter(0.05, "number", above=0.0, high=1.0)},
    ),
    Method("bitfit", "full", "fine-tune only the biases of the backbone (Ben Zaken et al. 2022)"),
    Method("head", "full", "train only the head, on the backbone or on the stage it comes `after`"),
    Method("seq_bn", "bottleneck", "bottleneck after each layer (Pfeiffer et al. 2020)", _SEQ),
    Method(
        "double_seq_bn", "bottleneck", "two bottlenecks per layer (Houlsby et al. 2019)", _DOUBLE
    ),
    Method(
        "par_bn",
        "bottleneck",
        "bottleneck parallel to the feed-forward layer (He et al. 2021)",
        _PAR,
    ),
    Method(
        "scaled_par_bn", "bottleneck", "par_bn with learnt scaling", _with(_PAR, scaling="learned")
    ),
    Method(
        "seq_bn_inv",
        "bottleneck",
        "seq_bn and an invertible adapter on the embeddings (MAD-X)",
        _with(_SEQ, **_INVERTIBLE),
    ),
    Method(
        "double_seq_bn_inv",
        "bottleneck",
        "double_seq_bn and an invertible adapter on the embeddings",
        _with(_DOUBLE, **_INVERTIBLE),
    ),
    Method(
        "compacter",
        "bottleneck",
        "hypercomplex double_seq_bn (Mahabadi et al. 2021)",
        _with(_DOUBLE, **_PHM),
    ),
    Method("compacter++", "bottleneck", "hypercomplex seq_bn", _with(_SEQ, **_PHM)),
    Method("lora", "lora", "low-rank updates of q and v (Hu et al. 2021)", _LORA),
    Method(
        "dora",
        "lora",
        "LoRA with separate magnitude and direction",
        _with(_LORA, use_dora=True),
        since="1.3",
    ),
    Method("vera", "lora", "random LoRA, frozen between two learnt matrices", _VERA),
    Method("dvora", "lora", "VeRA with DoRA", _with(_VERA, use_dora=True), since="1.3"),
    Method("mtl_lora", "lora", "LoRA for several tasks (Yang et al. 2024)", _MTL),
    Method("ia3", "lora", "learnt rescaling of k, v and feed-forward (Liu et al. 2022)", _IA3),
    Method(
        "prefix_tuning",
        "prefix",
        "learnt keys and values before each input (Li & Liang 2021)",
        _PREFIX,
    ),
    Method("prefix_tuning_flat", "prefix", "prefixes trained directly", _with(_PREFIX, flat=True)),
    Method(
        "prompt_tuning", "prompt", "learnt input vectors before each input (Lester 2021)", _PROMPT
    ),
    Method(
        "loreft",
        "reft",
        "low-rank edits of hidden states (Wu et al. 2024)",
        _with(_REFT, orthogonality=True),
    ),
    Method("noreft", "reft", "LoReFT without the orthogonality constraint", _REFT),
    Method("direft", "reft", "NoReFT without subtracting the projection", _REFT),
    Method(
        "mam",
        "union",
        "Mix-And-Match: prefix tuning and par_bn (He et al. 2021)",
        parts=("prefix_tuning[bottleneck_size=800]", "par_bn"),
    ),
    Method(
        "unipelt",
        "union",
        "gated prefix tuning, seq_bn and LoRA (Mao et al. 2022)",
        parts=(
            "prefix_tuning[prefix_length=10,use_gating=true]",
            "seq_bn[use_gating=true]",
            "lora[alpha=2,use_gating=true]",
        ),
    ),
)

METHODS: dict[str, Method] = {method.name: method for method in _ALL}
