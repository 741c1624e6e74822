"""Does dropout inside the frozen backbone help an adapter? Dev scores with it on and off.

    python benchmarks/training/frozen_dropout.py [--seeds 3] [--threads 2]

Trains adapters on the bundled backbone `mini` with `frozen_dropout` on and off, everything else
equal, for several seeds, and scores them on dev sets: the task's English and its zero-shot mean.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))


@dataclass(frozen=True)
class Case:
    """Train on `cap` English examples, score 200 a language; bundled `pocket` or real data."""

    trained: str
    scored: str
    pocket: bool
    languages: tuple[str, ...]
    cap: int
    epochs: float


LANGUAGES = ("en", "de", "ru")
CASES = (
    Case("udpos", "udpos", False, LANGUAGES, 600, 3),
    Case("mnli", "xnli", True, LANGUAGES, 1000, 3),
)
METHOD, LR = "seq_bn", 1e-3
SCORED = 200


def score_case(case: Case, seed: int, frozen_dropout: bool) -> dict[str, float]:
    """Train once; the main metric by language, in percent."""
    from adapterxlt.backbones.find import resolve_backbone
    from adapterxlt.batching.encode import encode
    from adapterxlt.evaluation.predict import predict
    from adapterxlt.evaluation.score import score
    from adapterxlt.models.build import HeadSpec, build_train
    from adapterxlt.progress import Silent
    from adapterxlt.recipe.schema import Training
    from adapterxlt.tasks.catalogue import get_task
    from adapterxlt.tasks.read import read_examples, sample
    from adapterxlt.tasks.roots import resolve_roots
    from adapterxlt.training.train import TaskInputs, train
    from benchmarks.data import data_roots

    task, scored = get_task(case.trained), get_task(case.scored)
    roots = resolve_roots(["pocket"], ROOT) if case.pocket else data_roots()
    built = build_train(
        resolve_backbone("mini", ROOT),
        method=METHOD,
        name=task.name,
        head=HeadSpec(kind=task.kind, labels=task.labels, task=task.name),
        seed=seed,
        frozen_dropout=frozen_dropout,
    )
    settings = Training(lr=LR, epochs=case.epochs, seed=seed, checkpoint_every=100_000)
    examples = sample(read_examples(task, roots, "en", "train"), case.cap, seed)
    features = encode(
        examples, built.tokenizer, task.kind, max_length=128, doc_stride=64, labelled=True
    )
    with tempfile.TemporaryDirectory() as folder:
        train(
            built,
            [TaskInputs(features, task.kind)],
            settings,
            checkpoints=Path(folder),
            progress=Silent(),
        )
    found = {}
    for language in case.languages:
        dev = read_examples(scored, roots, language, "dev", cap=SCORED)
        predictions = predict(
            built,
            dev,
            scored.kind,
            max_length=128,
            doc_stride=64,
            token_budget=8192,
            progress=Silent(),
        )
        found[language] = score(scored, dev, predictions, language)[scored.main_metric]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    import torch

    torch.set_num_threads(arguments.threads)
    print("| task | frozen dropout | English, by seed | mean | others, by seed | mean |")
    print("| --- " * 6 + "|")
    for case in CASES:
        for frozen_dropout in (True, False):
            english, others = [], []
            for seed in range(1, arguments.seeds + 1):
                scores = score_case(case, seed, frozen_dropout)
                print(f"{case.scored}, {frozen_dropout}, seed {seed}: {scores}", file=sys.stderr)
                english.append(scores.pop("en"))
                others.append(statistics.mean(scores.values()))
            cells = [f"{case.trained} -> {case.scored}", "on" if frozen_dropout else "off"]
            for values in (english, others):
                cells.append(" ".join(f"{value:.1f}" for value in values))
                cells.append(f"{statistics.mean(values):.1f}")
            print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
