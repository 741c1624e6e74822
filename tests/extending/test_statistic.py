"""A package says how intervals of its metrics are made: from outcomes, or from their values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapterxlt.metrics.facts import facts_of
from adapterxlt.report.answers import answers_of
from adapterxlt.report.comparisons import Comparison, compared
from adapterxlt.report.paired import judge
from adapterxlt.report.read import Run as Results
from adapterxlt.report.read import read_runs
from adapterxlt.report.sections import sections
from adapterxlt.report.systems import Contest, System, contests
from tests.extending.conftest import Run
from tests.plugin import installed

SOURCE = """
import numpy as np

from adapterxlt.metrics.facts import Metric
from adapterxlt.metrics.statistics import Statistic

LABELS = ("gold", "predicted")

def share(gold, predicted):
    return 100 * sum(a == b for a, b in zip(gold, predicted)) / len(gold)

def wrong(gold, predicted):
    return 100 - share(gold, predicted)

def parts(columns):
    return np.stack([columns["gold"] != columns["predicted"], np.ones(len(columns["gold"]))], 1)

def value(sums):
    return 100 * sums[..., 0] / sums[..., 1]

def weighted(columns, weights):
    return 100 * weights @ (columns["gold"] == columns["predicted"]) / weights.sum(axis=1)

SUMMED = Metric("summed", wrong, less_is_better=True,
                own_statistics=(Statistic(LABELS, parts=parts, value=value),))
WEIGHTED = Metric("weighted", share, own_statistics=(Statistic(LABELS, weighted=weighted),))
SHARE = Metric("share", share, interval="binomial")
VALUE = Metric("value", share)
"""
METRICS = ("summed", "weighted", "share", "value")
ENTRY = """
kind: pair_classification
labels: [same, other]
languages: [en, de]
parallel: row
format: pair_tsv
files: "{lang}.{split}.tsv"
columns: {text_a: 0, text_b: 1, label: 2}
"""


@pytest.fixture
def results(tmp_path: Path, run: Run) -> Iterator[Results]:
    """Two models on a task of each metric, while the package is there."""
    pairs = [f"a cat\ta {'cat' if n % 3 else 'cow'}\t{'same' if n % 3 else 'other'}\n"
             for n in range(60)]  # fmt: skip
    for language, label in (("en", "same"), ("de", "other")):  # models learn their one label
        only = [line for line in pairs if line.endswith(f"{label}\n")]
        (tmp_path / f"{language}.train.tsv").write_text("".join(only[:16]))
        (tmp_path / f"{language}.dev.tsv").write_text("".join(pairs))
    stages = []
    for metric in METRICS:
        (tmp_path / f"{metric}s.yaml").write_text(f"{ENTRY}metrics: [{metric}]\n")
        how = "method: full, lr: 0.01, max_steps: 8"
        stages += [
            f"  {metric}_a: {{train: {{task: {metric}s, language: en}}, {how}}}",
            f"  {metric}_b: {{train: {{task: {metric}s, language: de}}, {how}}}",
            f"  {metric}_s: {{evaluate: [{metric}_b, {metric}_a], on: {metric}s, languages: all}}",
        ]
    tasks = ", ".join(f"{metric}s.yaml" for metric in METRICS)
    with installed(
        tmp_path / "x",
        group="metrics",
        names={metric: f"my_statistics:{metric.upper()}" for metric in METRICS},
        module="my_statistics",
        source=SOURCE,
    ):
        run(f"tasks: [{tasks}]\nstages:\n" + "\n".join(stages))
        [found] = read_runs((tmp_path / "runs",), print)
        yield found


def of_accuracy(contest: Contest) -> Contest:
    """The same models, by the project's own accuracy."""
    sides = [
        [
            System(one.workdir, {code: replace(row, metric="accuracy")
                                 for code, row in one.rows.items()})
            for one in side
        ]
        for side in (contest.models, contest.baselines)
    ]  # fmt: skip
    return Contest(contest.languages, contest.where, *sides)


def in_pairs_by_its_statistics(results: Results) -> None:
    found: dict[str, Comparison] = {one.metric: one for one in compared([results]).values()}
    assert sorted(found) == ["summed", "weighted"]
    by_metric = {one.models[0].row.metric: one for one in contests([results])}
    for metric, sign in (("summed", -1), ("weighted", 1)):
        one = found[metric]
        assert one.points == pytest.approx(sign * 100 / 3)
        # The same samples as of the project's own metric of the same share.
        [own] = judge([of_accuracy(by_metric[metric])])
        assert own is not None
        ends = sorted(sign * end for end in (own.found.low, own.found.high))
        assert (one.low, one.high) == pytest.approx(tuple(ends), abs=1e-6)
        assert one.verdict == "better"
    assert "p by paired permutation" in found["summed"].interval
    assert "p by t of the bootstrap's error" in found["weighted"].interval


def from_its_values_without(results: Results) -> None:
    told = {
        part.grid.rows[0].metric: str(answers_of(part, compared([results]))[0])
        for part in sections(results.rows)
    }
    variance = 2 * (200 / 3) * (100 / 3) / 60 / 2  # two models, the mean of two languages
    assert f" ± {1.96 * variance**0.5:.1f} points" in told["share"]
    assert "unpaired" in told["share"]
    assert "±" not in told["value"]
    assert "points [" in told["summed"]


def not_at_all_where_it_is_not_installed(results: Results) -> None:
    assert facts_of("summed").less_is_better
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("adapterxlt.metrics.facts.plugins.entries", lambda group: {})
        assert not facts_of("summed").less_is_better
        assert compared([results]) == {}
        # In both languages, and in the one that only the model was trained in.
        told = answers_of(sections(results.rows)[0], {})
        assert len(told) == 2
        assert not any("±" in answer for answer in told)


def test_a_package_says_how_intervals_of_its_metrics_are_made(results: Results) -> None:
    in_pairs_by_its_statistics(results)
    from_its_values_without(results)
    not_at_all_where_it_is_not_installed(results)
