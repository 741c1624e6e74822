"""Checks that languages whose rows are translations of each other have equally many rows."""

from __future__ import annotations

from collections.abc import Mapping

from adapterxlt.kinds.registry import get_kind
from adapterxlt.show import number_of
from adapterxlt.suggest import few
from adapterxlt.tasks.catalogue import Task, members_of
from adapterxlt.tasks.layout import Layout

UNEVEN = "correct the files; or leave out `parallel`, or match examples by `parallel: id`"


def uneven(task: Task, split: str, examples: Mapping[str, int]) -> str:
    """Say that languages differ in their number of examples, though rows match; "" if they do not.

    Some layouts leave rows out, and masked language modelling leaves out blank ones. The rest then
    keep their numbers, so that their counts may differ.

    Args:
        examples: their number in each language.
    """
    layouts = [layout for member in members_of(task) for layout in member.layouts]
    if task.parallel != "row" or not get_kind(task.kind).predicts or any(map(_drops, layouts)):
        return ""
    by_count: dict[int, list[str]] = {}
    for language, count in examples.items():
        by_count.setdefault(count, []).append(language)
    if len(by_count) < 2:
        return ""
    told = " and ".join(
        f"{number_of(count, 'example')} in {few(languages)}"
        for count, languages in by_count.items()
    )
    return (
        f"`parallel: row` says that the same rows are translations of each other, but {split} has "
        f"{told}"
    )


def _drops(layout: Layout) -> bool:
    return bool(
        layout.unlabelled or layout.drop_strange or layout.mend_spans or layout.skip_short_rows
    )
