"""Finds parameters that `adapters` 1.3 accepts singly, but refuses or ignores in combination.

Each rule was found by building every method with every parameter on a small XLM-R.
"""

from __future__ import annotations

from collections.abc import Mapping

from adapterxlt.methods.table import Family


def clash(family: Family, values: Mapping[str, object]) -> str | None:
    """Return why the parameters of a method do not fit together; None if they do.

    Args:
        family: the family of the method.
        values: all parameters of the method, with defaults filled in.
    """
    if family == "bottleneck":
        return _bottleneck(values)
    if family == "lora":
        return _lora(values)
    positions = values.get("prefix_positions") or values.get("suffix_positions")
    if family == "reft" and (values["layers"] == [] or not positions):
        return "does not edit anything: it has no layers or no positions"
    return None


def _bottleneck(values: Mapping[str, object]) -> str | None:
    if not (values["mh_adapter"] or values["output_adapter"]):
        return "has no place: mh_adapter and output_adapter are both false"
    if values["inv_adapter"] and values["inv_adapter_reduction_factor"] is None:
        return "has an inv_adapter without inv_adapter_reduction_factor (usually 2)"
    if values["residual_before_ln"] == "post_add" and not values["original_ln_before"]:
        return "needs original_ln_before=true for residual_before_ln=post_add"
    if values["phm_layer"] and values["init_weights"] != "bert":
        return "needs init_weights=bert for phm_layer=true"
    return None


def _lora(values: Mapping[str, object]) -> str | None:
    elsewhere = bool(values["intermediate_lora"] or values["output_lora"])
    if not (values["selfattn_lora"] or elsewhere):
        return "has no place: selfattn_lora, intermediate_lora and output_lora are all false"
    vera = values["vera_d"] is not None
    if vera != (values["vera_b"] is not None):
        return "needs both vera_d and vera_b, or neither"
    if vera and (elsewhere or not values["selfattn_lora"]):
        return "can only share its VeRA matrices in the self-attention"
    if values["composition_mode"] == "scale":
        if values["r"] != 1 or values["dropout"]:
            return "needs r=1 and dropout=0 for composition_mode=scale"
        if vera or values["use_dora"] or values["init_weights"] == "vera":
            return "cannot be VeRA or DoRA with composition_mode=scale"
    return None
