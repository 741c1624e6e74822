"""Loads trained models; everything is checked before it is used."""

from __future__ import annotations

from pathlib import Path

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.models import tensors
from adapterxlt.models.base import load_base, load_tokenizer
from adapterxlt.models.heads import add_head
from adapterxlt.models.lm_head import head_tensors
from adapterxlt.models.parts import HEAD_FILE, Built, add_saved, hide_prompt_of, read_for
from adapterxlt.models.quiet import quiet
from adapterxlt.models.reference import check_reference
from adapterxlt.models.setup import activate


@quiet()
def load(backbone: Backbone, artifact: Path | None) -> Built:
    """Load an artifact (None: the bare backbone), in eval mode, composed and active.

    Raises:
        InvalidArtifactError: the artifact is damaged or incomplete, does not fit the backbone, or
            gives other outputs than when it was saved.
    """
    tokenizer = load_tokenizer(backbone)
    if artifact is None:
        return Built(load_base(backbone), tokenizer, backbone, None)
    spec = read_for(backbone, artifact)
    model = load_base(backbone, artifact if spec.full else None)
    if spec.setup is not None:
        add_saved(model, spec, artifact, spec.setup)
    for head in spec.heads:
        name = spec.head_name(head)
        add_head(model, name, head)
        file = artifact / spec.folder_of(head) / HEAD_FILE
        tensors.assign(head_tensors(model, name), tensors.read(file), str(file))
    activate(model, spec)
    hide_prompt_of(model, spec)
    for parameter in model.parameters():
        parameter.requires_grad = False
    model.eval()
    built = Built(model, tokenizer, backbone, spec)
    check_reference(built, artifact)
    return built
