"""Backbones: finding them, checking them, and what is known of their architectures. No torch."""

from adapterxlt.backbones.architectures import Architecture
from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.check import (
    files_of,
    inspect_backbone,
    model_config,
    tokenizer_documents,
    weights_index,
)
from adapterxlt.backbones.files import INDEX, WEIGHTS
from adapterxlt.backbones.find import BUNDLED, KNOWN, resolve_backbone

__all__ = [
    "BUNDLED",
    "INDEX",
    "KNOWN",
    "WEIGHTS",
    "Architecture",
    "Backbone",
    "files_of",
    "inspect_backbone",
    "model_config",
    "resolve_backbone",
    "tokenizer_documents",
    "weights_index",
]
