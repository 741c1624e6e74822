"""What can be done with adapter methods: on which backbone, fused or merged with which.

`METHODS` names them all, `parse_method` reads one. Needs no torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from adapterxlt.method_merge import can_merge, cancel, merge_note, merged_method
from adapterxlt.method_parser import ParsedMethod, Part, parse_method
from adapterxlt.method_table import METHODS, Method

__all__ = [
    "METHODS",
    "PADDING_NOTE",
    "Method",
    "ParsedMethod",
    "Part",
    "can_fuse",
    "can_merge",
    "can_stack",
    "cancel",
    "check_method",
    "counts_padding",
    "default_epochs",
    "default_lr",
    "is_orthogonal",
    "merge_note",
    "merged_method",
    "parse_method",
    "to_adapters_string",
]

# What must be said where a method goes to plain `adapters` that `counts_padding` there.
PADDING_NOTE = (
    "Plain `adapters` lets padding count in this method: texts in a padded batch get other "
    "results there than alone. Alone, or among texts of one length, they get the same as here."
)


def check_method(text: str, hidden_size: int, layers: int | None = None) -> list[str]:
    """Return what is wrong with a method on a backbone, [] if nothing.

    Args:
        hidden_size: width of the backbone.
        layers: number of layers of the backbone; None leaves layer numbers unchecked.
    """
    try:
        method = parse_method(text)
    except ValueError as error:
        return [str(error)]
    return [
        problem
        for part in method.flat()
        for problem in (*_check_sizes(part, hidden_size), *_check_layers(part, layers))
    ]


def _check_sizes(part: Part, hidden_size: int) -> Iterable[str]:
    values = part.resolved
    if values.get("phm_layer"):
        dim, reduction = values["phm_dim"], values["reduction_factor"]
        assert isinstance(dim, int)
        factors: set[Any] = set(reduction.values() if isinstance(reduction, dict) else [reduction])
        # `adapters` cuts the quotient down to a whole number, at least 1.
        widths = {max(1, int(hidden_size // factor)) for factor in factors}
        for width in sorted({hidden_size, *widths}):
            if width % dim:
                what = "hidden size" if width == hidden_size else "bottleneck width"
                yield (
                    f"`{part.name}`: the {what} {width} cannot be divided by phm_dim={dim}\n"
                    f"choose reduction_factor and phm_dim so that phm_dim divides {hidden_size} "
                    f"and {hidden_size} / reduction_factor"
                )
    rank = values.get("r")
    if isinstance(rank, int) and rank > hidden_size:
        yield f"`{part.name}`: rank r={rank} is above the hidden size {hidden_size}"


def _check_layers(part: Part, layers: int | None) -> Iterable[str]:
    if layers is None:
        return
    for key in ("leave_out", "layers"):
        numbers = part.resolved.get(key)
        for number in numbers if isinstance(numbers, list) else ():
            if number >= layers:
                yield (
                    f"`{part.name}[{key}]`: there is no layer {number}\n"
                    f"the backbone has layers 0 to {layers - 1}"
                )
    left_out = part.resolved.get("leave_out")
    if isinstance(left_out, list) and set(range(layers)) <= set(left_out):
        yield f"`{part.name}[leave_out]` leaves out every layer"


def to_adapters_string(method: ParsedMethod) -> str:
    """The text that `adapters` itself parses into this method's configuration.

    Strings are quoted inside, as its parser wants.

    Raises:
        ValueError: for `full`, which is no adapter.
    """
    if method.is_full:
        raise ValueError("`full` is not an adapter method")
    return "|".join(
        part.name
        + (
            "[" + ",".join(f"{key}={value!r}" for key, value in part.params.items()) + "]"
            if part.params
            else ""
        )
        for part in method.parts
    )


def can_fuse(methods: Sequence[ParsedMethod]) -> str | None:
    """Why AdapterFusion over adapters of these methods is impossible, None if it is possible.

    AdapterFusion attends over the outputs of bottlenecks that sit in the same places; in
    `adapters` 1.3 two LoRAs raise NotImplementedError, mixed configurations ValueError.
    """
    for method in methods:
        if method.is_full:
            return "a full fine-tune is no adapter"
        if len(method.flat()) > 1:
            return f"`{method}` joins several methods; only a single bottleneck can be fused"
        if METHODS[method.parts[0].name].family != "bottleneck":
            return f"only bottleneck adapters can be fused, not `{method}`"
        if method.invertible:
            return f"`{method}` has an invertible adapter, and only the first one would be used"
    return _one_config(methods, "fused")


def can_stack(below: Sequence[ParsedMethod], top: ParsedMethod) -> str | None:
    """Why an adapter on top of others would silently not count, or hide them; None if all count.

    Measured on `adapters` 1.3 by perturbing each adapter of a stack: prompts, ReFT and invertible
    adapters act only as the first of the setup, a second LoRA on the same matrix or a parallel
    bottleneck in the same place takes the input of the one below and drops its output.
    """
    if top.is_full:
        return "a full fine-tune is no adapter"
    if top.invertible:
        return f"the invertible adapter of `{top}` acts only as the lowest one"
    lower = [part for method in below for part in method.flat()]
    for part in top.flat():
        family = METHODS[part.name].family
        if family in ("prompt", "reft"):
            return f"`{part.name}` acts only as the lowest adapter"
        for under in lower:
            same = _places(part) & _places(under)
            if same and (family == "lora" or part.resolved.get("is_parallel")):
                return f"`{part.name}` would hide the `{under.name}` below it ({min(same)})"
    return None


def counts_padding(method: ParsedMethod) -> bool:
    """Whether `adapters` itself computes this method otherwise in a padded batch.

    Here padding counts nowhere (models/padding.py).
    """
    return any(
        part.name == "prompt_tuning"
        or bool(part.resolved.get("use_gating"))
        or bool(part.resolved.get("suffix_positions"))
        for part in method.flat()
    )


def is_orthogonal(method: ParsedMethod) -> bool:
    """Whether some of its matrices are kept orthogonal, as LoReFT's are."""
    return any(bool(part.resolved.get("orthogonality")) for part in method.flat())


