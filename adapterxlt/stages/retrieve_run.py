"""Sentence retrieval (Tatoeba) and bitext mining (BUCC) of one model, without training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapterxlt.evaluation.submission import submission_file
from adapterxlt.kinds.registry import get_kind
from adapterxlt.kinds.sentence_retrieval import Bitext
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.results.measures import PREDICTIONS_FOLDER, Measure, write_measures
from adapterxlt.results.outcomes import SEEN, Outcomes, write_outcomes
from adapterxlt.retrieval.outcomes import BETWEEN
from adapterxlt.retrieval.protocols import get_protocol
from adapterxlt.retrieval.run import Measured, retrieve_bucc, retrieve_tatoeba
from adapterxlt.retrieval.submission import Submission, submitted_layer
from adapterxlt.stages.language_adapters import KEY
from adapterxlt.stages.language_swaps import both_sides
from adapterxlt.stages.running.contamination import Hashes, describe_overlap, seen_examples
from adapterxlt.stages.running.context import Context
from adapterxlt.stages.running.swap import used_for_pair
from adapterxlt.store.files import write_atomic
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.parallel import UNEVEN, uneven
from adapterxlt.tasks.read import read_bitext, read_mining

if TYPE_CHECKING:
    from adapterxlt.models.build import Built


def run_retrieve(planned: PlannedStep, context: Context, staging: Path) -> None:
    """Encode, search and score every language and layer of the cell."""
    step = planned.step
    task = context.sources.tasks[step.text("task")]
    settings = _settings(planned, context, task)
    outcomes: list[Outcomes] = []
    settings["outcomes"] = outcomes
    measured = _measure(planned, context, task, settings, staging / "vectors")
    for split in step.items("splits"):
        counts = {item.language: item.n for item in measured if item.split == split}
        if told := uneven(task, split, counts):
            context.progress.log(f"{step.id}: {told}; {UNEVEN}")
    if submission := settings["submission"]:
        folder = staging / "out" / PREDICTIONS_FOLDER
        for (language, split), lines in submission.lines.items():
            file = submission_file(step.text("predictions"), task, language, split)
            write_atomic(folder / file, "".join(f"{line}\n" for line in lines))
    known = context.seen(context.artifact(step.model) if step.model else None)
    seen, spoken = {}, {}
    for language in step.items("languages"):
        sides = both_sides(task, language)
        spoken[language] = used_for_pair(step, language, sides)
        seen[language] = known
        for side in sides:
            seen[language] = context.seen_in(planned, side, seen[language])
    flags = {
        language: describe_overlap(context.texts.evaluated(step, language), seen[language])
        for language in step.items("languages")
    }
    flagged = {language: seen[language] for language, flags in flags.items() if flags}
    outcomes = [replace(each, language_adapter=spoken[each.language]) for each in outcomes]
    write_outcomes(
        staging / "out", [_marked(each, planned, context, task, flagged) for each in outcomes]
    )
    precision = context.precision_of(step)
    write_measures(
        staging / "out",
        [
            Measure(
                language=item.language,
                split=item.split,
                metric=item.metric,
                main=item.metric == task.main_metric,
                value=item.value,
                n=item.n,
                layer=item.layer,
                contamination=flags[item.language],
                pooling=item.pooling,
                language_adapter=spoken[item.language],
                precision=precision,
            )
            for item in measured
        ],
    )


def _marked(
    outcomes: Outcomes,
    planned: PlannedStep,
    context: Context,
    task: Task,
    flagged: Mapping[str, Mapping[str, Hashes]],
) -> Outcomes:
    """The same as its task knows it: whether it is parallel, and which texts were seen."""
    outcomes = replace(outcomes, parallel=task.parallel is not None)
    if outcomes.language not in flagged:
        return outcomes
    roots, language = context.sources.roots, outcomes.language
    cap = planned.step.params.get("cap")
    texts: Iterable[tuple[str, ...]]
    if task.kind != "bitext_mining":
        bitext = read_bitext(task, roots, language, outcomes.split, cap)
        texts = zip(bitext.source, bitext.target, strict=True)
    else:
        mining = read_mining(task, roots, language, outcomes.split, cap)
        ids = (*mining.source_ids, *mining.target_ids)
        text_of = dict(zip(ids, (*mining.source, *mining.target), strict=True))
        texts = [tuple(text_of[one] for one in pair.split(BETWEEN)) for pair in outcomes.ids]
    which = seen_examples(texts, flagged[language])
    return (
        outcomes if which is None else replace(outcomes, columns={**outcomes.columns, SEEN: which})
    )


def _measure(
    planned: PlannedStep, context: Context, task: Task, settings: dict[str, Any], work: Path
) -> list[Measured]:
    """Every figure of the cell, of all its languages."""
    roots, languages = context.sources.roots, planned.step.items("languages")
    settings = {"progress": context.progress, "title": planned.step.id, **settings}
    swaps, mines = KEY in planned.step.params, get_kind(task.kind).mines
    splits, cap = planned.step.items("splits"), planned.step.params.get("cap")

    def bitexts_in(language: str) -> list[Bitext]:
        return [read_bitext(task, roots, language, split, cap) for split in splits]

    if not mines and not swaps:
        bitexts = [bitext for language in languages for bitext in bitexts_in(language)]
        return retrieve_tatoeba(context.model(planned), bitexts, **settings)
    measured: list[Measured] = []
    pivots: dict[str, Built] = {}
    for language in languages:
        if swaps:  # one model a side; that of the pivot, mostly English, stays for all languages
            side, pivot = both_sides(task, language)
            if pivot not in pivots:
                pivots = {pivot: context.model(planned, pivot)}
            built, settings["pivot"] = context.model(planned, side), pivots[pivot]
        else:
            built = context.model(planned)
        if not mines:
            measured += retrieve_tatoeba(built, bitexts_in(language), **settings)
            continue
        sets = {split: read_mining(task, roots, language, split, cap) for split in splits}
        measured += retrieve_bucc(built, sets, work=work, **settings)
    return measured


def _settings(planned: PlannedStep, context: Context, task: Task) -> dict[str, Any]:
    step, submission = planned.step, None
    layers, protocol = step.items("layers"), get_protocol(step.params["protocol"]["name"])
    if "predictions" in step.params:
        vectors = protocol.bucc if get_kind(task.kind).mines else protocol.tatoeba
        submission = Submission(submitted_layer(layers, vectors.layer, context.backbone.layers))
    return {
        "layers": layers,
        "poolings": step.params.get("pooling"),
        "protocol": protocol,
        "max_length": step.number("max_length"),
        "token_budget": step.number("token_budget"),
        "submission": submission,
    }
