"""Throughput and peak memory on a GPU, as ratios in one run.

    python benchmarks/gpu/speed.py [--device cuda] [--out FILE] [--small]

Each row sets this project against what one would otherwise run, on the same inputs and the same
random XLM-R, one after the other in one process, after a warm-up of each:

    adapters, full    the `adapters` example's best settings: Trainer, bf16, dynamic padding,
                      group_by_length, batches of 32
    evaluation        transformers' Trainer.predict at its defaults (batches of 8)
    encoding          sentence-transformers' way: sorted by length, batches of 32, mean pooling
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from setting import (
    KIND,
    LABELS,
    build,
    clock,
    features_of,
    machine,
    make_inputs,
    show,
    train,
)

from benchmarks.backbone import make_backbone

Inputs = Sequence[tuple[list[int], int]]


def _rows(inputs: Inputs) -> list[dict[str, Any]]:
    return [{"input_ids": ids, "attention_mask": [1] * len(ids), "labels": y} for ids, y in inputs]


def _stock(folder: Path, device: str, method: str) -> Any:
    import torch
    from adapters import AutoAdapterModel

    torch.manual_seed(1)
    model = AutoAdapterModel.from_pretrained(folder)
    model.add_classification_head("nli", num_labels=len(LABELS))
    if method == "full":
        model.active_head = "nli"
    else:
        model.add_adapter("nli", config=method)
        model.train_adapter("nli")
    return model.to(device)


def _trainer(model: Any, folder: Path, rows: list[dict[str, Any]], out: Path, **more: Any) -> Any:
    from adapters import AdapterTrainer
    from transformers import AutoTokenizer, DataCollatorWithPadding, Trainer, TrainingArguments

    # Trainings before it leave these behind, and transformers would take them from there.
    for name in ("ACCELERATE_MIXED_PRECISION", "ACCELERATE_TORCH_DEVICE"):
        os.environ.pop(name, None)
    arguments = TrainingArguments(
        str(out),
        num_train_epochs=1,
        learning_rate=1e-4,
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        remove_unused_columns=False,
        disable_tqdm=True,
        **more,
    )
    kind = AdapterTrainer if getattr(model, "active_adapters", None) else Trainer
    collator = DataCollatorWithPadding(AutoTokenizer.from_pretrained(folder))
    return kind(model=model, args=arguments, train_dataset=rows, data_collator=collator)


def stock_training(folder: Path, inputs: Inputs, device: str, method: str, out: Path) -> float:
    """Seconds of the example's best settings."""
    trainer = _trainer(
        _stock(folder, device, method), folder, _rows(inputs), out,
        per_device_train_batch_size=32, group_by_length=True,
        bf16=device.startswith("cuda"), use_cpu=device == "cpu",
    )  # fmt: skip
    start = clock(device)
    trainer.train()
    return clock(device) - start


def own_training(folder: Path, inputs: Inputs, device: str, method: str, out: Path) -> float:
    """Seconds of this project's."""
    built = build(folder, method, device)
    start = clock(device)
    train(built, features_of(inputs), out, batch_size=32, precision="auto")
    return clock(device) - start


def stock_evaluation(folder: Path, inputs: Inputs, device: str, method: str, out: Path) -> float:
    """Seconds of Trainer.predict."""
    trainer = _trainer(
        _stock(folder, device, method), folder, _rows(inputs), out, use_cpu=device == "cpu"
    )
    start = clock(device)
    trainer.predict(_rows(inputs))
    return clock(device) - start


def own_evaluation(folder: Path, inputs: Inputs, device: str, method: str, out: Path) -> float:
    """Seconds of the pass that `evaluate` makes, from encoded inputs on."""
    from adapterxlt.evaluation.clock import Clock

    from adapterxlt.evaluation.predict import forward
    from adapterxlt.progress import Silent

    built = build(folder, method, device)
    built.model.eval()
    start = clock(device)
    list(forward(built, features_of(inputs), KIND, 8192, Silent(), "", Clock()))
    return clock(device) - start


