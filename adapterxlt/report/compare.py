"""Computes means, differences from the baseline and best layers of a run. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from adapterxlt.languages import is_among
from adapterxlt.metrics.facts import facts_of
from adapterxlt.report.scopes import Scope, scopes_of, told_languages, without_losses
from adapterxlt.results.rows import Row

_Z95 = 1.96
_OF_PAIRS = ("f1", "f1_tuned", "precision", "recall")  # metrics that only mining has in a layer


@dataclass(frozen=True)
class Gain:
    """The gain of a model over the baseline, in the languages in which both were measured.

    Args:
        points: mean difference, in points.
        better: number of languages in which the model is better, of `languages`.
        margin: half the width of an approximate 95 % interval, in points. It covers only the
            sampling of test examples, which are taken as independent. None if the metric does not
            allow such an interval.
    """

    points: float
    better: int
    languages: int
    margin: float | None


class Grid:
    """The main metric of one task: models down, languages across.

    Args:
        rows: rows of one stage and task, one for each model, language and metric.

    `trained` says whether the models were trained on the task (retrieval has no training).
    `trained_in` holds the languages in which any of them was trained, `zero_shot` all others.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = tuple(row for row in rows if row.main)
        self.others = tuple(row for row in rows if not row.main)
        self.cells = {(row.model, row.language): row for row in self.rows}
        self.models = tuple(dict.fromkeys(row.model for row in rows))
        languages = dict.fromkeys(row.language for row in rows)
        trained_in = {code for row in rows for code in row.trained_in}
        trained = {code for code in languages if is_among(code, trained_in)}
        self.languages = tuple(sorted(languages, key=lambda code: code not in trained))
        self.trained_in = tuple(code for code in self.languages if code in trained)
        self.zero_shot = tuple(code for code in self.languages if code not in trained)
        self.trained = all(row.layer is None for row in self.rows)
        baselines = [row.baseline for row in rows if row.baseline]
        self.baseline = baselines[0] if baselines else self.models[0]

    @cached_property
    def everyone_in(self) -> frozenset[str]:
        """The languages that all models were trained in."""
        return frozenset(
            code
            for code in self.trained_in
            if all(is_among(code, row.trained_in) for row in self.rows)
        )

    def starred(self, row: Row) -> bool:
        """Whether a value has a star: its model was trained in its language, unlike others."""
        return row.language not in self.everyone_in and is_among(row.language, row.trained_in)

    @property
    def summaries(self) -> dict[str, tuple[str, ...]]:
        """The languages of each mean that the table shows, by its heading."""
        found = {"mean": self.languages}
        if self.zero_shot and self.zero_shot != self.languages:
            found["zero-shot"] = self.zero_shot
        return found

    def mean(self, model: str, languages: Iterable[str]) -> float | None:
        """Return the mean over those of `languages` in which the model was measured."""
        values = [
            self.cells[model, code].value for code in languages if (model, code) in self.cells
        ]
        return sum(values) / len(values) if values else None

    @property
    def judged(self) -> tuple[str, ...]:
        """The languages that tell whether a model is better: zero-shot ones, if there are any."""
        return self.zero_shot or self.languages

    def place(self, where: str) -> str:
        """Return `where`, for use in a sentence, with the languages' names if none is zero-shot."""
        if self.zero_shot:
            return where
        known = f"in {', '.join(self.languages)}"
        return known if self.trained else f"{known}, {where}"

    def row(self, model: str, languages: Iterable[str]) -> Row | None:
        """Return a row of the model in one of `languages`; None if it was measured in none."""
        return next((self.cells[model, code] for code in languages if (model, code) in self.cells),
                    None)  # fmt: skip

    def scopes(self, model: str, baseline: str, where: str) -> list[Scope]:
        """Return the languages of each comparison of two models that were measured.

        Args:
            where: where differences are measured, for a sentence.
        """
        own, base = (self.row(name, self.languages) for name in (model, baseline))
        assert own is not None
        assert base is not None
        judged = Scope(self.judged, self.place(where))
        layer = "" if self.trained else where
        trained_in = own.trained_in, base.trained_in
        found = without_losses(scopes_of(self.languages, judged, trained_in, layer))
        return [
            one
            for one in found
            if self.row(model, one.languages) and self.row(baseline, one.languages)
        ]

    def other_means(self) -> dict[str, dict[str, float]]:
        """Return the means of all other metrics over the languages: metric -> model -> value."""
        values: dict[str, dict[str, list[float]]] = {}
        for row in self.others:
            values.setdefault(row.metric, {}).setdefault(row.model, []).append(row.value)
        return {
            metric: {model: sum(found) / len(found) for model, found in models.items()}
            for metric, models in values.items()
        }

    def gain(self, model: str, languages: Iterable[str]) -> Gain | None:
        """Return the model's gain over the baseline; None for the baseline itself."""
        if model == self.baseline:
            return None
        pairs = [
            (self.cells[model, code], self.cells[self.baseline, code])
            for code in languages
            if (model, code) in self.cells and (self.baseline, code) in self.cells
        ]
        if not pairs:
            return None
        differences = [ours.value - theirs.value for ours, theirs in pairs]
        sign = -1 if facts_of(self.rows[0].metric).less_is_better else 1
        return Gain(
            points=sum(differences) / len(pairs),
            better=sum(sign * difference > 0 for difference in differences),
            languages=len(pairs),
            margin=_margin(pairs),
        )


