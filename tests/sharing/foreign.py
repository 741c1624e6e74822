"""Folders as `adapters` and PEFT themselves write them, with the logits of their own models."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from adapters import AutoAdapterModel
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

IDS = torch.randint(4, 300, (3, 9), generator=torch.Generator().manual_seed(0))
LABELS = {0: "contradiction", 1: "neutral", 2: "entailment"}


def logits(model: nn.Module) -> Tensor:
    model.eval()
    with torch.no_grad():
        output = model(input_ids=IDS, attention_mask=torch.ones_like(IDS))
    if "start_logits" in output:
        return torch.cat([output.start_logits, output.end_logits])
    found: Tensor = output.logits
    return found


def by_adapters(
    backbone: Path, folder: Path, method: str, head: str = "classification", name: str = "to-2"
) -> Tensor:
    """Write what plain `adapters` saves of a trained adapter; returns its logits."""
    model = AutoAdapterModel.from_pretrained(str(backbone))
    model.add_adapter(name, config=method)
    if head == "classification":
        model.add_classification_head(name, num_labels=3, id2label=LABELS)
    elif head == "tagging":
        model.add_tagging_head(name, num_labels=2)
    elif head == "qa":
        model.add_qa_head(name)
    else:
        model.add_causal_lm_head(name)
    model.train_adapter(name)
    _disturb(model)
    model.save_adapter(str(folder), name)
    _convert(folder, "pytorch_adapter.bin", "adapter.safetensors")
    _convert(folder, "pytorch_model_head.bin", "model_head.safetensors")
    return logits(model)


def _convert(folder: Path, old: str, new: str) -> None:
    """As someone who trusts a pickle converts it; those of prefixes list tensors repeatedly."""
    state = torch.load(folder / old, weights_only=True)
    save_file({key: value.clone() for key, value in state.items()}, folder / new)
    (folder / old).unlink()


def by_peft(backbone: Path, folder: Path, kind: str = "SEQ_CLS", **options: Any) -> Tensor:
    """Write what PEFT saves of a trained LoRA; returns its logits."""
    import transformers
    from peft import LoraConfig, get_peft_model

    classes = {
        "SEQ_CLS": "XLMRobertaForSequenceClassification",
        "TOKEN_CLS": "XLMRobertaForTokenClassification",
    }
    base = getattr(transformers, classes[kind]).from_pretrained(str(backbone), num_labels=3)
    options = {"target_modules": ["query", "value"], "r": 4, "lora_alpha": 6, **options}
    model = get_peft_model(base, LoraConfig(task_type=kind, **options))
    _disturb(model)
    model.save_pretrained(str(folder))
    return logits(model)


def _disturb(model: nn.Module) -> None:
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter += 0.05 * torch.randn(parameter.shape, generator=generator)


def edit_config(folder: Path, change: Callable[[dict[str, Any]], object], name: str = "") -> None:
    path = folder / (name or "adapter_config.json")
    config = json.loads(path.read_text())
    change(config)
    path.write_text(json.dumps(config))


def edit_weights(
    folder: Path, change: Callable[[dict[str, Tensor]], object], name: str = ""
) -> None:
    path = folder / (name or "adapter.safetensors")
    weights = load_file(path)
    change(weights)
    save_file(weights, path)
