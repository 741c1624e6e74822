"""Summarises comparisons: gains by intermediate task and target, and the answer in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from adapterxlt.report.comparisons import Comparison
from adapterxlt.report.findings import Finding
from adapterxlt.report.labels import columns_of, rows_of
from adapterxlt.report.origins import origin_of
from adapterxlt.report.sizes import common, note_on_sizes
from adapterxlt.report.summary import summary
from adapterxlt.report.systems import Contest, Key

HELPS = "Did the intermediate task help?"
BETTER = "Is it better than the baseline?"


class Study:
    """All comparisons of a report.

    Args:
        contests: the contests that `systems.contests` finds.
        comparisons: the comparisons of those contests for which outcomes were kept.
    """

    def __init__(self, contests: Iterable[Contest], comparisons: Mapping[Key, Comparison]) -> None:
        contests = list(contests)
        self.contested = bool(contests)
        told = [
            (contest, comparisons[contest.key])
            for contest in contests
            if contest.key in comparisons
        ]
        origins = [
            (origin_of(contest.models[0].row), origin_of(contest.baselines[0].row))
            for contest, _ in told
        ]
        columns = columns_of([one for _, one in told])
        rows = rows_of([own for own, _ in origins], [one for _, one in told], columns)
        self.findings = [
            Finding(contest, one, own, base, label, column)
            for (contest, one), (own, base), label, column in zip(
                told, origins, rows, columns, strict=True
            )
        ]

    @cached_property
    def rows(self) -> list[str]:
        """The rows of the matrix, in order of appearance."""
        return list(dict.fromkeys(one.row for one in self.findings))

    @cached_property
    def columns(self) -> list[str]:
        """The columns of the matrix, in order of appearance."""
        return list(dict.fromkeys(one.column for one in self.findings))

    @cached_property
    def sizes(self) -> dict[str, tuple[str, ...]]:
        """The parts of the size that most comparisons of a column share, by column."""
        return {
            column: common(one.sizes for one in self.findings if one.column == column)
            for column in self.columns
        }

    @cached_property
    def units(self) -> list[str]:
        """What the differences are counted in, in order of appearance."""
        return list(dict.fromkeys(one.facts.counted_in for one in self.findings))

    @cached_property
    def cells(self) -> dict[tuple[str, str], Finding]:
        """The cells of the matrix, by row and column."""
        return {(one.row, one.column): one for one in self.findings}

    @property
    def about(self) -> list[Finding]:
        """The findings that the question is about.

        These are the ones on intermediate tasks, if they are half of all or more, else all.
        """
        own = [one for one in self.findings if one.helps]
        return own if own and 2 * len(own) >= len(self.findings) else self.findings

    @property
    def question(self) -> str:
        """The question at the head of the report, whatever its format."""
        return HELPS if all(one.helps for one in self.about) else BETTER

    @property
    def heading(self) -> str:
        """The heading of the rows' names: some name models that were not trained before."""
        return "trained before" if all(one.helps for one in self.findings) else "model"

    @property
    def answer(self) -> list[str]:
        """Answer the question in two sentences; [] if there are no paired comparisons."""
        return summary(self.about, corrected_for=len(self.findings))

    @property
    def unanswered(self) -> str:
        """Say why there are no paired comparisons; "" if there are some."""
        if self.findings:
            return ""
        if not self.contested:
            return "Nothing is compared, as no stage measures a model and its baseline."
        return (
            "Models are not compared in pairs, because no outcomes of the same examples that give "
            "the metric were kept. If an earlier version measured them, run the recipe again."
        )

    @property
    def notes(self) -> list[str]:
        """What names and sizes mean, in sentences; [] if nothing needs an explanation."""
        short = {one.label.short: one.label.tasks for one in self.findings}
        return [
            *(f"{name}: {tasks}." for name, tasks in short.items() if name != tasks),
            *note_on_sizes(one.found for one in self.findings),
        ]
