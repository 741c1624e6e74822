"""Sentence vectors: the public ways against ours, in one process, taking turns.

    python benchmarks/retrieval/encoding.py [--languages 4] [--lines 300] [--rounds 3] [--threads 1]

Tatoeba, both sides, on `mini`. `XTREME's way`: batches of 100 in file order, all hidden states
kept, one layer a run. `sentence-transformers' way`: each side sorted by length, batches of 32, to
the last layer. Both are short re-creations. Peak memory is not measured here.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from data import data_roots
from retrieval.measure import Times, machine

from adapterxlt.progress import Silent
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.read import read_bitext
from adapterxlt.vectors.encode import encode_sentences
from adapterxlt.vectors.encoder import load_encoder
from adapterxlt.vectors.tokens import sorted_blocks, tokenize


def in_batches(built, batches, layer, stop_states=True):
    """Mean-pooled vectors of batches of texts, by plain transformers code."""
    found = []
    for batch in batches:
        given = built.tokenizer(
            batch, padding=True, truncation=True, max_length=512, return_tensors="pt"
        )
        with torch.no_grad():
            output = built.model.base_model(**given, output_hidden_states=stop_states)
        states = output.hidden_states[layer] if stop_states else output.last_hidden_state
        mask = given["attention_mask"].unsqueeze(-1).float()
        found.append(((states * mask).sum(1) / mask.sum(1)).numpy())
    return np.concatenate(found)


def cut(texts: Sequence[str], size: int) -> list[list[str]]:
    return [list(texts[i : i + size]) for i in range(0, len(texts), size)]


def padding(built, batches: Sequence[Sequence[str]]) -> float:
    """Padded tokens for a real one."""
    sizes = [[len(ids) for ids in built.tokenizer(list(batch))["input_ids"]] for batch in batches]
    return sum(len(row) * max(row) for row in sizes) / sum(map(sum, sizes))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--languages", type=int, default=4)
    parser.add_argument("--lines", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    built = load_encoder("mini")
    depth = built.model.config.num_hidden_layers
    languages = get_task("tatoeba").languages[:: 36 // options.languages][: options.languages]
    bitexts = [read_bitext(get_task("tatoeba"), data_roots(), language) for language in languages]
    sides = [side[: options.lines] for b in bitexts for side in (b.source, b.target)]
    everything = [text for side in sides for text in side]
    middle = depth // 2

    def xtreme(layers: Sequence[int]) -> list[np.ndarray]:
        return [
            in_batches(built, [b for side in sides for b in cut(side, 100)], layer)
            for layer in layers
        ]

    def sbert() -> np.ndarray:
        vectors = []
        for side in sides:
            order = sorted(range(len(side)), key=lambda i: -len(side[i]))
            sorted_vectors = in_batches(built, cut([side[i] for i in order], 32), depth, False)
            vectors.append(sorted_vectors[np.argsort(order)])
        return np.concatenate(vectors)

    def ours(layers: Sequence[int]) -> dict[int, np.ndarray]:
        return encode_sentences(
            built, everything, layers=layers, pooling="mean",
            max_length=512, token_budget=8192, progress=Silent(),
        )  # fmt: skip

    every = list(range(depth + 1))
    ways: dict[str, Callable[[], object]] = {
        "XTREME's way, one layer": lambda: xtreme([middle]),
        "XTREME's way, all layers": lambda: xtreme(every),
        "sentence-transformers' way, last layer": sbert,
        "ours, middle layer": lambda: ours([middle]),
        "ours, last layer": lambda: ours([depth]),
        "ours, all layers": lambda: ours(every),
    }
    times = Times()
    results: dict[str, object] = {}
    for _ in range(options.rounds):
        for name, way in ways.items():
            results[name] = times.run(name, way)

    tokens = tokenize(built, dict.fromkeys(everything), 512)
    lengths = tokens.lengths
    batches = [batch for block in sorted_blocks(lengths, 8192) for batch in block]
    ours_padding = sum(len(b) * int(lengths[b].max()) for b in batches) / int(lengths.sum())
    flat = [b for side in sides for b in cut(side, 100)]
    by_length = [b for side in sides for b in cut(sorted(side, key=len, reverse=True), 32)]
    print(machine(options.threads))
    print(f"mini: {depth} layers, {built.model.config.hidden_size} wide; middle layer {middle}")
    print(f"{len(everything)} sentences ({len(tokens)} distinct), {', '.join(languages)}")
    print(
        f"padded/real: XTREME's way {padding(built, flat):.3f}, sentence-transformers' way "
        f"{padding(built, by_length):.3f}, ours {ours_padding:.3f} (aim: 1.02)"
    )
    times.show()
    times.ratio("XTREME's way, one layer", "ours, middle layer", "5")
    times.ratio("sentence-transformers' way, last layer", "ours, middle layer", "2.5")
    times.ratio("sentence-transformers' way, last layer", "ours, last layer", "1.3")
    times.ratio("XTREME's way, all layers", "ours, all layers", "10")
    difference = np.abs(
        results["ours, last layer"][depth] - results["sentence-transformers' way, last layer"]
    )
    print(f"largest difference of vectors at the last layer: {difference.max():.1e} (aim: 1e-5)")


if __name__ == "__main__":
    main()
