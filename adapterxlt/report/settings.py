"""Tells comparisons of a report apart that have the same names, as two runs of one recipe do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from adapterxlt.report.systems import Contest

_FACTS: tuple[Callable[[Contest], str], ...] = (
    lambda one: f"caps: {one.models[0].row.caps or 'none'}",
    lambda one: f"in {', '.join(one.languages)}",
    lambda one: one.models[0].row.lineage,
    lambda one: f"protocol: {one.models[0].row.protocol}",
    lambda one: f"data: {one.models[0].row.data}",
    lambda one: f"against {one.baselines[0].row.lineage}",
    lambda one: f"recipe {one.models[0].row.recipe_id}",
)


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
        for fact in _FACTS:
            if len({told[number] for number in group}) == len(group):
                break
            facts = [fact(contests[number]) for number in group]
            if len({*facts}) > 1:
                for number, text in zip(group, facts, strict=True):
                    told[number] += f"{'; ' if told[number] else ''}{text}"
    return told
