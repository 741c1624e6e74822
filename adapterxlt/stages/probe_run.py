"""Measure one model on the words of a lexicon, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from adapterxlt.metrics.statistics import STATISTICS
from adapterxlt.models.build import Built
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.results.measures import Measure, write_measures
from adapterxlt.results.outcomes import SEEN, Outcomes, ids_of, write_outcomes
from adapterxlt.retrieval.words import Entries, measure_words
from adapterxlt.search.arrays import Floats
from adapterxlt.stages.language_swaps import both_sides
from adapterxlt.stages.running.contamination import (
    describe_overlap,
    hash_texts,
    seen_examples,
)
from adapterxlt.stages.running.context import Context
from adapterxlt.stages.running.lexicons import measured_entries
from adapterxlt.stages.running.swap import used_for_pair
from adapterxlt.tasks.lexicon import MAIN, NEW, NEW_METRICS, Lexicon, key_of
from adapterxlt.vectors.encode import Key, encode_grid
from adapterxlt.vectors.names import Pooling

# Without special tokens, and with them, as 2506.15415's pilot has it.
POOLINGS: tuple[Pooling, ...] = ("mean-no-special", "mean")
MOST = 1 << 30  # bytes of vectors at a time
HELD_OUT, ALL = "held-out", "test"


def run_probe(planned: PlannedStep, context: Context, staging: Path) -> None:
    """Encode the words, and score every layer, with and without special tokens."""
    step = planned.step
    language = str(step.items("languages")[0])
    spoken = both_sides(context.sources.tasks[step.text("task")], language)
    adapter = used_for_pair(step, language, spoken)
    whole, measured, new = measured_entries(step, context.sources)
    seen = context.seen(context.artifact(step.model) if step.model else None)
    for side in spoken:
        seen = context.seen_in(planned, side, seen)
    flagged = describe_overlap(hash_texts(measured.words), seen)
    which = seen_examples(measured.pairs, seen) if flagged else None
    sides, entries = words_of(whole, measured)
    split = HELD_OUT if step.params["held_out"] else ALL
    precision = context.precision_of(step)
    measures: list[Measure] = []
    outcomes: list[Outcomes] = []
    ids = ids_of([f"{one}\t{other}" for one, other in measured.pairs])
    for (layer, pooling), source, target in _vectors(planned, context, sides, spoken):
        values, columns = measure_words(source, target, entries)
        counts = dict.fromkeys(values, len(measured))
        if new is not None and any(new):
            columns[NEW] = np.array(new)
            for metric in NEW_METRICS.values():
                values[metric] = STATISTICS[metric][0].of(columns)
                counts[metric] = sum(new)
        measures += [
            Measure(
                language=language,
                split=split,
                metric=metric,
                main=metric == MAIN,
                value=value,
                n=counts[metric],
                layer=layer,
                contamination=flagged,
                pooling=pooling,
                language_adapter=adapter,
                precision=precision,
            )
            for metric, value in values.items()
        ]
        seen_columns = {} if which is None else {SEEN: which}
        outcomes.append(
            Outcomes(
                language,
                split,
                ids,
                {**columns, **seen_columns},
                layer,
                pooling,
                language_adapter=adapter,
            )
        )
    write_measures(staging / "out", measures)
    write_outcomes(staging / "out", outcomes)


def words_of(whole: Lexicon, measured: Lexicon) -> tuple[tuple[list[str], list[str]], Entries]:
    """The distinct words of both sides of a whole lexicon, and what of it is measured."""
    rows: tuple[dict[str, int], dict[str, int]] = ({}, {})
    for pair in whole.pairs:
        for side, word in zip(rows, pair, strict=True):
            side.setdefault(word, len(side))
    source, target = rows
    alike: dict[str, list[int]] = {}  # rows of the target by the form of the word
    for word, row in target.items():
        alike.setdefault(key_of(word), []).append(row)
    by_form: dict[str, list[int]] = {}
    for one, other in whole.known:
        by_form.setdefault(one, []).extend(alike[other])
    known = {row: sorted(by_form[key_of(word)]) for word, row in source.items()}
    entries = Entries(
        np.array([source[one] for one, _ in measured.pairs], dtype=np.int64),
        np.array([target[other] for _, other in measured.pairs], dtype=np.int64),
        known,
    )
    return (list(source), list(target)), entries


def _vectors(
    planned: PlannedStep,
    context: Context,
    sides: tuple[list[str], list[str]],
    spoken: tuple[str, str],
) -> Iterator[tuple[Key, Floats, Floats]]:
    """Vectors of both sides at each place, few layers at a time where there are many words.

    Args:
        spoken: the language of each side, whose adapter encodes it.
    """
    models = [context.model(planned, language) for language in spoken]
    layers = planned.step.items("layers")
    bytes_a_layer = 4 * len(POOLINGS) * sum(map(len, sides)) * context.backbone.hidden_size
    together = max(1, MOST // bytes_a_layer)
    for start in range(0, len(layers), together):
        some = layers[start : start + together]
        both = [
            _encoded(built, words, some, planned, context)
            for built, words in zip(models, sides, strict=True)
        ]
        for key, source in both[0].items():
            yield key, source, both[1][key]


def _encoded(
    built: Built,
    words: Sequence[str],
    layers: Sequence[int],
    planned: PlannedStep,
    context: Context,
) -> dict[Key, Floats]:
    step = planned.step
    return encode_grid(
        built,
        words,
        layers=layers,
        poolings=POOLINGS,
        max_length=step.number("max_length"),
        token_budget=step.number("token_budget"),
        progress=context.progress,
        label=step.id,
        prefix="",
    )