def verdict(points: float, metric: str) -> str:
    """Return `better` or `worse`, or nothing if no difference can be seen."""
    if signed(points) == "+0.0":
        return ""
    return "better" if (points > 0) != facts_of(metric).less_is_better else "worse"


def signed(points: float, digits: int = 1) -> str:
    """Write a number with its sign: `+1.2`, `-0.4`, and `+0.0` for whatever rounds to zero."""
    text = f"{points:+.{digits}f}"
    return text if text.strip("+-0.") else f"+{text[1:]}"


def _margin(pairs: Sequence[tuple[Row, Row]]) -> float | None:
    rows = [row for pair in pairs for row in pair]
    if any(facts_of(row.metric).interval != "binomial" or row.n < 1 for row in rows):
        return None
    if not all(0 <= row.value <= 100 for row in rows):  # no shares, whoever wrote them
        return None
    variance = sum(row.value * (100 - row.value) / row.n for row in rows) / len(pairs) ** 2
    return _Z95 * math.sqrt(variance)


def grids(rows: Iterable[Row]) -> list[Grid]:
    """Return one grid for each evaluate stage and task, in order of appearance."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        if row.layer is None:
            groups.setdefault((row.stage, row.task, row.split), []).append(row)
    return [Grid(group) for group in groups.values()]


@dataclass(frozen=True, order=True)
class Place:
    """The layer and pooling that vectors come from; `pooling` is "" for the protocol's own."""

    layer: int
    pooling: str = ""

    def __str__(self) -> str:
        return f"layer {self.layer}" + (f", {self.pooling} pooling" if self.pooling else "")


