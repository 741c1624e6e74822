"""Runs Tatoeba and BUCC from sentences to scores, for every layer and pooling."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.bitext_mining import MiningSet
from adapterxlt.kinds.sentence_retrieval import Bitext
from adapterxlt.progress import Progress
from adapterxlt.results.outcomes import Outcomes
from adapterxlt.retrieval import bucc
from adapterxlt.retrieval.outcomes import pair_outcomes, rank_outcomes
from adapterxlt.retrieval.protocols import Protocol, choose_layers
from adapterxlt.retrieval.sides import gold_rows, text_rows
from adapterxlt.retrieval.submission import Submission
from adapterxlt.retrieval.tatoeba import rank_scores, tatoeba_predictions, tatoeba_ranks
from adapterxlt.vectors.both_sides import FIRST, SECOND, encoded_by
from adapterxlt.vectors.encode import Key, encode_grid
from adapterxlt.vectors.names import Pooling
from adapterxlt.vectors.transforms import ReadyRows, ready

if TYPE_CHECKING:
    from adapterxlt.models.build import Built

# Bytes of vectors held in memory. Beyond this, Tatoeba's languages are processed one group after
# another, and the vectors of a mining set are kept on disk.
MEMORY = 1 << 30

Layers = Literal["all"] | Sequence[int] | None


@dataclass(frozen=True, slots=True)
class Measured:
    """One figure.

    Args:
        language: the language paired with English.
        layer: hidden layer the vectors came from, 0 = embeddings.
        metric: its name; percent, except `threshold` and `threshold_tuned` (margin scores).
        value: the figure.
        n: sentence pairs (Tatoeba) or gold pairs (BUCC) behind it.
        split: the split it was measured on.
        pooling: how the vectors were pooled, if poolings were requested; None: as the protocol
            says.
    """

    language: str
    layer: int
    metric: str
    value: float
    n: int
    split: str
    pooling: Pooling | None = None


def retrieve_tatoeba(
    built: Built,
    bitexts: Sequence[Bitext],
    *,
    layers: Layers,
    protocol: Protocol,
    max_length: int,
    token_budget: int,
    progress: Progress,
    poolings: Sequence[Pooling] | None = None,
    submission: Submission | None = None,
    outcomes: list[Outcomes] | None = None,
    pivot: Built | None = None,
    title: str = "",
) -> list[Measured]:
    """Every figure of `tatoeba.tatoeba_scores` by language, layer and pooling.

    All languages are encoded together, as far as memory allows. A sentence that several of them
    share (most English ones) is encoded only once.

    Args:
        built: a model in evaluation mode.
        bitexts: one per language and split.
        layers: hidden states to measure; None for the protocol's own.
        protocol: pooling and normalisation.
        max_length: tokens per sentence at most.
        token_budget: padded tokens at most in one forward pass.
        progress: told after every batch.
        poolings: ways to pool; None for the protocol's own.
        submission: receives the predictions of its layer; there must be only one pooling.
        outcomes: the ranks of all sentences are added to it.
        pivot: another model for the English sentences, if they are not encoded with the same.
        title: names this work in progress reports, if there is other work.

    Raises:
        MissingDataError: a language has no sentences, or its sides are not aligned.
    """
    for bitext in bitexts:
        if not bitext.source or len(bitext.source) != len(bitext.target):
            raise MissingDataError(
                f"language `{bitext.language}`: {len(bitext.source)} sentences and "
                f"{len(bitext.target)} English ones; they must be aligned line by line"
            )
    chosen = choose_layers(layers, protocol.tatoeba, built.model.config.num_hidden_layers)
    pooled = poolings or (protocol.tatoeba.pooling,)
    normalise = protocol.tatoeba.normalise
    measured = []
    begun = 0
    for group in _language_groups(bitexts, len(chosen) * len(pooled) * _vector_bytes(built)):
        first: dict[str, int] = {}
        second: dict[str, int] = first if pivot is None else {}
        sides = [
            [
                [numbers.setdefault(text, len(numbers)) for text in side]
                for numbers, side in ((first, b.source), (second, b.target))
            ]
            for b in group
        ]
        grids = [
            encode_grid(
                model,
                list(numbers),
                layers=chosen,
                poolings=pooled,
                max_length=max_length,
                token_budget=token_budget,
                progress=progress,
                label=_label(title, group, begun, len(bitexts)) + side,
            )
            for model, numbers, side in (
                [(built, first, FIRST), (pivot, second, SECOND)] if pivot else [(built, first, "")]
            )
        ]
        begun += len(group)
        for bitext, rows in zip(group, sides, strict=True):
            for layer, pooling in grids[0]:
                foreign, english = (
                    ready(grid[layer, pooling][which], protocol.transform, normalise)
                    for grid, which in zip((grids[0], grids[-1]), rows, strict=True)
                )
                if submission and layer == submission.layer:
                    found = tatoeba_predictions(foreign, english, csls=protocol.csls)
                    submission.add_tatoeba(bitext, found.tolist())
                ranks = tatoeba_ranks(foreign, english, csls=protocol.csls)
                scores = rank_scores(*ranks)
                named = pooling if poolings else None
                if outcomes is not None:
                    outcomes.append(rank_outcomes(bitext, ranks, layer, named))
                n = len(bitext.source)
                measured += [
                    Measured(bitext.language, layer, metric, value, n, bitext.split, named)
                    for metric, value in scores.items()
                ]
    return measured


def retrieve_bucc(
    built: Built,
    sets: Mapping[str, MiningSet],
    *,
    layers: Layers,
    protocol: Protocol,
    max_length: int,
    token_budget: int,
    progress: Progress,
    poolings: Sequence[Pooling] | None = None,
    submission: Submission | None = None,
    work: Path | None = None,
    outcomes: list[Outcomes] | None = None,
    pivot: Built | None = None,
    title: str = "",
) -> list[Measured]:
    """Precision, recall, F1 and threshold of mining one language, by layer and pooling.

    On `dev` the threshold is tuned on its gold. On `test` (if there is one with gold) `precision`,
    `recall` and `f1` are measured at dev's threshold. `f1_tuned` and `threshold_tuned` are what
    tuning on test's own gold would give; they show what the transferred threshold costs.

    Args:
        built: a model in evaluation mode.
        sets: `dev`, and `test` if there is one.
        layers: hidden states to measure; None for the protocol's own.
        protocol: pooling, margin, neighbours, duplicates.
        max_length: tokens per sentence at most.
        token_budget: padded tokens at most in one forward pass.
        progress: told after every batch.
        poolings: ways to pool; None for the protocol's own.
        submission: receives the predictions of its layer; there must be only one pooling.
        work: folder for vectors that do not fit into memory; an interrupted call continues from
            what is there. None: a temporary folder.
        outcomes: every gold pair and every false one is added to it.
        pivot: another model for the English sentences, if they are not encoded with the same.
        title: names this work in progress reports, if there is other work.

    Raises:
        MissingDataError: there is no dev set or no gold, a side is empty, or a gold id is missing.
    """
    if "dev" not in sets:
        raise MissingDataError(
            "mining needs a dev set, whose gold pairs set the threshold",
            hint="give the folder that holds both the dev files and their .gold file",
        )
    chosen = choose_layers(layers, protocol.bucc, built.model.config.num_hidden_layers)
    pooled = tuple(poolings or (protocol.bucc.pooling,))
    device = str(built.model.device) if built.model.device.type == "cuda" else ""

    def mined(split: str, layers: Sequence[int]) -> Iterator[tuple[Key, bucc.Candidates]]:
        """Yield candidates as rows of the split's set, one layer and pooling after another."""
        mining = sets[split]
        if not mining.source or not mining.target:
            raise MissingDataError(
                f"{_named(mining, split)} has {len(mining.source)} sentences and "
                f"{len(mining.target)} English ones, so there is nothing to mine"
            )
        source, target = text_rows(mining.source), text_rows(mining.target)
        texts = [list(dict.fromkeys(side)) for side in (mining.source, mining.target)]
        with encoded_by(
            built,
            pivot,
            texts,
            layers=layers,
            poolings=pooled,
            max_length=max_length,
            token_budget=token_budget,
            memory=MEMORY,
            work=work,
            progress=progress,
            label=f"{_titled(title)}encoding {mining.language} {split}",
        ) as vectors:
            for key, sides in vectors:
                left, right = (
                    ReadyRows(side, protocol.transform, protocol.bucc.normalise) for side in sides
                )
                least = bucc.tuned_least(protocol.margin)
                found = bucc.mine(left, right, protocol, least, device)
                if note := bucc.unscored_note(found):
                    progress.log(f"{_named(mining, split)}, layer {key[0]}: {note}")
                yield key, bucc.to_sentences(found, source, target, protocol.duplicates)

    thresholds: dict[Key, float] = {}
    measured = []
    for split in ("dev", "test"):
        if split not in sets:
            continue
        mining = sets[split]
        if split == "test" and mining.gold is None:
            progress.log(
                f"{mining.language}: not scored, because the gold pairs of test are withheld"
            )
            if submission:
                for key, candidates in mined(split, [submission.layer]):
                    submission.add_bucc(mining, split, candidates, thresholds[key])
            continue
        gold = gold_rows(mining, _named(mining, split))
        for key, candidates in mined(split, chosen):
            layer, pooling = key
            tuned = bucc.tune_threshold(candidates, gold)
            thresholds.setdefault(key, tuned.threshold)
            quality = bucc.apply_threshold(candidates, gold, thresholds[key])
            if submission and layer == submission.layer:
                submission.add_bucc(mining, split, candidates, thresholds[key])
            values = {
                "f1": quality.f1,
                "precision": quality.precision,
                "recall": quality.recall,
                "threshold": quality.threshold,
            }
            if split == "test":
                values["f1_tuned"] = tuned.f1
                values["threshold_tuned"] = tuned.threshold
            named = pooling if poolings else None
            if outcomes is not None:
                cut = {"found": thresholds[key]}
                if split == "test":
                    cut["found_tuned"] = tuned.threshold
                pairs = pair_outcomes(mining, candidates, gold, cut)
                outcomes.append(replace(pairs, split=split, layer=layer, pooling=named))
            measured += [
                Measured(mining.language, layer, metric, value, len(gold), split, named)
                for metric, value in values.items()
            ]
    return measured


def _named(mining: MiningSet, split: str) -> str:
    return f"the {split} set of `{mining.language}`"


def _titled(title: str) -> str:
    return f"{title}: " if title else ""


def _label(title: str, group: Sequence[Bitext], begun: int, total: int) -> str:
    first, last = group[0].language, group[-1].language
    named = first if len(group) == 1 else f"{first} to {last}"
    count = f" ({begun + len(group)} of {total} languages)" if total > 1 else ""
    return f"{_titled(title)}encoding {named}{count}"


def _language_groups(bitexts: Sequence[Bitext], bytes_a_text: int) -> Iterator[list[Bitext]]:
    group: list[Bitext] = []
    size = 0
    for bitext in bitexts:
        extra = 2 * len(bitext.source) * bytes_a_text
        if group and size + extra > MEMORY:
            yield group
            group, size = [], 0
        group.append(bitext)
        size += extra
    if group:
        yield group


def _vector_bytes(built: Built) -> int:
    return 4 * int(built.model.config.hidden_size)
