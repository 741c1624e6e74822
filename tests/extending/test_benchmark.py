"""A package adds a benchmark: which tasks it has, and how each is scored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from adapterxlt.cli.main import cli
from tests.plugin import installed

LANGUAGES = ("de", "en", "es", "fr", "ru")
SOURCE = """
from adapterxlt.benchmarks.classes import score_classes
from adapterxlt.benchmarks.spec import Benchmark, TaskSpec

NEWS = Benchmark(
    name="news",
    title="News",
    unit=1.0,
    overall="overall",
    help="Score news classification. Reads NC/XX.txt.",
    tasks=(TaskSpec("NC", "xglue_nc", "{lang}.txt", score_classes, ("xglue",)),),
    groups={},
)
BAD = 3
"""


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    """Predictions and labels in the task's five languages, half of them right."""
    for language in LANGUAGES:
        for path, text in (
            (f"p/NC/{language}.txt", "sports\nsports\n"),
            (f"l/NC/xglue.nc.{language}.test", "a\tb\tsports\na\tb\tautos\n"),
        ):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
    return ["--predictions", str(tmp_path / "p"), "--labels", str(tmp_path / "l")]


def test_it_is_scored_with_the_languages_and_labels_of_the_catalogue(
    tmp_path: Path, folders: list[str]
) -> None:
    names = {"news": "my_benchmark:NEWS", "worse": "my_benchmark:BAD"}
    with installed(
        tmp_path / "x", group="benchmarks", names=names, module="my_benchmark", source=SOURCE
    ):
        run = CliRunner().invoke(cli, ["score", "news", *folders, "--json"])
        assert run.exit_code == 0, run.output
        document = json.loads(run.stdout)
        assert document["tasks"]["NC"] == {code: {"accuracy": 50.0} for code in LANGUAGES}
        assert (document["official"], document["overall"]) == ({"NC": ["accuracy"]}, 50.0)
        assert (
            "Score news classification" in CliRunner().invoke(cli, ["score", "news", "-h"]).output
        )
        wrong = CliRunner().invoke(cli, ["score", "worse", *folders])
        assert "`my_benchmark:BAD` of my_benchmark 1.2 is not a benchmark" in wrong.output
    again = CliRunner().invoke(cli, ["score", "news", *folders])
    assert again.exit_code == 2


def test_it_cannot_hide_one_of_the_project(tmp_path: Path, folders: list[str]) -> None:
    names = {"xglue": "other_benchmark:NEWS"}
    with installed(
        tmp_path / "x", group="benchmarks", names=names, module="other_benchmark", source=SOURCE
    ):
        run = CliRunner().invoke(cli, ["score", "xglue", *folders])
    assert "other_benchmark 1.2 adds a benchmark `xglue`, which is built in" in run.output
