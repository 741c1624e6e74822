"""Training speed and memory against the `adapters` example script, in one run.

    python benchmarks/training/speed.py [--examples 1920] [--rounds 3] [--threads 2]
    python benchmarks/training/speed.py --learn [--rounds 3] [--threads 2]

Every way trains the same bottleneck adapter (seq_bn) on the same SNLI pairs with the same
schedule, on a random XLM-R of 4 layers, 256 wide (`--size base`: 12 layers, 768). Each way of
each round is a process of its own, so that peak memory is its own; the ways take turns, and
ratios are taken within a round. Rates are given a second of wall time and a second of CPU time;
with `--threads 1` the latter is to be trusted on a machine that does other work as well.

`--learn` compares final losses where something is learnt: the bundled backbone `mini`, the 2,400
English pairs of the bundled NLI data, five epochs, held out its 200 English dev pairs.

    defaults    AdapterTrainer, every pair padded to 128 tokens, batch 32 (the example's settings)
    best stock  AdapterTrainer, dynamic padding, group_by_length
    ours, same  length batches; dropout in the frozen backbone kept, as the stock ways have it
    ours        length batches; dropout in the frozen backbone off (the default)
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.backbone import MINI, SIZES, make_backbone

ROOT = Path(__file__).resolve().parents[2]
WAYS = ("defaults", "best stock", "ours, same", "ours")
LABELS = ("entailment", "neutral", "contradiction")
MAX_LENGTH, BATCH, LR, WARMUP = 128, 32, 1e-3, 0.1
LEARNING_EPOCHS = 5


def read_pairs(count: int, held_out: int) -> tuple[list[Any], list[Any]]:
    """`count` pairs to train on, and `held_out` others to compare the final loss on."""
    from adapterxlt.tasks.catalogue import get_task
    from adapterxlt.tasks.read import read_examples
    from benchmarks.data import data_roots

    roots = data_roots()
    pairs = read_examples(get_task("snli"), roots, "en", "dev", cap=count + held_out)
    if len(pairs) < count + held_out:
        raise SystemExit(f"only {len(pairs)} SNLI pairs; lower --examples")
    return pairs[:count], pairs[count:]


def read_pocket() -> tuple[list[Any], list[Any]]:
    """The bundled pairs to train on, and those to compare the final loss on."""
    from adapterxlt.tasks.catalogue import get_task
    from adapterxlt.tasks.read import read_examples
    from adapterxlt.tasks.roots import resolve_roots

    roots = resolve_roots(["pocket"], ROOT)
    dev = read_examples(get_task("xnli"), roots, "en", "dev")
    return read_examples(get_task("mnli"), roots, "en", "train"), dev


def train_stock(
    backbone: Path, pairs: list[Any], seed: int, epochs: int, dynamic: bool
) -> dict[str, Any]:
    """What the `adapters` examples do, in a few lines."""
    import torch
    from adapters import AdapterTrainer, AutoAdapterModel
    from datasets import Dataset
    from transformers import (
        AutoTokenizer,
        DataCollatorWithPadding,
        TrainingArguments,
        default_data_collator,
    )

    tokenizer = AutoTokenizer.from_pretrained(backbone)
    torch.manual_seed(seed)
    model = AutoAdapterModel.from_pretrained(backbone)
    model.add_adapter("snli", config="seq_bn")
    model.add_classification_head("snli", num_labels=len(LABELS))
    model.train_adapter("snli")
    encoded = tokenizer(
        [pair.text_a for pair in pairs],
        [pair.text_b for pair in pairs],
        max_length=MAX_LENGTH,
        truncation=True,
        padding=False if dynamic else "max_length",
    )
    data = Dataset.from_dict({**encoded, "labels": [pair.label for pair in pairs]})
    tokens = {"real": 0, "padded": 0}
    inner = DataCollatorWithPadding(tokenizer) if dynamic else default_data_collator

    def count(rows: list[dict[str, Any]]) -> Any:
        batch = inner(rows)
        tokens["real"] += int(batch["attention_mask"].sum())
        tokens["padded"] += batch["input_ids"].numel()
        return batch

    with tempfile.TemporaryDirectory() as folder:
        before = peak_memory()
        start, cpu = time.perf_counter(), time.process_time()
        arguments = TrainingArguments(
            folder,
            per_device_train_batch_size=BATCH,
            learning_rate=LR,
            warmup_ratio=WARMUP,
            num_train_epochs=epochs,
            group_by_length=dynamic,
            seed=seed,
            use_cpu=True,
            save_strategy="no",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )
        trainer = AdapterTrainer(
            model=model, args=arguments, train_dataset=data, data_collator=count
        )
        trainer.train()
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    return {
        "model": model,
        "tokenizer": tokenizer,
        "seconds": seconds,
        "cpu": cpu,
        "before": before,
        **tokens,
    }


def train_ours(
    backbone: Path, pairs: list[Any], seed: int, epochs: int, frozen_dropout: bool
) -> dict[str, Any]:
    """The same through the project's own functions."""
    from adapterxlt.backbones.check import inspect_backbone
    from adapterxlt.batching.encode import encode
    from adapterxlt.models.build import HeadSpec, build_train
    from adapterxlt.progress import Silent
    from adapterxlt.recipe.schema import Training
    from adapterxlt.training.train import TaskInputs, train

    head = HeadSpec(kind="pair_classification", labels=LABELS, task="snli")
    built = build_train(
        inspect_backbone("random", backbone),
        method="seq_bn",
        name="snli",
        head=head,
        seed=seed,
        frozen_dropout=frozen_dropout,
    )
    features = encode(
        pairs, built.tokenizer, head.kind, max_length=MAX_LENGTH, doc_stride=64, labelled=True
    )
    settings = Training(
        lr=LR, epochs=epochs, warmup=WARMUP, batch_size=BATCH, seed=seed, checkpoint_every=100_000
    )
    with tempfile.TemporaryDirectory() as folder:
        before = peak_memory()
        start, cpu = time.perf_counter(), time.process_time()
        report = train(
            built,
            [TaskInputs(features, head.kind)],
            settings,
            checkpoints=Path(folder),
            progress=Silent(),
        )
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    return {
        "model": built.model,
        "tokenizer": built.tokenizer,
        "seconds": seconds,
        "cpu": cpu,
        "before": before,
        "real": report.real_tokens,
        "padded": report.padded_tokens,
    }


