"""Tells whether a checkpoint was saved with its head for masked language modelling. No torch."""

from __future__ import annotations

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.check import weights_index
from adapterxlt.safetensors_header import read_shapes


def has_lm_head(backbone: Backbone) -> bool:
    """Whether the weights contain a bias with one value for each word of the vocabulary.

    Such heads have this bias in every architecture, and nothing else has its shape. Encoders of
    sentences (LaBSE, E5) are usually saved without their head.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for path in weights_index(backbone)[0]:
        shapes |= read_shapes(path)
    entry = backbone.architecture
    words = shapes.get(entry.word_embeddings) or shapes[entry.words]
    return (words[0],) in shapes.values()
