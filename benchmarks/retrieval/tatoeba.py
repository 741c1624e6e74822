"""All of Tatoeba: every language of XTREME, both directions, every layer, from text to figures.

python benchmarks/retrieval/tatoeba.py [--languages 36] [--backbone mini] [--threads 2]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from data import data_roots
from retrieval.measure import Times, machine
from threadpoolctl import threadpool_limits

from adapterxlt.progress import Silent
from adapterxlt.retrieval.protocols import get_protocol
from adapterxlt.retrieval.run import retrieve_tatoeba
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.read import read_bitext
from adapterxlt.vectors.encoder import load_encoder


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--languages", type=int, default=36)
    parser.add_argument("--backbone", default="mini")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    task, times = get_task("tatoeba"), Times()
    built = load_encoder(options.backbone)
    languages = task.languages[: options.languages]
    bitexts = [read_bitext(task, data_roots(), language) for language in languages]
    with threadpool_limits(options.threads):
        measured = times.run(
            "text to figures",
            lambda: retrieve_tatoeba(
                built, bitexts, layers="all", protocol=get_protocol("xtreme-2020"),
                max_length=512, token_budget=16384, progress=Silent(),
            ),
        )  # fmt: skip
    print(machine(options.threads))
    depth = built.model.config.num_hidden_layers
    sentences = sum(len(bitext.source) + len(bitext.target) for bitext in bitexts)
    print(
        f"{options.backbone}: layers 0 to {depth}; {len(bitexts)} languages, {sentences} sentences"
    )
    times.show()
    print("aim: 180 s wall for 36 languages with 2 threads")
    for layer in range(depth + 1):
        values = [m.value for m in measured if (m.metric, m.layer) == ("accuracy", layer)]
        print(f"layer {layer}: accuracy {sum(values) / len(values):.1f}")


if __name__ == "__main__":
    main()