class Layers:
    """The main metric of one retrieval task, as means over languages.

    Layers (and poolings) go down, models across.

    Args:
        rows: rows of one stage, task and split.
        dev: the same for the dev split, if there is one; the best place is chosen on it. It does
            not count if it has none of the places of these rows.
    """

    def __init__(self, rows: Sequence[Row], dev: Layers | None = None) -> None:
        self.rows = tuple(row for row in rows if row.main)
        shares = dev is not None and not dev._measured.keys().isdisjoint(self._measured)
        self.dev = dev if shares else None
        self._all = tuple(rows)
        self.models = tuple(dict.fromkeys(row.model for row in rows))
        self.places = tuple(sorted({_place(row) for row in rows}))
        self.pooled = any(place.pooling for place in self.places)

    @cached_property
    def _measured(self) -> dict[tuple[str, Place], list[float]]:
        """The values of each model at each place, one for each language."""
        found: dict[tuple[str, Place], list[float]] = {}
        for row in self.rows:
            found.setdefault((row.model, _place(row)), []).append(row.value)
        return found

    def mean(self, model: str, place: Place) -> float | None:
        """Return the mean value over the languages at one place."""
        values = self._measured.get((model, place))
        return sum(values) / len(values) if values else None

    def _judged(self, model: str) -> dict[Place, float]:
        """Return the means by which the places of a model are judged; more is better.

        They are those of dev if there is a dev. Other places than its own are left out.
        """
        sign = -1 if facts_of(self.rows[0].metric).less_is_better else 1
        judge = self.dev or self
        means = {
            place: judge.mean(model, place)
            for place in self.places
            if (model, place) in self._measured
        }
        return {place: sign * mean for place, mean in means.items() if mean is not None}

    def best(self, model: str) -> Place | None:
        """Return the place with the best mean (on dev if there is one); the first on a tie.

        None if the model has no value, or dev has none at the places that the model has.
        """
        means = self._judged(model)
        return max(means, key=lambda place: means[place]) if means else None

    def ties(self, model: str) -> tuple[Place, ...]:
        """Return the other places that are as good as the best one, on dev if there is one."""
        means, best = self._judged(model), self.best(model)
        return tuple(
            place
            for place, mean in means.items()
            if best is not None and place != best and math.isclose(mean, means[best], rel_tol=1e-9)
        )

    @cached_property
    def bests(self) -> dict[str, Place]:
        """The best place of each model that has one."""
        found = ((model, self.best(model)) for model in self.models)
        return {model: place for model, place in found if place is not None}

    def at_best(self) -> Grid:
        """Return a grid with models down and languages across, each model at its best place."""
        return Grid([row for row in self._all if _place(row) == self.bests.get(row.model)])


def _place(row: Row) -> Place:
    assert row.layer is not None
    return Place(row.layer, row.pooling or "")


def counted(rows: Iterable[Row]) -> str:
    """Return what `n` of some rows counts: each `example`, or in mining each `gold pair`."""
    mined = any(row.layer is not None and row.metric in _OF_PAIRS for row in rows)
    return "gold pair" if mined else "example"


def layer_tables(rows: Iterable[Row]) -> list[Layers]:
    """Return one table for each retrieve stage, task and split, in order of appearance."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        if row.layer is not None:
            groups.setdefault((row.stage, row.task, row.split), []).append(row)
    tables: dict[tuple[str, str, str], Layers] = {}
    for (stage, task, split), group in sorted(groups.items(), key=lambda item: item[0][2] != "dev"):
        tables[stage, task, split] = Layers(group, tables.get((stage, task, "dev")))
    return [tables[key] for key in groups]


def answer(grid: Grid, model: str, scope: Scope, *, unpaired: str) -> str | None:
    """Return a sentence that says how a model compares with the baseline, and how certainly.

    Only values are known here, so the two models count as measured on different examples.

    Args:
        scope: the languages that the mean is over.
        unpaired: the word that marks an interval as unpaired.
    """
    gain = grid.gain(model, scope.languages)
    if gain is None:
        return None
    row = grid.rows[0]
    facts = facts_of(row.metric)
    interval = "" if gain.margin is None else f" ± {gain.margin:.1f}"
    measured = [code for code in scope.languages
                if all((name, code) in grid.cells for name in (model, grid.baseline))]  # fmt: skip
    count = f"better in {gain.better} of {told_languages(measured, scope.left_out, scope.where)}"
    doubt = "" if gain.margin is None else f"; {unpaired}"
    if gain.margin is not None and abs(gain.points) <= gain.margin:
        doubt = f"; within the error of sampling, {unpaired}"
    figures = f"{signed(gain.points, facts.digits)}{interval} {facts.counted_in}"
    return (
        f"{model} vs {grid.baseline} on {row.task} {row.split}: {figures} "
        f"{scope.told((model, grid.baseline))} ({count}{doubt})"
    )
