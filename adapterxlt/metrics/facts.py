"""Facts about each metric by name; metrics of other packages bring their own.

An entry point of the group `adapterxlt.metrics` names a `Metric` of its own name:

    [project.entry-points."adapterxlt.metrics"]
    kappa = "my_package:KAPPA"          # KAPPA = Metric("kappa", measure=cohen_kappa)

Tasks then name it in their `metrics`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from adapterxlt import plugins
from adapterxlt.errors import UsageError
from adapterxlt.metrics.classes import macro_f1, micro_f1
from adapterxlt.metrics.correlation import pearson, spearman
from adapterxlt.metrics.counts import accuracy, token_accuracy
from adapterxlt.suggest import suggest

if TYPE_CHECKING:
    from adapterxlt.metrics.statistics import Statistic

Measure = Callable[[Sequence[Any], Sequence[Any]], float]


@dataclass(frozen=True)
class Metric:
    """A metric.

    Args:
        name: the name in tasks and results.
        measure: a function that takes gold values and predictions in the same order, and returns
            the metric's value. Both are names of labels (in tagging, of each word), texts of
            answers (all accepted ones, and the predicted one), indices of choices, or numbers.
            None if the name has a different meaning in each kind of task (F1 of chunks or of
            answers); the kind then measures it.
        unit: `percent`, or the unit of a value in words.
        less_is_better: whether lower values are better.
        lowest: the lowest value, if the unit is `percent`; the highest is 100.
        interval: how the interval of a value is computed. `binomial`: the value is the percentage
            of independent examples that are right. None: it has no interval.
        digits: number of decimals in tables.
        guess: whether it predicts a result that was not measured; such a value does not make a
            model better.
        own_statistics: for a metric of another package, how it is computed from the outcomes of
            examples. Without them, models are not compared in pairs by this metric.
    """

    name: str
    measure: Measure | None = None
    unit: str = "percent"
    less_is_better: bool = False
    interval: Literal["binomial"] | None = None
    digits: int = 1
    own_statistics: tuple[Statistic, ...] = ()
    guess: bool = False
    lowest: float = 0.0

    @property
    def span(self) -> float:
        """The largest difference that two values can have; infinite if no limit is known."""
        return 100.0 - self.lowest if self.unit == "percent" else math.inf

    @property
    def counted_in(self) -> str:
        """What a difference is counted in: `points` if values are percentages, else the unit."""
        return "points" if self.unit == "percent" else self.unit

    @property
    def statistics(self) -> tuple[Statistic, ...]:
        """Ways to compute it from outcomes; the first one whose columns are present is used."""
        if self.own_statistics:
            return self.own_statistics
        from adapterxlt.metrics.statistics import STATISTICS  # numpy: recipes do not need it

        return STATISTICS.get(self.name, ())


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("accuracy", accuracy, interval="binomial"),
        Metric("token_accuracy", token_accuracy),  # words of one sentence are not independent
        Metric("exact_match", interval="binomial"),
        Metric("f1"),
        Metric("precision"),
        Metric("recall"),
        Metric("accuracy_and_f1"),
        Metric("macro_f1", macro_f1),
        Metric("micro_f1", micro_f1),
        Metric("ndcg"),
        Metric("pearson", pearson, lowest=-100.0),
        Metric("spearman", spearman, lowest=-100.0),
        Metric("perplexity", unit="perplexity", less_is_better=True),
        Metric("loss", unit="nats a token", less_is_better=True, digits=3),
        Metric("accuracy_xx_en", interval="binomial"),
        Metric("accuracy_both"),  # each sentence counts twice
        Metric("p_at_5", interval="binomial"),
        Metric("p_at_5_xx_en", interval="binomial"),
        Metric("mrr"),
        Metric("mrr_xx_en"),
        # For words and their translations, see `retrieval/words.py`.
        Metric("p_at_1", interval="binomial"),
        Metric("p_at_1_xx_en", interval="binomial"),
        Metric("csls_p_at_1", interval="binomial"),
        Metric("csls_p_at_1_xx_en", interval="binomial"),
        Metric("new_words_p_at_1", interval="binomial"),
        Metric("new_words_p_at_1_xx_en", interval="binomial"),
        Metric("similarity", unit="cosine", digits=3),
        Metric("similarity_shuffled", unit="cosine", less_is_better=True, digits=3),
        Metric("similarity_gap", unit="cosine", digits=3),
        Metric("anisotropy", unit="cosine", less_is_better=True, digits=3),
        # For frozen features, see `metrics/transferability.py`; the last two need no features.
        Metric("linear_probe", interval="binomial", guess=True),
        Metric("knn", interval="binomial", guess=True),
        Metric("logme", unit="nats an example", digits=3, guess=True),
        Metric("h_score", unit="H-score", digits=3, guess=True),
        Metric("source_size", unit="training texts", digits=0, guess=True),
        Metric("mnli_always", unit="1: trained on MNLI", digits=0, guess=True),
        Metric("f1_tuned"),
        Metric("threshold", unit="margin score", digits=4),
        Metric("threshold_tuned", unit="margin score", digits=4),
    )
}


def names() -> Collection[str]:
    """Return the names of all metrics.

    Raises:
        PluginError: a package hides one of the project's own.
    """
    return (*METRICS, *plugins.added("metrics", METRICS, "metric"))


def get_metric(name: str) -> Metric:
    """Return the metric of this name.

    Raises:
        UsageError: there is none; the hint names the closest.
        PluginError: the package that adds it cannot be used.
    """
    if name not in (known := names()):
        raise UsageError(f"unknown metric `{name}`", hint=suggest(name, known))
    return METRICS[name] if name in METRICS else _added(name)


def facts_of(name: str) -> Metric:
    """Return a metric in results, which may come from a package that is not installed here.

    Nothing is known about such a metric: higher counts as better, and it has no interval.
    """
    return METRICS.get(name) or (get_metric(name) if name in names() else Metric(name))


def packages_of(listed: Sequence[str]) -> list[str]:
    """Return the packages, with their versions, that provide some of the listed metrics.

    Raises:
        PluginError: a package hides one of the project's own metrics.
    """
    others = [name for name in listed if name in names() and name not in METRICS]
    return sorted({plugins.origin(plugins.entries("metrics")[name]) for name in others})


def reported(
    listed: Sequence[str], measured: dict[str, float], gold: Sequence[Any], predicted: Sequence[Any]
) -> dict[str, float]:
    """Return the metrics that a task lists, in its order; measure those that its kind did not.

    Args:
        measured: the metrics that the kind has measured.
        gold, predicted: the values on which the others are measured.

    Raises:
        UsageError: a metric cannot be measured on such tasks.
        PluginError: the metric of a package has failed.
    """
    return {
        name: measured[name] if name in measured else _measured(get_metric(name), gold, predicted)
        for name in listed
    }


def _measured(metric: Metric, gold: Sequence[Any], predicted: Sequence[Any]) -> float:
    if metric.measure is None:
        raise UsageError(
            f"`{metric.name}` cannot be measured on tasks of this kind",
            hint="leave it out of the task's `metrics`",
        )
    if metric.name in METRICS:
        return metric.measure(gold, predicted)
    try:
        return float(metric.measure(gold, predicted))
    except Exception as error:  # code of other packages may fail in any way
        entry = plugins.entries("metrics")[metric.name]
        raise plugins.PluginError(
            f"the metric `{metric.name}` of {plugins.origin(entry)} failed: {error}",
            hint="leave it out of the task's `metrics`, or repair the package",
        ) from error


def _added(name: str) -> Metric:
    found, entry = plugins.load("metrics", name), plugins.entries("metrics")[name]
    if not isinstance(found, Metric) or found.name != name:
        raise plugins.PluginError(
            f"`{entry.value}` of {plugins.origin(entry)} is not a metric called `{name}`",
            hint="its entry point must name an `adapterxlt.metrics.facts.Metric` of that name",
        )
    return found
