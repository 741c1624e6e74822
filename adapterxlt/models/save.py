"""Writes an artifact's weights and `model.json`, with safetensors only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.methods.modeling import Adapter
from adapters.methods.prefix_tuning import PrefixTuningLayer
from torch import nn

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.methods.parser import parse_method
from adapterxlt.models import tensors
from adapterxlt.models.base import load_base
from adapterxlt.models.difference import shrink
from adapterxlt.models.lm_head import without_tied
from adapterxlt.models.parts import Built
from adapterxlt.models.quiet import quiet
from adapterxlt.models.reference import write_reference
from adapterxlt.models.spec import FUSION_FOLDER, WEIGHTS_FILE, setup_fusions
from adapterxlt.store.disk import writing_folder


def save(built: Built, folder: Path) -> None:
    """Write a self-contained model into `folder`, which must be empty or not exist.

    The adapter that the stage trained lies at the root, with its head, so that plain `adapters`
    loads it with `load_adapter(folder, use_safetensors=True)`. What is frozen below lies in
    `adapters/NAME/`, fusion layers in `fusion/`, the head of a fusion or a full fine-tune in
    `head/`, the further heads of a mixture of tasks in `heads/NAME/`, and backbone weights of a
    full fine-tune in `model.safetensors`. `reference.safetensors` holds an input and the model's
    outputs, which `load` checks.

    Raises:
        AdapterXLTError: the disk is full; no files are left behind.
        ValueError: the model is a bare backbone.
    """
    spec, model = built.spec, built.model
    if spec is None:
        raise ValueError("a bare backbone is not an artifact")
    with (
        writing_folder(folder, f"`{spec.name}`"),
        quiet(),
        _listed_once(model),
        without_tied(model),
    ):
        for adapter in spec.adapters:
            place = folder / adapter.folder
            place.mkdir(parents=True, exist_ok=True)
            at_root = adapter.folder == "."
            model.save_adapter(
                str(place),
                adapter.name,
                with_head=at_root and spec.head is not None,
                use_safetensors=True,
            )
        for fuse in setup_fusions(spec.setup) if spec.setup is not None else ():
            model.save_adapter_fusion(
                str(folder / FUSION_FOLDER), ",".join(fuse.fuse), use_safetensors=True
            )
        for head in spec.heads:
            place = folder / spec.folder_of(head)
            if place != folder:  # the head at the root is written with its adapter
                place.mkdir(parents=True, exist_ok=True)
                model.save_head(str(place), spec.head_name(head), use_safetensors=True)
        if spec.full:
            weights = tensors.select(model, tensors.of_backbone(built.backbone.architecture))
            tensors.write(weights, folder / WEIGHTS_FILE)
            if spec.method not in ("full", None) and parse_method(spec.method).is_full:
                # It left many weights of the backbone, or of the stage before it, as they were.
                shrink_weights(built.backbone, folder)
        spec.write(folder)
        write_reference(built, folder)


def shrink_weights(backbone: Backbone, folder: Path) -> None:
    """Keep the weights in a folder as their difference from the backbone, if that is smaller."""
    base = load_base(backbone)
    shrink(tensors.select(base, tensors.of_backbone(backbone.architecture)), folder)


@contextmanager
def _listed_once(model: nn.Module) -> Iterator[None]:
    """Take out the second names of tensors while this lasts.

    After a forward pass every layer lists the one pool of prefixes, and a bottleneck with
    `ln_before` lists its layer norm beside the sequence that it belongs to. safetensors refuses
    tensors that are listed several times.
    """
    listed = {PrefixTuningLayer: "pool", Adapter: tensors.NORM_BEFORE}
    links = [
        (module, name, getattr(module, name))
        for module in model.modules()
        for kind, name in listed.items()
        if isinstance(module, kind) and hasattr(module, name)
    ]
    for module, name, _ in links:
        setattr(module, name, None)
    try:
        yield
    finally:
        for module, name, linked in links:
            setattr(module, name, linked)
