"""Compares models with their baselines, as reports print it and `--json` gives it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from adapterxlt.metrics.facts import facts_of
from adapterxlt.report.compare import signed
from adapterxlt.report.estimates import holm
from adapterxlt.report.limits import within_limits
from adapterxlt.report.paired import Verdict, judge
from adapterxlt.report.read import Run
from adapterxlt.report.resampling import RESAMPLES
from adapterxlt.report.scopes import listed, told_languages
from adapterxlt.report.settings import settings_of
from adapterxlt.report.systems import (
    Contest,
    Key,
    System,
    contests,
    with_outcomes,
)
from adapterxlt.results.outcomes import SEEN, Outcomes

LEVEL = 0.05  # the level of significance, for corrected p
EXAMPLE, PAIR = "example", "pair"
ONE_SEED = "one seed each: what other seeds would give is not counted"


@dataclass(frozen=True)
class Unseen:
    """The same comparison without examples that contain a text that a model had seen."""

    points: float
    low: float
    high: float
    examples: int


@dataclass(frozen=True)
class Comparison:
    """A model against its baseline, over the same examples.

    Args:
        points: the mean difference over the languages, in points of the metric.
        low, high: the 95 % interval of this difference.
        low90, high90: the 90 % interval.
        p_corrected: p with Holm's correction for all comparisons of the report.
        seeds: the number of seeds, of the side that has more.
        sides: the number of seeds of the model and of the baseline; 0 for what has no seed, as a
            backbone without training.
        clash: seeds that were measured twice, by two versions of the code; the last ones count.
        asked: whether a user asked for it in addition to those of the recipes.
        setting: what tells it apart from other comparisons of the report with the same names, as
            from two settings of one recipe; "" if there are none.
        constant: models on both sides that give every example the same answer, as a model does
            whose training has diverged.
        counts: what `examples` counts: each `example`, or in mining each `pair` of sentences that
            is gold or that either model found.
        grid: for crossed seeds, the number of seeds of each stage; () for others.
        interval: how the interval was made, in words.
        variance: the variance of the difference by its source, in squared points. The interval
            does not include the part of languages, as it is about these very languages. For
            crossed seeds, `seeds_1` and so on are the parts of each stage, and `seeds_rest` is
            the part of single combinations.
        trained: the side that alone was trained in these languages, `model` or `baseline`; "" for
            a comparison that is not about such languages.
        left_out: the other languages of the table, without those that both were trained in.
        equivalence: the difference in points up to which both models count as equal; None if the
            recipe gives none.
        equivalent: whether the 90 % interval lies within `equivalence` (two one-sided tests at
            5 %).
        verdict: better, worse, or not shown.
        unseen: the figures without examples that had been seen; None if there are no such
            examples.
    """

    recipe: str
    model: str
    baseline: str
    task: str
    split: str
    metric: str
    languages: tuple[str, ...]
    where: str
    seeds: int
    examples: int
    points: float
    low: float
    high: float
    low90: float
    high90: float
    p: float
    p_corrected: float
    interval: str
    verdict: str
    better: int
    variance: Mapping[str, float]
    equivalence: float | None = None
    equivalent: bool | None = None
    unseen: Unseen | None = None
    grid: tuple[int, ...] = ()
    sides: tuple[int, int] = (1, 1)
    clash: tuple[str, ...] = ()
    constant: tuple[str, ...] = ()
    asked: bool = False
    counts: str = EXAMPLE
    setting: str = ""
    trained: str = ""
    left_out: tuple[str, ...] = ()

    @property
    def seeds_told(self) -> str:
        """The number of seeds in words: `3`, `3 x 3` for a grid, `3 against 1` for two sides."""
        told = " x ".join(map(str, self.grid or (self.seeds,)))
        model, baseline = self.sides
        if model == baseline or 0 in self.sides or 1 not in self.sides:
            return told
        return f"{told} against 1" if model > baseline else f"1 against {told}"

    @property
    def constant_told(self) -> str:
        """The models with one answer in words; "" if there are none."""
        give = "gives" if len(self.constant) == 1 else "give"
        names = listed(self.constant)
        return f"{names} {give} every example the same answer" if names else ""

    @property
    def better_told(self) -> str:
        """In how many languages the model is better: `3 of 9 languages`; few are named, once."""
        return f"{self.better} of {told_languages(self.languages, self.left_out, self.where)}"

    def as_dict(self) -> dict[str, object]:
        """Return the comparison as plain JSON data."""
        lists = ("languages", "grid", "sides", "clash", "constant", "left_out")
        return asdict(self) | {name: list(getattr(self, name)) for name in lists}

    def __str__(self) -> str:
        """Return the comparison as a sentence."""
        said = self.verdict if self.verdict != "not shown" else "no difference shown"
        if self.equivalent:
            said += f", equal within {self.equivalence:g}"
        seeds = f", {self.seeds_told} seeds" if self.seeds > 1 else ""
        metric = facts_of(self.metric)
        gain, low, high = (signed(one, metric.digits) for one in (self.points, self.low, self.high))
        setting = f" ({self.setting})" if self.setting else ""
        text = (
            f"{self.model} vs {self.baseline} on {self.task} {self.split}{setting}: {said}, "
            f"{gain} {metric.counted_in} [{low}, {high}] "
            f"{self.where} (p {shown_p(self.p_corrected)}; better in {self.better_told}{seeds})"
        )
        if self.unseen is not None:
            text += (
                f"; without examples seen before: {signed(self.unseen.points, metric.digits)} "
                f"[{signed(self.unseen.low, metric.digits)}, "
                f"{signed(self.unseen.high, metric.digits)}]"
            )
        if self.clash:
            text += f"; measured twice, differently, the last counts: seed {', '.join(self.clash)}"
        if self.constant:
            text += f"; {self.constant_told}"
        return text


def compared(
    runs: Sequence[Run], asked: Sequence[Contest] = (), *, resamples: int = RESAMPLES
) -> dict[Key, Comparison]:
    """Return every comparison that the outcomes of the runs allow, in order of appearance.

    Args:
        asked: contests that a user asks for in addition, see `across`.

    Raises:
        InvalidArtifactError: outcomes are damaged.
    """
    found = [one for contest in contests(runs, asked) if (one := with_outcomes(contest))]
    verdicts = judge(found, resamples=resamples)
    shown = [
        (contest, verdict)
        for contest, verdict in zip(found, verdicts, strict=True)
        if verdict is not None
    ]
    flagged = [contest for contest, _ in shown if _has_seen(contest)]
    without = dict(
        zip(map(id, flagged), judge(flagged, unseen=True, resamples=resamples), strict=True)
    )
    corrected = holm([verdict.p for _, verdict in shown])
    settings = settings_of([contest for contest, _ in shown])
    return {
        contest.key: replace(
            _comparison(contest, verdict, p, without.get(id(contest)), resamples), setting=setting
        )
        for (contest, verdict), p, setting in zip(shown, corrected, settings, strict=True)
    }


def _has_seen(contest: Contest) -> bool:
    return any(
        SEEN in one.outcomes[code].columns
        for one in (*contest.models, *contest.baselines)
        for code in contest.languages
    )


def _is_constant(measured: Sequence[Outcomes]) -> bool:
    """Whether examples of different labels have all been given the same one."""
    labels: dict[str, set[object]] = {"gold": set(), "predicted": set()}
    for one in measured:
        for side, found in labels.items():
            column = one.columns.get(side)
            if column is None or column.ndim != 1:  # not one label for each example
                return False
            found.update(np.unique(column).tolist())
    return len(labels["gold"]) > 1 and len(labels["predicted"]) == 1


def _is_mined(contest: Contest) -> bool:
    """Whether outcomes are those of pairs, which `retrieval.outcomes` makes."""
    system = contest.models[0]
    return system.row.layer is not None and "true" in system.outcomes[contest.languages[0]].columns


def _comparison(
    contest: Contest, verdict: Verdict, corrected: float, unseen: Verdict | None, resamples: int
) -> Comparison:
    row = contest.models[0].row
    estimate, limits = within_limits(contest, verdict)
    # A margin in points says nothing about a perplexity or a cosine.
    margin = row.equivalence if facts_of(row.metric).unit == "percent" else None
    told = "not shown"
    if corrected <= LEVEL:
        less = facts_of(row.metric).less_is_better
        told = "better" if (estimate.points > 0) != less else "worse"
    made = Comparison(
        recipe=row.recipe,
        model=contest.names[0],
        baseline=contest.names[1],
        task=row.task,
        split=row.split,
        metric=row.metric,
        languages=contest.languages,
        where=contest.place,
        seeds=max(len(contest.models), len(contest.baselines)),
        examples=verdict.examples,
        points=_rounded(estimate.points),
        low=_rounded(estimate.low),
        high=_rounded(estimate.high),
        low90=_rounded(estimate.low90),
        high90=_rounded(estimate.high90),
        p=_shortened(verdict.p),
        p_corrected=_shortened(corrected),
        interval=_how(verdict, contest, resamples) + limits,
        verdict=told,
        better=verdict.better,
        variance={
            "examples": _rounded(estimate.examples),
            "seeds": _rounded(estimate.seeds),
            "languages": _rounded(verdict.languages),
            **_by_stage(estimate.parts),
        },
        grid=verdict.design.shape if len(verdict.design.shape) > 1 else (),
        sides=(_seeds(contest.models), _seeds(contest.baselines)),
        clash=contest.clash,
        constant=tuple(
            dict.fromkeys(
                one.row.model
                for one in (*contest.models, *contest.baselines)
                if _is_constant([one.outcomes[code] for code in contest.languages])
            )
        ),
        asked=bool(contest.asked),
        trained="" if contest.trained is None else ("model", "baseline")[contest.trained],
        left_out=(
            *(code for code in contest.judged if code not in contest.languages),
            *contest.left_out,
        ),
        counts=PAIR if _is_mined(contest) else EXAMPLE,
    )
    if margin is not None:
        within = -margin < estimate.low90 and estimate.high90 < margin
        made = replace(made, equivalence=margin, equivalent=within)
    if unseen is not None:
        other, _ = within_limits(contest, unseen)
        figures = (_rounded(other.points), _rounded(other.low), _rounded(other.high))
        made = replace(made, unseen=Unseen(*figures, unseen.examples))
    return made


def _by_stage(parts: Sequence[float]) -> dict[str, float]:
    """Name the variances of crossed seeds: one for each stage, and one for single combinations."""
    if len(parts) < 2:
        return {}
    names = [*(f"seeds_{number}" for number in range(1, len(parts))), "seeds_rest"]
    return {name: _rounded(part) for name, part in zip(names, parts, strict=True)}


def _seeds(systems: Sequence[System]) -> int:
    return len(systems) if any(one.seeds for one in systems) else 0


def _how(verdict: Verdict, contest: Contest, resamples: int) -> str:
    """Say how the interval and p were made."""
    sides = _seeds(contest.models), _seeds(contest.baselines)
    clusters = "clustered by translation" if verdict.together else "each language by itself"
    said = f"paired bootstrap over examples, {clusters}, {resamples} samples"
    if max(sides) > 1:
        said += f"; seeds {verdict.design}, t with Satterthwaite's degrees of freedom; p by t"
        if verdict.p != verdict.found.p:
            said += ", with no less variance of seeds than is usual on these examples"
        if 1 in sides:
            one, other = ("baseline", "model") if sides[1] == 1 else ("model", "baseline")
            said += f"; the {one} has one seed, which is taken to vary as much as the {other}'s"
        return said
    by = "paired permutation" if verdict.swapped else "t of the bootstrap's error"
    return f"{said}; percentiles; p by {by}; {ONE_SEED}"


def _rounded(value: float) -> float:
    """Round a value, so that the order of summation does not show."""
    return round(value, 9) + 0.0


def _shortened(p: float) -> float:
    """Round p to nine digits, however small it is."""
    return float(f"{p:.9g}")


def shown_p(p: float) -> str:
    """Return p as it is printed."""
    return "< .001" if p < 0.001 else f"{p:.3f}".lstrip("0")
