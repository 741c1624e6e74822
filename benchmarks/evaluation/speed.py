"""Evaluation on the CPU against transformers' Trainer.predict, with the same adapter active.

    python benchmarks/evaluation/speed.py --backbone DIR [--pairs 300] [--rounds 3] [--threads 1]
                                          [--method seq_bn] [--token-budget 8192]

Both are given the same XNLI pairs (English test) as texts and end with a class for each; they take
turns within one process, and ratios are medians over rounds, of wall time and of CPU time; with
`--threads 1` the latter is to be trusted on a machine that does other work as well. The
adapter's weights are random and far from nothing, so that it changes what is predicted.

    stock    the adapter in plain `adapters`, Trainer.predict at its defaults (batches of 8 pairs in
             the order of the file, each as wide as its longest)
    ours     what an `evaluate` stage runs: encoded, sorted by length, decoded
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.data import data_roots

LABELS = ("entailment", "neutral", "contradiction")
MAX_LENGTH = 128
NAME = "nli"


def read_pairs(count: int) -> list[Any]:
    """So many pairs of XNLI's English test set."""
    from adapterxlt.tasks.catalogue import get_task
    from adapterxlt.tasks.read import read_examples

    return read_examples(get_task("xnli"), data_roots(), "en", "test", cap=count)


def make_artifact(backbone: Any, method: str, folder: Path) -> None:
    """Save an adapter and a head whose weights are random."""
    import torch

    from adapterxlt.models.build import HeadSpec, build_train, save

    head = HeadSpec(kind="pair_classification", labels=LABELS, task=NAME)
    built = build_train(backbone, method=method, name=NAME, head=head, seed=1)
    torch.manual_seed(2)
    with torch.no_grad():
        for parameter in built.model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.05)
    save(built, folder)


def stock_way(backbone: Path, built: Any, method: str, out: Path) -> Callable[[Sequence[Any]], Any]:
    """Trainer.predict on a model of the same weights."""
    from adapters import AutoAdapterModel
    from datasets import Dataset
    from transformers import AutoTokenizer, DataCollatorWithPadding, Trainer, TrainingArguments

    tokenizer = AutoTokenizer.from_pretrained(backbone)
    model = AutoAdapterModel.from_pretrained(backbone)
    model.add_adapter(NAME, config=method)
    model.add_classification_head(NAME, num_labels=len(LABELS))
    model.set_active_adapters(NAME)
    own = built.model.state_dict()
    wanted = model.state_dict()
    model.load_state_dict({key: own.get(key, wanted[key]) for key in wanted})
    arguments = TrainingArguments(str(out), report_to="none", disable_tqdm=True, use_cpu=True)
    trainer = Trainer(model=model, args=arguments, data_collator=DataCollatorWithPadding(tokenizer))

    def run(pairs: Sequence[Any]) -> Any:
        encoded = tokenizer(
            [pair.text_a for pair in pairs],
            [pair.text_b for pair in pairs],
            max_length=MAX_LENGTH,
            truncation=True,
        )
        return trainer.predict(Dataset.from_dict(dict(encoded))).predictions

    return run


def own_way(built: Any, token_budget: int) -> Callable[[Sequence[Any]], Any]:
    """What an `evaluate` stage runs."""
    import numpy as np

    from adapterxlt.evaluation.predict import outputs_of
    from adapterxlt.progress import Silent
    from adapterxlt.tasks.catalogue import get_task

    def run(pairs: Sequence[Any]) -> Any:
        outputs = outputs_of(
            built,
            pairs,
            get_task("xnli"),
            max_length=MAX_LENGTH,
            doc_stride=64,
            token_budget=token_budget,
            progress=Silent(),
            description="",
            cache=None,
        )
        found = sorted((feature.example, values["logits"]) for feature, values in outputs)
        return np.stack([logits for _, logits in found])

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--backbone", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--method", default="seq_bn")
    parser.add_argument("--token-budget", type=int, default=8192, help="a stage's default")
    arguments = parser.parse_args()
    import torch

    from adapterxlt.backbones.check import inspect_backbone
    from adapterxlt.models.build import load

    torch.set_num_threads(arguments.threads)
    pairs = read_pairs(arguments.pairs)
    with tempfile.TemporaryDirectory() as folder:
        backbone = inspect_backbone("measured", arguments.backbone)
        make_artifact(backbone, arguments.method, Path(folder) / "made")
        built = load(backbone, Path(folder) / "made")
        ways = {
            "stock": stock_way(arguments.backbone, built, arguments.method, Path(folder) / "out"),
            "ours": own_way(built, arguments.token_budget),
        }
        for way in ways.values():
            way(pairs[:32])
        rounds = []
        for _ in range(arguments.rounds):
            one, found = {}, {}
            for name, way in ways.items():
                wall, cpu = time.perf_counter(), time.process_time()
                found[name] = way(pairs)
                one[name] = time.perf_counter() - wall, time.process_time() - cpu
            rounds.append(one)
            print(one, file=sys.stderr)
    print("| way | pairs/s | x stock | pairs/CPU s | x stock |\n" + "| --- " * 5 + "|")
    for name in ways:
        cells = [name]
        for which in (0, 1):
            rate = statistics.median(len(pairs) / one[name][which] for one in rounds)
            ratio = statistics.median(one["stock"][which] / one[name][which] for one in rounds)
            cells += [f"{rate:.1f}", f"{ratio:.2f}"]
        print("| " + " | ".join(cells) + " |")
    differences = abs(found["stock"] - found["ours"])
    others = int((found["stock"].argmax(1) != found["ours"].argmax(1)).sum())
    print(f"\nlogits differ by {differences.max():.1e} at most; other predictions: {others}")
    print("classes predicted:", sorted(set(found["ours"].argmax(1).tolist())))


if __name__ == "__main__":
    main()
