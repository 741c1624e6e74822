"""Says in one sentence per model whether it helped, from paired outcomes or else from values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from adapterxlt.metrics.facts import facts_of
from adapterxlt.report.compare import answer
from adapterxlt.report.comparisons import NOTE, Comparison, found_for
from adapterxlt.report.resampling import RESAMPLES
from adapterxlt.report.sections import Section
from adapterxlt.report.systems import Key

UNPAIRED = "unpaired"
SAMPLING = (
    "± gives an interval of about 95 % for the sampling of test examples, without the variation "
    "of seeds. unpaired: the outcomes of examples were not kept; run the recipe again for paired "
    "intervals"
)
ONE_SEED = (
    "Where no seeds are named, each model has one seed, so the variation of seeds is not included"
)


def answers_of(
    section: Section, comparisons: Mapping[Key, Comparison], *, several: bool = True
) -> list[str]:
    """Return one sentence for each model of a section.

    Args:
        several: whether to include models with several seeds, with one sentence for all seeds.
    """
    grid, lines = section.grid, {}
    if facts_of(grid.rows[0].metric).guess:
        return []
    for model in grid.models:
        rows = [
            next((grid.cells[one, code] for code in grid.judged if (one, code) in grid.cells), None)
            for one in (model, grid.baseline)
        ]
        if rows[0] is None or rows[1] is None or model == grid.baseline:
            continue
        found = found_for(comparisons, section, rows[0], rows[1])
        if found is None:
            text = answer(grid, model, where=section.where, unpaired=UNPAIRED)
            lines[text] = text is not None
        else:
            lines[str(found)] = several or found.seeds == 1
    return [text for text, shown in lines.items() if text and shown]


def is_paired(sentence: str) -> bool:
    """Whether a sentence has an interval from outcomes in pairs."""
    return " (p " in sentence


def notes_on(sentences: Iterable[str]) -> list[str]:
    """Return the notes that explain some sentences."""
    sentences = list(sentences)
    notes = []
    if any(is_paired(sentence) for sentence in sentences):
        notes.append(f"{NOTE.format(resamples=f'{RESAMPLES:,}')}. {ONE_SEED}.")
    if any("±" in sentence for sentence in sentences):
        notes.append(SAMPLING)
    return notes


def over_several(comparisons: Mapping[Key, Comparison]) -> Sequence[Comparison]:
    """Return the comparisons over several seeds."""
    return [one for one in comparisons.values() if one.seeds > 1]
