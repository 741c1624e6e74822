"""Writing a trained model for other libraries: plain `adapters`, PEFT, plain transformers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from adapterxlt.errors import UsageError
from adapterxlt.methods import PADDING_NOTE, counts_padding, parse_method
from adapterxlt.models import tensors
from adapterxlt.models.parts import Built
from adapterxlt.models.quiet import quiet
from adapterxlt.models.spec import FUSION_FOLDER, setup_fusions
from adapterxlt.tasks.types import Kind

# Task kind -> class of transformers, and the head's tensors: ours -> theirs.
HEADS: dict[Kind, tuple[str, dict[str, str]]] = {
    "pair_classification": (
        "XLMRobertaForSequenceClassification",
        {"1": "classifier.dense", "4": "classifier.out_proj"},
    ),
    "tagging": ("XLMRobertaForTokenClassification", {"1": "classifier"}),
    "span_qa": ("XLMRobertaForQuestionAnswering", {"0": "qa_outputs"}),
}
LORA_PLACES = {"q": "query", "k": "key", "v": "value"}


def to_adapters(built: Built, artifact: Path, folder: Path) -> None:
    """Folders that plain `adapters` loads by `load_adapter`, and a program that composes them.

    Raises:
        UsageError: it is a full fine-tune, or above one.
    """
    spec = built.spec
    assert spec is not None
    if spec.setup is None or spec.full:
        raise UsageError(
            f"`{spec.name}` has backbone weights of its own, which no adapter folder holds",
            hint="export it --to transformers",
        )
    lines = ["model = AutoAdapterModel.from_pretrained(BACKBONE)"]
    for adapter in spec.adapters:
        place = folder / adapter.name
        place.mkdir(parents=True)
        for name in ("adapter.safetensors", "adapter_config.json"):
            shutil.copyfile(artifact / adapter.folder / name, place / name)
        lines.append(f'model.load_adapter("{adapter.name}", use_safetensors=True)')
    if any(setup_fusions(spec.setup)):
        shutil.copytree(artifact / FUSION_FOLDER, folder / FUSION_FOLDER)
        lines.append('model.load_adapter_fusion("fusion", use_safetensors=True)')
    if spec.head is not None:
        place = folder / "head"
        place.mkdir(exist_ok=True)
        for name in ("model_head.safetensors", "head_config.json"):
            shutil.copyfile(artifact / spec.folder_of(spec.head) / name, place / name)
        lines.append('model.load_head("head", use_safetensors=True)')
    lines.append(f"model.set_active_adapters({_block(spec.setup)})")
    if spec.head is not None:
        lines.append(f'model.active_head = "{spec.name}"')
    code = "\n".join(["from adapters import AutoAdapterModel", *_imports(spec.setup), "", *lines])
    if any(counts_padding(parse_method(adapter.method)) for adapter in spec.adapters):
        code = f"# {PADDING_NOTE}\n{code}"
    (folder / "load.py").write_text(code + "\n", encoding="utf-8")


@quiet()
def to_transformers(built: Built, folder: Path) -> None:
    """A plain checkpoint: a full fine-tune, or LoRA merged into the weights.

    Raises:
        UsageError: its adapters cannot be merged into weights, or transformers has no such head.
    """
    import transformers

    spec = built.spec
    assert spec is not None
    if spec.setup is not None:
        if not isinstance(spec.setup, str) or not _is_lora(spec.adapters[0].method):
            raise UsageError(
                f"`{spec.name}` cannot be merged into the backbone's weights: only a single LoRA "
                "can",
                hint="export it --to adapters",
            )
        built.model.merge_adapter(spec.name)
    weights = tensors.select(built.model, tensors.of_backbone())
    # A merged layer keeps its LoRA parts beside the weight, which `select` leaves out.
    options: dict[str, bool] = {}
    if spec.head is None:
        name, renamed = "XLMRobertaModel", {}
        options = {"add_pooling_layer": False}
    elif spec.head.kind in HEADS:
        name, places = HEADS[spec.head.kind]
        renamed = _head(built, places)
    else:
        raise UsageError(f"transformers has no head for tasks of kind `{spec.head.kind}`")
    config: Any = transformers.AutoConfig.from_pretrained(built.backbone.path)
    if spec.head is not None and spec.head.labels:
        config.id2label = dict(enumerate(spec.head.labels))
        config.label2id = {label: index for index, label in enumerate(spec.head.labels)}
    model = getattr(transformers, name)(config, **options)
    target = dict(model.state_dict())
    prefix = "roberta." if spec.head is not None else ""
    given = {prefix + key.removeprefix("roberta."): value for key, value in weights.items()}
    tensors.assign(target, {**given, **renamed}, f"{folder}")
    model.save_pretrained(folder, safe_serialization=True)
    built.tokenizer.save_pretrained(folder)


def to_peft(built: Built, folder: Path) -> None:
    """A LoRA as PEFT has it, its classification head among `modules_to_save`.

    Raises:
        UsageError: it is no single LoRA on the attention of the pretrained backbone.
    """
    spec = built.spec
    assert spec is not None
    if not spec.single or not _is_lora(spec.adapters[0].method):
        raise UsageError(f"`{spec.name}` is no single LoRA", hint="export it --to adapters")
    params = parse_method(spec.adapters[0].method).parts[0].resolved
    plain = {"selfattn_lora": True, "intermediate_lora": False, "output_lora": False}
    other = {key for key, value in plain.items() if params.get(key, value) != value}
    if other or params.get("use_gating") or params.get("composition_mode", "add") != "add":
        raise UsageError(f"`{spec.name}`: PEFT has no such LoRA ({', '.join(sorted(other))})")
    found: dict[str, Tensor] = {}
    for key, value in tensors.select(built.model, tensors.of_adapter(spec.name)).items():
        module, _, part = key.partition(f".loras.{spec.name}.")
        found[f"base_model.model.{module}.{part}.weight"] = value
    config: dict[str, object] = {
        "peft_type": "LORA",
        "base_model_name_or_path": built.backbone.name,
        "r": params["r"],
        "lora_alpha": params["alpha"],
        "lora_dropout": params["dropout"],
        "target_modules": [LORA_PLACES[str(m)] for m in _matrices(params["attn_matrices"])],
        "bias": "none",
        "inference_mode": True,
    }
    if spec.head is not None and spec.head.kind in ("pair_classification", "tagging"):
        places = HEADS[spec.head.kind][1]
        found |= {f"base_model.model.{key}": value for key, value in _head(built, places).items()}
        kind = "SEQ_CLS" if spec.head.kind == "pair_classification" else "TOKEN_CLS"
        config |= {"task_type": kind, "modules_to_save": ["classifier"]}
    folder.mkdir(parents=True, exist_ok=True)
    tensors.write(found, folder / "adapter_model.safetensors")
    text = json.dumps(config, indent=2, sort_keys=True) + "\n"
    (folder / "adapter_config.json").write_text(text, encoding="utf-8")


def _head(built: Built, places: dict[str, str]) -> dict[str, Tensor]:
    assert built.spec is not None
    prefix = f"heads.{built.spec.name}."
    found = {}
    for key, value in tensors.select(built.model, tensors.of_head(built.spec.name)).items():
        place, _, part = key.removeprefix(prefix).rpartition(".")
        found[f"{places[place]}.{part}"] = value
    return found


def _is_lora(method: str) -> bool:
    parts = parse_method(method).parts
    return len(parts) == 1 and parts[0].name == "lora"


def _matrices(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []


def _block(setup: Any) -> str:
    if isinstance(setup, str):
        return f'"{setup}"'
    names = getattr(setup, "fuse", None)
    inner = ", ".join(_block(part) for part in (names or setup.stack))
    return f"{'Fuse' if names else 'Stack'}({inner})"


def _imports(setup: Any) -> list[str]:
    return [] if isinstance(setup, str) else ["from adapters.composition import Fuse, Stack"]


EXPORTERS: dict[str, Callable[[Built, Path, Path], None]] = {
    "adapters": to_adapters,
    "peft": lambda built, artifact, folder: to_peft(built, folder),
    "transformers": lambda built, artifact, folder: to_transformers(built, folder),
}


def export(built: Built, artifact: Path, folder: Path, kind: str) -> None:
    """Write one of `EXPORTERS`."""
    with torch.no_grad():
        EXPORTERS[kind](built, artifact, folder)
