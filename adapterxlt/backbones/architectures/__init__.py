"""Architectures of backbones, by the `model_type` of their config.json: one file each. No torch.

Other packages add theirs as entry points of `adapterxlt.architectures`. The name of an entry point
is the model type, and its value is an `Architecture`.
"""

from __future__ import annotations

from adapterxlt import plugins
from adapterxlt.backbones.architectures.bert import BERT
from adapterxlt.backbones.architectures.deberta_v2 import DEBERTA_V2
from adapterxlt.backbones.architectures.distilbert import DISTILBERT
from adapterxlt.backbones.architectures.entry import Architecture
from adapterxlt.backbones.architectures.llama import LLAMA
from adapterxlt.backbones.architectures.modernbert import MODERNBERT
from adapterxlt.backbones.architectures.xlm_roberta import XLM_ROBERTA

__all__ = ["BUILT_IN", "REFUSED", "Architecture", "find", "known"]

BUILT_IN: dict[str, Architecture] = {
    entry.model_type: entry
    for entry in (XLM_ROBERTA, BERT, DISTILBERT, DEBERTA_V2, MODERNBERT, LLAMA)
}


# Model types that cannot be supported: the reason, and what to do instead.
REFUSED: dict[str, tuple[str, str]] = {
    "xmod": (
        "such an encoder has separate modules for each language, and `adapters` would delete "
        "them to put its own adapters in their place, which leaves an encoder that was never "
        "trained",
        (
            "use xlm-roberta-base and train a language adapter for each language: {train: {task: "
            "mlm, language: sw}, method: seq_bn_inv}"
        ),
    ),
}


def known() -> list[str]:
    """Return the model types that have entries."""
    return [*BUILT_IN, *sorted(plugins.entries("architectures"))]


def find(model_type: object) -> Architecture | None:
    """Return the entry of a model type, or None.

    Raises:
        PluginError: an installed package hides a built-in entry, or its own entry is not one.
    """
    added = plugins.entries("architectures")
    for name in sorted(added.keys() & BUILT_IN.keys()):
        raise plugins.PluginError(
            f"{plugins.origin(added[name])} adds the architecture `{name}`, which is built in",
            hint="uninstall this package",
        )
    if model_type in BUILT_IN:
        return BUILT_IN[str(model_type)]
    if not isinstance(model_type, str) or model_type not in added:
        return None
    entry = plugins.load("architectures", model_type)
    if not isinstance(entry, Architecture) or entry.model_type != model_type:
        raise plugins.PluginError(
            f"`{model_type}` of {plugins.origin(added[model_type])} is not an Architecture of "
            f"the model type `{model_type}`",
            hint="its entry point must name an adapterxlt.backbones.Architecture",
        )
    return entry
