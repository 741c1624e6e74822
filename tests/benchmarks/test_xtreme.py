"""XTREME's own mock files, with the averages that its own test asserts."""

from __future__ import annotations

import pytest

from adapterxlt.benchmarks.folder import Result, score_benchmark
from adapterxlt.benchmarks.reading import read_column
from adapterxlt.benchmarks.xtreme import XTREME


@pytest.fixture(scope="module")
def result(real_data) -> Result:
    mock = real_data / "xtreme_mock"
    return score_benchmark(XTREME, mock / "predictions", mock / "labels")


@pytest.mark.parametrize(
    ("task", "averages"),
    [
        ("pawsx", {"accuracy": 51.428571}),
        ("xnli", {"accuracy": 30.666667}),
        ("panx", {"f1": 57.507937, "precision": 54.729167, "recall": 62.75}),
        ("udpos", {"f1": 70.217460}),
        ("bucc2018", {"f1": 55.0, "precision": 55.0, "recall": 55.0}),
        ("tatoeba", {"accuracy": 53.611111}),
        ("xquad", {"exact_match": 77.272727, "f1": 79.958678}),
        ("mlqa", {"exact_match": 57.142857, "f1": 81.768707}),
        ("tydiqa", {"exact_match": 88.888889, "f1": 97.222222}),
    ],
)
def test_official_averages(result: Result, task, averages):
    (found,) = (scores for scores in result.tasks if scores.spec.name == task)
    assert found.averages is not None
    for metric, value in averages.items():
        assert found.averages[metric] == pytest.approx(value, abs=1e-5)


def test_official_overall(result: Result):
    assert result.overall == pytest.approx(62.1732, abs=1e-4)
    assert result.problems == []
    # Computed by hand from the averages above.
    assert result.groups == pytest.approx(
        {
            "classification": (51.428571 + 30.666667) / 2,
            "tagging": (70.217460 + 57.507937) / 2,
            "qa": ((77.272727 + 79.958678) / 2 + (57.142857 + 81.768707) / 2
                   + (88.888889 + 97.222222) / 2) / 3,
            "retrieval": (55.0 + 53.611111) / 2,
        },
        abs=1e-5,
    )  # fmt: skip


def test_languages_are_those_of_the_paper():
    assert {spec.name: len(spec.languages) for spec in XTREME.tasks} == {
        "xnli": 15,
        "pawsx": 7,
        "udpos": 33,
        "panx": 40,
        "xquad": 11,
        "mlqa": 7,
        "tydiqa": 9,
        "bucc2018": 4,
        "tatoeba": 36,
    }
    assert sorted(name for group in XTREME.groups.values() for name in group) == sorted(
        spec.name for spec in XTREME.tasks
    )


def test_published_test_files_without_labels_are_refused(real_data):
    mock = real_data / "xtreme_mock"
    result = score_benchmark(XTREME, mock / "predictions", real_data, tasks=["xnli", "xquad"])
    xnli, xquad = result.tasks
    assert (xnli.languages, xnli.score) == ({}, None)
    assert len(xquad.languages) == 11  # XQuAD's upstream files have their answers
    assert len(result.problems) == 15
    assert all("labels of the published test files are withheld" in p.message
               for p in result.problems)  # fmt: skip


def test_labels_of_the_downloads_score(real_data, write, tmp_path):
    for language in ("de", "en", "es", "fr", "ja", "ko", "zh"):
        write(f"pawsx/dev-{language}.tsv", "1\n" * 2000)
    result = score_benchmark(XTREME, tmp_path, real_data, split="dev", tasks=["paws-x"])
    labels = read_column(real_data / "pawsx/dev-zh.tsv")
    (scores,) = result.tasks
    assert scores.languages["zh"]["accuracy"] == 100 * labels.count("1") / 2000
    assert scores.score == pytest.approx(sum(v["accuracy"] for v in scores.languages.values()) / 7)
