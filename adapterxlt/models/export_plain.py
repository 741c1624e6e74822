"""Exports a full fine-tune, or a model with merged LoRA, as a checkpoint of transformers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers

from adapterxlt.errors import UsageError
from adapterxlt.models import tensors
from adapterxlt.models.export_program import other_way
from adapterxlt.models.head_classes import plain_encoder, plain_name
from adapterxlt.models.into_weights import merged, why_not
from adapterxlt.models.lm_head import head_tensors
from adapterxlt.models.parts import Built
from adapterxlt.models.plain_heads import plain_config, to_plain
from adapterxlt.models.quiet import quiet

TOLERANCE = 1e-4  # relative to the largest number


@quiet()
def to_transformers(built: Built, folder: Path) -> list[str]:
    """Write the checkpoint; return the program that loads it.

    Raises:
        UsageError: the model's adapters cannot be merged into weights.
    """
    spec = built.spec
    assert spec is not None
    weights = tensors.select(built.model, tensors.of_backbone(built.backbone.architecture))
    if spec.setup is not None:
        _check_mergeable(built)
        weights |= merged(built)
    architecture = built.backbone.architecture
    name = plain_name(architecture, spec.head.kind if spec.head else None)
    config = plain_config(built.backbone, spec.head)
    if spec.head is not None:
        model = getattr(transformers, name)(config)
    else:
        model = plain_encoder(architecture, config)
    head = (
        to_plain(architecture, head_tensors(built.model, spec.name), spec.name, spec.head.kind)
        if spec.head is not None
        else {}
    )
    prefix = architecture.prefix if spec.head is not None else ""
    given = {
        prefix + key.removeprefix(architecture.prefix): value for key, value in weights.items()
    }
    # This lists each tensor once: a decoder tied to the word embeddings is not listed again.
    tensors.assign(dict(model.named_parameters()), {**given, **head}, f"{folder}")
    _check_same(built, model.eval())
    model.save_pretrained(folder, safe_serialization=True)
    built.tokenizer.save_pretrained(folder)
    return [
        f"from transformers import AutoTokenizer, {name}",
        "",
        f'model = {name}.from_pretrained("THIS_FOLDER"'
        + (", add_pooling_layer=False)" if not spec.head and architecture.pooler else ")"),
        'tokenizer = AutoTokenizer.from_pretrained("THIS_FOLDER")',
    ]


def _check_mergeable(built: Built) -> None:
    spec = built.spec
    assert spec is not None
    reason = why_not(spec)
    if reason:
        raise UsageError(
            f"`{spec.name}` cannot be merged into the backbone's weights: {reason}. Only a full "
            "fine-tune, a single LoRA or one of its variants becomes a plain checkpoint",
            hint=other_way(built.backbone),
        )


def _check_same(built: Built, model: Any) -> None:
    """Check that both models give the same hidden states, before anything is written."""
    ids = built.tokenizer("Two children are playing.", return_tensors="pt")["input_ids"]
    base = model.base_model
    expected = built.model.base_model(input_ids=ids, attention_mask=torch.ones_like(ids))[0]
    found = base(input_ids=ids, attention_mask=torch.ones_like(ids))[0]
    largest = max(1.0, float(expected.abs().max()))
    if not float((expected - found).abs().max()) <= TOLERANCE * largest:
        assert built.spec is not None
        raise UsageError(
            f"`{built.spec.name}` cannot be merged into the backbone's weights, because its "
            "outputs would change",
            hint=other_way(built.backbone),
        )