def _places(part: Part) -> set[str]:
    """Where a LoRA or bottleneck sits, each with what can hide what."""
    values, family = part.resolved, METHODS[part.name].family
    if family == "bottleneck":
        return {place for place in ("mh_adapter", "output_adapter") if values[place]}
    if family == "lora" and values["composition_mode"] == "add":
        matrices = values["attn_matrices"]
        assert isinstance(matrices, list)
        found = {place for place in ("intermediate_lora", "output_lora") if values[place]}
        return found | (set(matrices) if values["selfattn_lora"] else set())
    return set()


def _one_config(methods: Sequence[ParsedMethod], done: str) -> str | None:
    for method in methods[1:]:
        if not method.same_config(methods[0]):
            return (
                f"`{methods[0]}` and `{method}` differ; only adapters of one configuration "
                f"can be {done}"
            )
    return None


# Learning rates that the methods' authors or the `adapters` documentation start from:
# full: XTREME's scripts (2e-5 for XNLI, PAWS-X, UDPOS, PAN-X).
# seq_bn and its kin: AdapterHub's training guide and MAD-X (1e-4).
# fusion: AdapterFusion, Pfeiffer et al. 2021 (5e-5). compacter: Mahabadi et al. 2021 (3e-3).
# LoRA and DoRA: Hu et al. 2021 on RoBERTa (4e-4 to 5e-4). VeRA: Kopiczko et al. 2024 on RoBERTa
# (4e-3 and above). (IA)^3: Liu et al. 2022 (3e-3). Prefixes: He et al. 2021 (1e-4 to 2e-4).
# Prompt tuning: 1e-2, the order the `adapters` examples use on encoders (Lester's 0.3 is for T5).
# ReFT: Wu et al. 2024 on RoBERTa (4e-4 to 9e-4). UniPELT: Mao et al. 2022 (5e-4).
_FAMILY_LR: dict[str, float] = {
    "full": 2e-5,
    "bottleneck": 1e-4,
    "lora": 5e-4,
    "prefix": 2e-4,
    "prompt": 1e-2,
    "reft": 6e-4,
    "union": 2e-4,
}
_LR: dict[str, float] = {
    "fusion": 5e-5,
    "compacter": 3e-3,
    "compacter++": 3e-3,
    "vera": 4e-3,
    "dvora": 4e-3,
    "ia3": 3e-3,
    "unipelt": 5e-4,
}


def default_lr(method: str) -> float:
    """Peak learning rate of a method when the recipe gives none; `fusion` for AdapterFusion.

    A union takes the lowest of its parts.
    """
    if method == "fusion":
        return _LR[method]
    return min(
        _LR.get(part.name, _FAMILY_LR[METHODS[part.name].family])
        for part in parse_method(method).parts
    )


def default_epochs(method: str) -> float:
    """Epochs of a method when the recipe gives none.

    3 for a full fine-tune (Devlin et al. 2019; XTREME's SQuAD script), 5 for whatever trains few
    weights, which needs longer (AdapterHub's training guide; XTREME's XNLI script has 5).
    """
    return 3.0 if method != "fusion" and parse_method(method).is_full else 5.0
