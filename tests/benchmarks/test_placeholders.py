"""One label throughout: a placeholder where there are many, a remark where it may be chance."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from adapterxlt.benchmarks.folder import Result, score_benchmark
from adapterxlt.benchmarks.xglue import XGLUE
from adapterxlt.benchmarks.xtreme import XTREME
from adapterxlt.errors import MissingDataError

Score = Callable[..., Result]


@pytest.fixture
def score(write: Callable[[str, str], Path], tmp_path: Path) -> Score:
    """Score labels, given as files by language, against themselves as predictions."""

    def go(task: str, **labels: str) -> Result:
        benchmark = XGLUE if task.isupper() else XTREME
        (spec,) = (spec for spec in benchmark.tasks if spec.name == task)
        for language, text in labels.items():
            write(f"labels/{task}/{spec.label_files(language, 'test')[0]}", text)
            write(f"predictions/{task}/{spec.prediction_file(language, 'test')}", text)
        return score_benchmark(
            benchmark, tmp_path / "predictions", tmp_path / "labels", tasks=[task]
        )

    return go


@pytest.mark.parametrize(
    ("task", "labels", "what"),
    [
        ("QADSM", dict.fromkeys(("de", "en", "fr"), "Good\n" * 4), "labels in 3 languages"),
        ("WPR", dict.fromkeys(("de", "fr", "zh"), "q\tt\ts\t1\n" * 4), "labels in 3 languages"),
        ("NER", dict.fromkeys(("de", "en"), "a O\n\n" * 5), "labels in 2 languages"),
        ("POS", dict.fromkeys(("th", "ur"), "a X\nb X\nc X\n\nd X\ne X\n"),
         "labels in 2 languages"),
        ("xnli", dict.fromkeys(("de", "en", "sw"), "neutral\n" * 4), "labels in 3 languages"),
        ("tatoeba", dict.fromkeys(("de", "fr", "zh"), "0\n" * 4), "labels in 3 languages"),
        ("pawsx", {"de": "0\n" * 10}, "10 labels"),
    ],
)  # fmt: skip
def test_placeholders_are_refused_with_the_reason(
    score: Score, task: str, labels: dict[str, str], what: str
) -> None:
    with pytest.raises(MissingDataError, match=rf"all {what} are `\w+`: placeholders") as error:
        score(task, **labels)
    assert "the labels of the published test files are withheld" in str(error.value)


@pytest.mark.parametrize(
    ("task", "labels", "what"),
    [
        ("QAM", {"de": "q\ta\t1\n" * 4}, "labels"),
        ("QAM", dict.fromkeys(("de", "en", "fr"), "q\ta\t1\n" * 3), "labels in 3 languages"),
        # Three times the same in as many translations is not rare.
        ("xnli", dict.fromkeys(("de", "en", "es", "ru"), "neutral\n" * 3),
         "labels in 4 languages"),
        ("panx", {"de": "O\n" * 8 + "\n" + "O\n" * 8}, "labels"),
    ],
)  # fmt: skip
def test_what_may_be_chance_is_scored_with_a_remark(
    score: Score, task: str, labels: dict[str, str], what: str
) -> None:
    result = score(task, **labels)
    assert result.tasks[0].languages.keys() == labels.keys()
    remarks = {remark.language: remark.message for remark in result.remarks}
    assert remarks.keys() == labels.keys()
    assert all(f"all {what} are `" in message for message in remarks.values())


@pytest.mark.parametrize(
    ("task", "labels"),
    [
        ("QADSM", {"de": "Good\n" * 9, "en": "Good\nBad\n", "fr": "Good\n" * 9}),
        ("QADSM", {"de": "Good\n" * 9, "en": "Bad\n" * 9}),
        ("QADSM", {"de": "Good\n"}),
        # Nine sentences of several words, none of which names anything.
        ("NER", {"de": "a O\nb O\nc O\n\n" * 9, "en": "a B-PER\nb O\n"}),
    ],
)
def test_labels_that_differ_somewhere_are_labels(
    score: Score, task: str, labels: dict[str, str]
) -> None:
    result = score(task, **labels)
    assert result.tasks[0].languages.keys() == labels.keys()
    assert result.remarks == []
