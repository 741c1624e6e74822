from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.errors import UsageError
from adapterxlt.metrics.facts import METRICS, Metric, facts_of, get_metric, names, reported
from adapterxlt.plugins import PluginError
from adapterxlt.tasks.catalogue import catalogue
from tests.plugin import installed


def test_every_metric_of_the_catalogue_is_known() -> None:
    listed = {name for task in catalogue().values() for name in task.metrics}
    assert listed <= METRICS.keys()
    assert {task.main_metric for task in catalogue().values()} <= listed


def test_what_less_is_better_of_and_what_is_a_share() -> None:
    assert {name for name in METRICS if METRICS[name].less_is_better} == {
        "loss",
        "perplexity",
        "similarity_shuffled",
        "anisotropy",
    }
    assert facts_of("accuracy").interval == "binomial"
    assert facts_of("f1").interval is None
    assert facts_of("f1").counted_in == "points"
    assert facts_of("loss").counted_in == "nats a token"
    assert facts_of("of_another_package") == Metric("of_another_package")
    with pytest.raises(UsageError, match="unknown metric `acuracy`"):
        get_metric("acuracy")


def test_what_a_kind_does_not_measure_is_measured_by_its_own_function() -> None:
    found = reported(["macro_f1", "f1"], {"f1": 7.0}, ["a", "b"], ["a", "b"])
    assert list(found.items()) == [("macro_f1", 100.0), ("f1", 7.0)]
    with pytest.raises(UsageError, match="`ndcg` cannot be measured on tasks of this kind"):
        reported(["ndcg"], {}, ["a"], ["a"])


@pytest.mark.parametrize(
    ("name", "source", "problem"),
    [
        ("accuracy", "X = 1", "a_metric 1.2 adds a metric `accuracy`, which is built in"),
        ("own", "X = 1", "`a_metric:X` of a_metric 1.2 is not a metric called `own`"),
        ("own", "raise OSError('no')", "cannot be loaded from a_metric 1.2: no"),
        (
            "own",
            "from adapterxlt.metrics.facts import Metric\nX = Metric('own', lambda a, b: 1 / 0)",
            "the metric `own` of a_metric 1.2 failed: division by zero",
        ),
    ],
)
def test_a_package_that_is_wrong_is_named(
    name: str, source: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = {"module": "a_metric", "names": {name: "a_metric:X"}}
    with installed(tmp_path / "package", group="metrics", source=source, **module):  # type: ignore[arg-type]
        monkeypatch.delitem(__import__("sys").modules, "a_metric", raising=False)
        with pytest.raises(PluginError) as told:
            reported([*names(), name][-1:], {}, ["a"], ["a"])
    assert problem in str(told.value)
