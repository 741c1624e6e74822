"""Checks that an artifact fits its backbone, from the headers of files, before memory is used.

A malicious `model.json` may ask for a method of any size. So the model is built without memory (on
torch's `meta` device) and compared with what the files really contain.
"""

from __future__ import annotations

from pathlib import Path

import torch
from transformers.modeling_utils import no_init_weights

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import AdapterXLTError, InvalidArtifactError
from adapterxlt.models import tensors
from adapterxlt.models.head_classes import adapter_class, config_of
from adapterxlt.models.heads import add_head
from adapterxlt.models.lm_head import head_tensors
from adapterxlt.models.parts import (
    FUSION_FILE,
    HEAD_FILE,
    adapter_file,
    methods_of,
    new_adapter,
    read_for,
)
from adapterxlt.models.quiet import quiet
from adapterxlt.models.spec import FUSION_FOLDER, ModelSpec, setup_fusions, setup_names
from adapterxlt.safetensors_header import read_shapes


@quiet()
def check_fit(backbone: Backbone, artifact: Path) -> ModelSpec:
    """Compare names and shapes of an artifact's adapters, fusions and heads with the model's.

    Raises:
        InvalidArtifactError: it belongs to another backbone, or tensors are missing, unknown or of
            another shape.
    """
    spec = read_for(backbone, artifact)
    for method in methods_of(spec).values():
        for problem in backbone.problems_of(method):
            raise InvalidArtifactError(f"`{artifact}`: {problem.splitlines()[0]}")
    config = config_of(backbone)
    with torch.device("meta"):
        with no_init_weights():  # the tensors have no memory to fill
            model = adapter_class(backbone.architecture)(config)
        try:
            for name in setup_names(spec.setup) if spec.setup is not None else ():
                new_adapter(model, name, methods_of(spec)[name], f"`{artifact}`")
                _compare(
                    tensors.select(model, tensors.of_adapter(name)),
                    adapter_file(spec, artifact, name),
                )
            for fuse in setup_fusions(spec.setup) if spec.setup is not None else ():
                model.add_adapter_fusion(list(fuse.fuse), config=spec.fusion)
                file = artifact / FUSION_FOLDER / FUSION_FILE
                _compare(tensors.select(model, tensors.of_fusion()), file)
            for head in spec.heads:
                name = spec.head_name(head)
                add_head(model, name, head)
                _compare(head_tensors(model, name), artifact / spec.folder_of(head) / HEAD_FILE)
        except InvalidArtifactError:
            raise
        except (AdapterXLTError, ValueError, TypeError, RuntimeError) as error:
            first = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise InvalidArtifactError(
                f"`{artifact}`: the model cannot be built: {first}"
            ) from error
    return spec


def _compare(wanted: dict[str, torch.Tensor], file: Path) -> None:
    try:
        found = read_shapes(file)
    except (ValueError, OSError) as error:
        raise InvalidArtifactError(f"`{file}`: {error}") from None
    shapes = {name: tuple(tensor.shape) for name, tensor in wanted.items()}
    for name in sorted(shapes.keys() ^ found.keys()):
        what = "is missing" if name in shapes else "does not belong to the model"
        raise InvalidArtifactError(f"`{file}`: tensor `{name[:120]}` {what}")
    for name, shape in found.items():
        if shape != shapes[name]:
            raise InvalidArtifactError(
                f"`{file}`: `{name}` has shape {list(shape)}, but the model needs "
                f"{list(shapes[name])}"
            )
