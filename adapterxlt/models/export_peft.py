"""Exports a trained LoRA to PEFT, with its head among `modules_to_save`."""

from __future__ import annotations

import json
from pathlib import Path

from torch import Tensor

from adapterxlt.backbones.architectures.entry import Architecture
from adapterxlt.errors import UsageError
from adapterxlt.methods.parser import Part, parse_method
from adapterxlt.methods.table import METHODS
from adapterxlt.methods.traits import left_out
from adapterxlt.models import tensors
from adapterxlt.models.export_program import backbone_of, other_way, program
from adapterxlt.models.head_classes import plain_name
from adapterxlt.models.lm_head import head_tensors
from adapterxlt.models.parts import Built
from adapterxlt.models.peft_names import PREFIX, task_type
from adapterxlt.models.plain_heads import places, plain_config, to_plain
from adapterxlt.models.spec import HeadSpec

_WHY = {
    "bottleneck": "PEFT has no bottleneck adapters",
    "prefix": "PEFT's prefix tuning shifts the positions of all tokens, but `adapters` does not",
    "prompt": "PEFT's prompt tuning puts its vectors before <s> and shifts all positions",
    "reft": "PEFT does not have this kind of ReFT",
    "union": "PEFT cannot combine methods",
}


def to_peft(built: Built, folder: Path) -> list[str]:
    """Write the folder; return the program that loads it.

    Raises:
        UsageError: the model is not a single LoRA, or PEFT does not have this kind of LoRA.
    """
    spec = built.spec
    assert spec is not None
    part = _plain_lora(built)
    params = part.resolved
    found: dict[str, Tensor] = {}
    for key, value in tensors.select(built.model, tensors.of_adapter(spec.name)).items():
        module, _, matrix = key.partition(f".loras.{spec.name}.")
        found[f"{PREFIX}{module}.{matrix}.weight"] = value
    architecture = built.backbone.architecture
    if not architecture.linear:
        raise UsageError(
            f"`{spec.name}` cannot be exported to PEFT, which names other matrices than "
            f"`adapters` in a `{architecture.model_type}`",
            hint=other_way(built.backbone),
        )
    linear = architecture.linear
    targets = [linear[str(name)] for name in _list(params["attn_matrices"])]
    targets = targets if params["selfattn_lora"] else []
    skipped = left_out(part, built.backbone.layers)
    config: dict[str, object] = {
        "peft_type": "LORA",
        "base_model_name_or_path": backbone_of(built.backbone).load,
        "r": params["r"],
        "lora_alpha": params["alpha"],
        "lora_dropout": params["dropout"],
        "target_modules": targets
        + ([linear["intermediate"]] if params["intermediate_lora"] else []),
        "bias": "none",
        "inference_mode": True,
    }
    if skipped:
        kept = [layer for layer in range(built.backbone.layers) if layer not in skipped]
        config |= {
            "layers_to_transform": kept,
            "layers_pattern": architecture.layers.rpartition(".")[2],
        }
    if spec.head is not None:
        head = to_plain(
            architecture, head_tensors(built.model, spec.name), spec.name, spec.head.kind
        )
        # PEFT wants all names of a tensor, so an LM head comes with the word embeddings.
        known = {**head, architecture.word_embeddings: built.model.get_input_embeddings().weight}
        aliases = places(architecture, spec.head.kind).aliases
        head |= {alias: known[first].clone() for alias, first in aliases.items()}
        found |= {PREFIX + key: value for key, value in head.items()}
        config["modules_to_save"] = places(architecture, spec.head.kind).modules
        # If PEFT does not have a type for the task, it loads the model as it is.
        config["task_type"] = task_type(spec.head.kind)
    else:
        config["task_type"] = "FEATURE_EXTRACTION"
        found = {
            key.replace(PREFIX + architecture.prefix, PREFIX): value for key, value in found.items()
        }
    folder.mkdir(parents=True, exist_ok=True)
    tensors.write(found, folder / "adapter_model.safetensors")
    text = json.dumps(config, indent=2, sort_keys=True) + "\n"
    (folder / "adapter_config.json").write_text(text, encoding="utf-8")
    plain_config(built.backbone, spec.head).save_pretrained(folder)  # it names the labels
    lines = _loading(architecture, spec.head)
    code = program(built, "PEFT", ["from peft import PeftModel", *lines[:1]], lines[1:])
    (folder / "load.py").write_text(code, encoding="utf-8")
    return ["from load import load  # run in this folder", "", "model = load()"]


def _loading(architecture: Architecture, head: HeadSpec | None) -> list[str]:
    name = plain_name(architecture, head.kind if head else None)
    labels = "config=config"
    if head is None and architecture.pooler:
        labels += ", add_pooling_layer=False"
    return [
        f"from transformers import AutoConfig, {name}",
        "config = AutoConfig.from_pretrained(HERE)",
        f"base = {name}.from_pretrained(backbone, {labels})",
        "model = PeftModel.from_pretrained(base, str(HERE))",
    ]


def _plain_lora(built: Built) -> Part:
    """Return the only part of the method.

    Raises:
        UsageError: PEFT has nothing that computes the same.
    """
    spec = built.spec
    assert spec is not None
    hint = other_way(built.backbone)
    if spec.full:
        reason = "it has its own backbone weights, which PEFT does not save"
        hint = "export it --to transformers"
    elif not isinstance(spec.setup, str):
        reason = "PEFT does not support stacks and fusions"
    else:
        parsed = parse_method(spec.adapters[0].method)
        (part, *more) = parsed.flat()
        family = METHODS[part.name].family
        reason = _WHY["union"] if more else _WHY.get(family) or _not_plain(part)
        if not reason:
            return part
    raise UsageError(
        f"`{spec.name}` cannot be exported to PEFT, because only a single LoRA can: {reason}",
        hint=hint,
    )


def _not_plain(part: Part) -> str:
    """Say what PEFT lacks for a LoRA or computes differently; "" if there is nothing."""
    values = part.resolved
    if values["architecture"] != "lora" or values["vera_d"] is not None:
        return f"PEFT builds `{part.name}` differently"
    if values["composition_mode"] != "add":
        return (
            "PEFT's (IA)3 scales the feed-forward layer after its activation, but `adapters` "
            "scales it before"
        )
    if values["use_dora"]:
        return "PEFT's DoRA does not scale the bias, but `adapters` does"
    if values["output_lora"]:
        return "PEFT would also apply `output_lora` to the output of the attention"
    return "PEFT does not support gates (`use_gating`)" if values["use_gating"] else ""


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []
