"""Says in one sentence per model whether it helped, from paired outcomes or else from values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from adapterxlt.metrics.facts import facts_of
from adapterxlt.report.compare import answer
from adapterxlt.report.comparisons import Comparison
from adapterxlt.report.limits import RANGE, THREE
from adapterxlt.report.resampling import RESAMPLES
from adapterxlt.report.sections import Section
from adapterxlt.report.systems import Key, key_of, opponents

UNPAIRED = "unpaired"
SAMPLING = (
    "± gives an interval of about 95 % for the sampling of test examples, without the variation "
    "of seeds. unpaired: for one of the models, no outcomes of the same examples that give this "
    "metric were kept; if an earlier version measured it, run the recipe again for paired intervals"
)
_SAMPLES = (
    f"[low, high] is the 95 % interval from {RESAMPLES:,} bootstrap samples of the test examples, "
    "drawn jointly for both models. Each model has one seed, so the variation of seeds is not "
    "included."
)
_SEEDS = (
    "[low, high] is the 95 % interval of a t distribution over seeds and examples; the variance of "
    f"the examples is from {RESAMPLES:,} bootstrap samples, drawn jointly for both models."
)
_BOTH = ("Where several seeds are named, ", "Elsewhere, ")
_LIMITS = {
    THREE: "Where no two examples differ, the interval is what the rule of three gives.",
    RANGE: "No interval goes beyond the range of its metric.",
}
_P = "p is corrected for all comparisons of the report (Holm)."
Answer = str | Comparison  # a comparison is its own sentence


def answers_of(
    section: Section, comparisons: Mapping[Key, Comparison], *, several: bool = True
) -> list[Answer]:
    """Return the answers for each model of a section: its comparisons, or else sentences.

    Args:
        several: whether to include models with several seeds, with one sentence for all seeds.
    """
    grid = section.grid
    found: dict[str, Answer] = {}
    if facts_of(grid.rows[0].metric).guess:
        return []
    for model, baselines in opponents(section).items():
        for scope in grid.scopes(model, baselines[0], section.where):
            own, base = (grid.row(one, scope.languages) for one in (model, baselines[0]))
            assert own is not None
            assert base is not None
            compared = comparisons.get(key_of(own, base, scope.languages, scope.where))
            if compared is None:
                text = answer(grid, model, scope, unpaired=UNPAIRED)
                found |= {text: text} if text else {}
            elif several or compared.seeds == 1:
                found[str(compared)] = compared
    return list(found.values())


def notes_on(answers: Iterable[Answer]) -> list[str]:
    """Return the notes that explain some answers."""
    answers = list(answers)
    seeds = {one.seeds > 1 for one in answers if isinstance(one, Comparison)}
    notes = []
    if seeds == {True, False}:
        said = [start + text for start, text in zip(_BOTH, (_SEEDS, _SAMPLES), strict=True)]
        notes.append(" ".join([*said, _P]))
    elif seeds:
        notes.append(f"{_SEEDS if True in seeds else _SAMPLES} {_P}")
    made = " ".join(one.interval for one in answers if isinstance(one, Comparison))
    notes += [note for limit, note in _LIMITS.items() if limit in made]
    if any("±" in one for one in answers if isinstance(one, str)):
        notes.append(SAMPLING)
    return notes


def over_several(comparisons: Mapping[Key, Comparison]) -> Sequence[Comparison]:
    """Return the comparisons over several seeds."""
    return [one for one in comparisons.values() if one.seeds > 1]