def stock_encoding(folder: Path, inputs: Inputs, device: str, method: str, out: Path) -> float:
    """Seconds of sorted batches of 32 through plain transformers, mean pooling."""
    import torch
    from transformers import AutoModel

    model = AutoModel.from_pretrained(folder).to(device).eval()
    rows = sorted((ids for ids, _ in inputs), key=len, reverse=True)
    start = clock(device)
    for first in range(0, len(rows), 32):
        part = rows[first : first + 32]
        width = len(part[0])
        ids = torch.tensor([row + [1] * (width - len(row)) for row in part], device=device)
        mask = (ids != 1).long()
        with torch.inference_mode():
            states = model(input_ids=ids, attention_mask=mask).last_hidden_state
            ((states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)).cpu()
    return clock(device) - start


def own_encoding(folder: Path, inputs: Inputs, device: str, method: str, out: Path) -> float:
    """Seconds of what `retrieve` does, from tokens on."""
    from itertools import chain

    import numpy as np

    from adapterxlt.token_budget import Budget
    from adapterxlt.vectors.encode import encode_batches
    from adapterxlt.vectors.tokens import Tokens, sorted_blocks

    built = build(folder, "seq_bn", device)
    built.model.set_active_adapters(None)
    built.model.eval()
    flat = np.concatenate([np.asarray(ids, dtype=np.int32) for ids, _ in inputs])
    offsets = np.cumsum([0, *(len(ids) for ids, _ in inputs)])
    tokens = Tokens(flat, offsets)
    start = clock(device)
    batches = chain.from_iterable(sorted_blocks(tokens.lengths, 8192))
    key = (built.model.config.num_hidden_layers, "mean")
    for _ in encode_batches(built, tokens, batches, [key], Budget(8192, print)):
        pass
    return clock(device) - start


Way = Callable[[Path, Inputs, str, str, Path], float]
MEASURED: tuple[tuple[str, str, str, int, Way, Way], ...] = (
    ("adapters", "base", "seq_bn", 4096, stock_training, own_training),
    ("full", "base", "full", 2048, stock_training, own_training),
    ("adapters", "large", "seq_bn", 1024, stock_training, own_training),
    ("full", "large", "full", 512, stock_training, own_training),
    ("evaluation", "base", "seq_bn", 4096, stock_evaluation, own_evaluation),
    ("encoding", "base", "none", 8192, stock_encoding, own_encoding),
)


def _measured(
    way: Way, folder: Path, inputs: Inputs, device: str, method: str
) -> tuple[float, float]:
    """Inputs a second, and the peak of the device's memory in MiB."""
    import torch

    with tempfile.TemporaryDirectory() as out:
        way(folder, inputs[:64], device, method, Path(out) / "warm")
        gc.collect()
        if device.startswith("cuda"):
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        seconds = way(folder, inputs, device, method, Path(out) / "run")
    peak = torch.cuda.max_memory_allocated() / 2**20 if device.startswith("cuda") else 0.0
    return len(inputs) / seconds, peak


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--out", type=Path, default=Path("speed.json"))
    parser.add_argument("--small", action="store_true", help="tiny models and few inputs")
    arguments = parser.parse_args()
    rows = []
    for what, size, method, count, stock, own in MEASURED:
        inputs = make_inputs(128 if arguments.small else count, 5000)
        with tempfile.TemporaryDirectory() as folder:
            made = make_backbone(Path(folder), "tiny" if arguments.small else size)
            other = _measured(stock, made, inputs, arguments.device, method)
            ours = _measured(own, made, inputs, arguments.device, method)
        row = {"what": f"{what}, {size}", "inputs": len(inputs)}
        row |= {"stock/s": f"{other[0]:.0f}", "ours/s": f"{ours[0]:.0f}"}
        row["x"] = f"{ours[0] / other[0]:.2f}"
        if other[1]:
            row |= {"stock MiB": f"{other[1]:.0f}", "ours MiB": f"{ours[1]:.0f}"}
            row["memory"] = f"{ours[1] / other[1]:.2f}"
        rows.append(row)
        print(row, file=sys.stderr)
    columns = ("what", "inputs", "stock/s", "ours/s", "x", "stock MiB", "ours MiB", "memory")
    show(f"Throughput on {machine(arguments.device)}", columns, rows, arguments.out)


if __name__ == "__main__":
    main()
