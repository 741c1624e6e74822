"""Prepares the tables of a run with all that they rest on, for the terminal and the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from adapterxlt.metrics.facts import facts_of
from adapterxlt.report.compare import Grid, Layers, counted, grids, layer_tables
from adapterxlt.report.origins import origin_of
from adapterxlt.report.scopes import FEW, listed
from adapterxlt.results.rows import Row
from adapterxlt.suggest import few


@dataclass(frozen=True)
class Section:
    """One task of a stage.

    Args:
        title: the title of the grid.
        grid: the values by model and language; in retrieval, each model is at its best place.
        where: where differences were measured, for a sentence: `zero-shot`, `at layer 2`.
        best: what a star at a layer means; "" if there is none.
        layers: the table of layers for retrieval at several places, else None.
        layers_title: the title of that table.
    """

    title: str
    grid: Grid
    where: str = "zero-shot"
    best: str = ""
    layers: Layers | None = None
    layers_title: str = ""

    @property
    def stars(self) -> list[str]:
        """Return what stars in the tables mean, and which languages are zero-shot, in words."""
        grid, found = self.grid, [self.best] if self.best else []
        at = "* at a language: " if found else "* "
        own = any(grid.starred(row) for row in grid.rows)
        if own:
            above = "; above a column, of all models" if grid.everyone_in else ""
            found.append(f"{at}language of the training data of this model{above}")
        elif grid.everyone_in:
            found.append(f"{at}language of the training data")
        if own and grid.zero_shot:
            codes = grid.zero_shot
            languages = listed(codes) if len(codes) <= FEW else f"{len(codes)} languages"
            found.append(
                f"zero-shot: the mean over {languages}, which no model of this table was trained in"
            )
        return found

    @property
    def others(self) -> list[str]:
        """Return the means of the other metrics, one line per metric."""
        lines = []
        for metric, means in self.grid.other_means().items():
            digits = facts_of(metric).digits
            values = ", ".join(f"{model} {value:.{digits}f}" for model, value in means.items())
            lines.append(f"{metric}, mean: {values}")
        return lines

    @property
    def rests_on(self) -> list[str]:
        """Return protocol, data, caps, shots, sizes and seeds, in words."""
        rows = self.grid.rows
        sizes = sorted({row.n for row in rows})
        computed = _distinct(row.precision or "" for row in rows)
        shots = _by_model(rows, lambda row: str(origin_of(row).shots or ""))
        swapped = (row.model for row in rows if row.language_adapter is not None)
        spoken = ", ".join(f"`{model}`" for model in _distinct(swapped))
        size = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
        return [
            f"protocol: {', '.join(_distinct(row.protocol for row in rows))}",
            *([f"computed in: {', '.join(computed)}"] if computed else []),
            f"data: {', '.join(_distinct(row.data for row in rows))}",
            f"caps: {_by_model(rows, lambda row: row.caps or 'none')}",
            *([f"shots: {shots}"] if shots else []),
            *([f"each language on its own adapter: {spoken}"] if spoken else []),
            f"n: {size}{' gold pairs' if counted(rows) != 'example' else ''} a language",
            f"seed: {', '.join(map(str, sorted({row.seed for row in rows})))}",
        ]

    @property
    def borrowed(self) -> list[str]:
        """Return, in words, the languages without a language adapter of their own, by model."""
        models: dict[str, list[str]] = {}
        for model in self.grid.models:
            instead: dict[str, dict[str, None]] = {}
            for row in self.grid.rows:
                if row.model == model and row.borrows:
                    codes = instead.setdefault(str(row.language_adapter), {})
                    codes[row.language] = None  # once, whatever the number of seeds
            told = "; ".join(
                f"{', '.join(languages)} with {'none' if used == 'none' else f'that of {used}'}"
                for used, languages in instead.items()
            )
            models.setdefault(told, []).append(model)
        return [
            f"no language adapter of their own ({', '.join(names)}): {told}"
            for told, names in models.items()
            if told
        ]

    @property
    def leaks(self) -> list[str]:
        """Return, in words, the evaluation texts that were seen in training, by model."""
        models: dict[str, list[str]] = {}
        for model in self.grid.models:
            flagged = "; ".join(
                dict.fromkeys(  # several seeds have seen the same texts
                    f"{row.language}: {row.contamination}"
                    for row in self.grid.rows
                    if row.model == model and row.contamination
                )
            )
            models.setdefault(flagged, []).append(model)
        return [
            f"seen before ({', '.join(names)}): {flagged}"
            for flagged, names in models.items()
            if flagged
        ]


def sections(rows: Iterable[Row]) -> list[Section]:
    """Return a section for each stage, task and split: trained tasks first, then retrieval."""
    rows = list(rows)
    found = [Section(_title(grid.rows[0]), grid) for grid in grids(rows)]
    return found + [_retrieval(layers) for layers in layer_tables(rows)]


def _retrieval(layers: Layers) -> Section:
    title, grid = _title(layers.rows[0]), layers.at_best()
    if len(layers.places) == 1:
        where = f"at {layers.places[0]}"
        return Section(f"{title} {where}", grid, where)
    noun, among = _choice(layers)
    where = f"each model at its best {noun}{' of dev' if layers.dev else ''}{among}"
    places = "; ".join(
        f"{model} at {place}{_tied(layers, model)}" for model, place in layers.bests.items()
    )
    return Section(
        f"{title}: {places}",
        grid,
        where,
        f"* best {noun}, chosen {'on dev' if layers.dev else 'on the same sentences'}",
        layers,
        f"{title}, mean over languages",
    )


def _choice(layers: Layers) -> tuple[str, str]:
    """Return what a model is at the best of, and among which layers; "" for all of them."""
    numbers = sorted({place.layer for place in layers.places})
    if len(numbers) == 1:
        return "pooling", f", at layer {numbers[0]}"
    noun = "layer and pooling" if layers.pooled else "layer"
    whole = numbers[0] <= 1 and numbers[-1] - numbers[0] == len(numbers) - 1
    return noun, "" if whole else f", among layers {', '.join(map(str, numbers))}"


def _tied(layers: Layers, model: str) -> str:
    ties = list(map(str, layers.ties(model)))
    return f" (tied with {', '.join(ties)})" if ties else ""


def _title(row: Row) -> str:
    return f"{row.stage}: {row.task} {row.split}, {row.metric}"


def _by_model(rows: Sequence[Row], told: Callable[[Row], str]) -> str:
    """Return what is told of the models, with their names if not all of them have the same.

    For example, `train 200 (english); none (alone, after)`. Nothing is said of models without it.
    """
    models: dict[str, dict[str, None]] = {}
    for row in rows:
        models.setdefault(told(row), {})[row.model] = None
    if len(models) == 1:
        return next(iter(models))
    return "; ".join(f"{text} ({few(names)})" for text, names in models.items() if text)


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))
