from __future__ import annotations

import pytest

from adapterxlt.benchmarks.folder import Remark, score_benchmark, summarise
from adapterxlt.benchmarks.spec import Benchmark, Pair, Scored, TaskSpec
from adapterxlt.errors import MissingDataError, UsageError
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.layout import Layout


def read(pair: Pair) -> Scored:
    text = pair.predictions.read_text()
    if text == "bad":
        raise MissingDataError(f"{pair.predictions}: bad")
    return Scored({"a": float(text), "b": 10.0}, ["negative"] if text.startswith("-") else [])


def spec(name: str, *official: str) -> TaskSpec:
    task = get_task("xglue_qam").model_copy(
        update={
            "name": name,
            "languages": ("de", "sw"),
            "layouts": (
                Layout(name="toy", format="pair_tsv", files={"test": {"data": "toy/test.{lang}"}}),
            ),
        }
    )
    return TaskSpec(name, task, "{lang}.p", read, ("toy",), official=official, title=name)


TOY = Benchmark(
    "toy", "Toy", 0.1, (spec("one", "a"), spec("Task-2", "a", "b")), {"first": ("one",)}, "all", ""
)


@pytest.fixture
def folders(write, tmp_path):
    """Predictions and labels of both tasks, complete."""
    for task in ("one", "task_2"):
        for language, value in (("de", "1"), ("sw", "3")):
            write(f"p/{task}/{language}.p", value)
            write(f"l/{task.upper()}/test.{language}", "")
    return tmp_path / "p", tmp_path / "l"


def test_means_over_languages_tasks_and_groups(folders):
    result = score_benchmark(TOY, *folders)
    one, two = result.tasks
    assert one.languages == {"de": {"a": 0.1, "b": 1.0}, "sw": {"a": pytest.approx(0.3), "b": 1.0}}
    assert one.averages == pytest.approx({"a": 0.2, "b": 1.0})
    assert (one.score, two.score) == (pytest.approx(0.2), pytest.approx(0.6))
    assert result.groups == pytest.approx({"first": 0.2})
    assert result.overall == pytest.approx(0.4)


def test_a_bad_file_costs_its_language_and_every_average_it_is_in(folders):
    (folders[0] / "one/sw.p").write_text("bad")
    result = score_benchmark(TOY, *folders)
    assert list(result.tasks[0].languages) == ["de"]
    assert (result.tasks[0].averages, result.tasks[0].score) == (None, None)
    assert (result.groups, result.overall) == ({"first": None}, None)
    assert result.tasks[1].score is not None
    (problem,) = result.problems
    assert (problem.task, problem.language) == ("one", "sw")


def test_missing_files_are_named_with_the_place(folders):
    (folders[1] / "ONE/test.de").unlink()
    (problem,) = score_benchmark(TOY, *folders).problems
    assert problem.message == f"no labels: looked for {folders[1] / 'ONE/test.de'}"


def test_remarks_are_kept_and_files_that_nobody_reads_named(folders):
    (folders[0] / "one/de.p").write_text("-1")
    (folders[0] / "one/fr.p").write_text("1")
    (folders[0] / "strange").mkdir()
    (folders[0] / "strange/de.p").write_text("1")
    remarks = score_benchmark(TOY, *folders).remarks
    assert summarise(remarks, TOY) == [
        "one de: negative",
        "one: files that are not part of Toy were ignored: fr.p",
        "strange: files that are not part of Toy were ignored: de.p",
    ]


def test_only_the_tasks_asked_for(folders):
    result = score_benchmark(TOY, *folders, tasks=["ONE"])
    assert [task.spec.name for task in result.tasks] == ["one"]
    assert (result.groups["first"], result.overall) == (pytest.approx(0.2), None)
    with pytest.raises(UsageError, match="Toy has no task `two`"):
        score_benchmark(TOY, *folders, tasks=["two"])


def test_nothing_at_all_is_an_error(folders, tmp_path):
    (tmp_path / "empty/ONE").mkdir(parents=True)
    with pytest.raises(MissingDataError, match="one in all 2 languages: de: no predictions"):
        score_benchmark(TOY, tmp_path / "empty", folders[1])
    with pytest.raises(MissingDataError, match="this folder of labels does not exist"):
        score_benchmark(TOY, folders[0], tmp_path / "nowhere")


@pytest.mark.parametrize("wrong", ["", "predictions/one"])
def test_the_folder_above_or_below_is_suggested(folders, tmp_path, wrong):
    predictions = folders[0].rename(tmp_path / "predictions")
    with pytest.raises(MissingDataError, match="no folder of a task") as error:
        score_benchmark(TOY, tmp_path / wrong, folders[1])
    assert error.value.hint == f"did you mean {predictions}?"


ISO = {"de": "deu", "sw": "swh"}


def test_languages_of_which_the_same_is_said_go_together():
    remarks = [
        Remark("xnli", "de", "/x/test-de.tsv: 3 lines"),
        Remark("xnli", "sw", "/x/test-sw.tsv: 14 lines"),
        Remark("xnli", "zh", "gone"),
    ]
    assert summarise(remarks, TOY) == ["xnli de, sw: de: /x/test-de.tsv: 3 lines", "xnli zh: gone"]
    missing = [Remark("one", code, f"looked for {code}-{iso}") for code, iso in ISO.items()]
    assert summarise(missing, TOY) == ["one in all 2 languages: de: looked for de-deu"]
