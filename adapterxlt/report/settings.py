"""Tells comparisons of a report apart that have the same names, as two runs of one recipe do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from adapterxlt.report.systems import Contest, System
from adapterxlt.results.cells import params_behind

_FACTS: tuple[Callable[[Contest], str], ...] = (
    lambda one: f"caps: {one.models[0].row.caps or 'none'}",
    lambda one: f"in {', '.join(one.languages)}",
    lambda one: one.models[0].row.lineage,
    lambda one: f"protocol: {one.models[0].row.protocol}",
    lambda one: f"data: {one.models[0].row.data}",
    lambda one: f"against {one.baselines[0].row.lineage}",
)
_TOLD = (" task", " kind", " cap", " languages")  # facts above tell these
_MOST = 3  # so many parameters are named; the id of the recipe tells the rest apart


def settings_of(contests: Sequence[Contest]) -> list[str]:
    """Return what tells each contest apart from others with its names; "" if there are none.

    It has as few facts as are needed, and of these only the ones that differ.
    """
    alike: dict[object, list[int]] = {}
    for number, one in enumerate(contests):
        row = one.models[0].row
        names = (row.recipe, one.names, bool(one.asked), row.task, row.split, row.metric, one.where)
        alike.setdefault(names, []).append(number)
    told = [""] * len(contests)
    for group in alike.values():
        for facts in _facts([contests[number] for number in group]):
            if len({told[number] for number in group}) == len(group):
                break
            if len({*facts}) > 1:
                for number, text in zip(group, facts, strict=True):
                    told[number] += f"{'; ' if told[number] and text else ''}{text}"
    return told


def _facts(group: Sequence[Contest]) -> Iterator[list[str]]:
    """Yield what may tell some contests apart, one text for each of them."""
    for fact in _FACTS:
        yield [fact(one) for one in group]
    yield _params([one.models[0] for one in group])
    yield [f"against {text}" for text in _params([one.baselines[0] for one in group])]
    yield [f"recipe {one.models[0].row.recipe_id}" for one in group]


def _params(systems: Sequence[System]) -> list[str]:
    """Return the parameters of each model that are not the same for all of them."""
    known = [params_behind(one.workdir, one.row.cell) for one in systems]
    names = [
        name
        for name in dict.fromkeys(name for params in known for name in params)
        if not name.endswith(_TOLD) and len({params.get(name, "unset") for params in known}) > 1
    ]
    if not all(known):
        return [""] * len(systems)
    return [
        ", ".join(f"{name}: {params.get(name, 'unset')}" for name in names[:_MOST])
        for params in known
    ]