def held_out_loss(model: Any, tokenizer: Any, pairs: list[Any]) -> float:
    """Mean cross entropy over pairs that were not trained on; NaN without any."""
    if not pairs:
        return float("nan")
    import torch
    from torch.nn.functional import cross_entropy

    model.eval()
    total = 0.0
    with torch.no_grad():
        for start in range(0, len(pairs), BATCH):
            part = pairs[start : start + BATCH]
            batch = tokenizer(
                [pair.text_a for pair in part],
                [pair.text_b for pair in part],
                max_length=MAX_LENGTH,
                truncation=True,
                padding=True,
                return_tensors="pt",
            )
            labels = torch.tensor([pair.label for pair in part])
            total += float(cross_entropy(model(**batch).logits, labels, reduction="sum"))
    return total / len(pairs)


def peak_memory() -> int:
    """Highest resident memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Train in this process; figures only."""
    way, backbone, seed = arguments.way, arguments.backbone, arguments.seed
    count = arguments.examples
    if arguments.learn:
        (pairs, held_out), epochs = read_pocket(), LEARNING_EPOCHS
    else:
        (pairs, held_out), epochs = read_pairs(count, arguments.held_out), 1
    if way in ("defaults", "best stock"):
        found = train_stock(backbone, pairs, seed, epochs, dynamic=way == "best stock")
    else:
        found = train_ours(backbone, pairs, seed, epochs, frozen_dropout=way == "ours, same")
    count = len(pairs) * epochs
    peak = peak_memory()
    loss = held_out_loss(found.pop("model"), found.pop("tokenizer"), held_out)
    return {
        "rate": count / found["seconds"],
        "cpu_rate": count / found["cpu"],
        "padded": found["padded"] / found["real"],
        "peak": peak,
        "training": peak - found["before"],
        "loss": loss,
    }


def in_a_process(
    way: str, backbone: Path, seed: int, arguments: argparse.Namespace
) -> dict[str, Any]:
    """Measure in a process of its own."""
    command = [sys.executable, __file__, "--way", way, "--backbone", str(backbone)]
    command += ["--seed", str(seed), "--examples", str(arguments.examples)]
    command += ["--threads", str(arguments.threads), "--held-out", str(arguments.held_out)]
    command += ["--learn"] if arguments.learn else []
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def report(ways: Sequence[str], rounds: list[dict[str, dict[str, Any]]]) -> None:
    """Print medians over the rounds; ratios are medians of the ratios within each round."""

    def median(way: str, key: str) -> float:
        return float(statistics.median(one[way][key] for one in rounds))

    def ratio(way: str, other: str, key: str) -> float:
        return float(statistics.median(one[way][key] / one[other][key] for one in rounds))

    header = ["way", "padded/real", "examples/s", f"x {ways[0]}", "x best stock"]
    header += ["examples/CPU s", f"x {ways[0]}", "x best stock"]
    header += ["peak MiB", "of it training", "held-out loss, by seed"]
    print("| " + " | ".join(header) + " |")
    print("|" + " --- |" * len(header))
    first = ways[0]
    for way in ways:
        losses = " ".join(f"{one[way]['loss']:.4f}" for one in rounds)
        cells = [
            way,
            f"{median(way, 'padded'):.3f}",
            f"{median(way, 'rate'):.0f}",
            f"{ratio(way, first, 'rate'):.2f}",
            f"{ratio(way, 'best stock', 'rate'):.2f}",
            f"{median(way, 'cpu_rate'):.0f}",
            f"{ratio(way, first, 'cpu_rate'):.2f}",
            f"{ratio(way, 'best stock', 'cpu_rate'):.2f}",
            f"{median(way, 'peak'):.0f}",
            f"{median(way, 'training'):.0f}",
            losses,
        ]
        print("| " + " | ".join(cells) + " |")
    print()
    for key, what in (("training", "memory that training adds"), ("peak", "peak memory")):
        print(f"{what}, ours over {first}: {ratio('ours', first, key):.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--examples", type=int, default=1920)
    parser.add_argument("--rounds", type=int, default=3, help="one seed each")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--held-out", type=int, default=500, help="pairs to compare losses on")
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--learn", action="store_true", help="compare losses on bundled data")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--backbone", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        import torch

        torch.set_num_threads(arguments.threads)
        print(json.dumps(measure(arguments)))
        return
    folder = Path(tempfile.mkdtemp())
    try:
        backbone = MINI if arguments.learn else make_backbone(folder, arguments.size)
        # Padding to 128 tokens is the slow way to the same losses as `best stock`.
        ways = WAYS[1:] if arguments.learn else WAYS
        rounds = []
        for seed in range(1, arguments.rounds + 1):
            one = {}
            for way in ways:
                one[way] = in_a_process(way, backbone, seed, arguments)
                print(f"round {seed}, {way}: {one[way]}", file=sys.stderr)
            rounds.append(one)
        report(ways, rounds)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
