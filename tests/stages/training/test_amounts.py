"""Shots and shares of the steps, as recipes say them: what they stand for, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.errors import InvalidRecipeError
from adapterxlt.plan.plan import make_plan, resolve_sources
from adapterxlt.recipe.load import load_recipe, load_text
from adapterxlt.recipe.task_data import Part
from adapterxlt.stages.training.trained import told
from adapterxlt.store.store import Store
from tests.recipe.helpers import stages
from tests.recipe.helpers import told as problems


def parts(train: str) -> tuple[Part, ...]:
    return load_text(stages(f"a: {{train: {train}}}")).recipe.parts_of("a")


def test_shots_come_from_where_there_are_some() -> None:
    assert parts("{task: xnli, language: sw, shots: 10, shot_seed: 3}") == (
        Part("xnli", "sw", "dev", None, 128, shots=10, shot_seed=3),
    )
    assert [part.split for part in parts("{task: panx, language: sw, shots: 10}")] == ["train"]
    assert [part.split for part in parts("{task: xnli, language: en, shots: 10}")] == ["train"]
    (part,) = parts("{task: panx, language: sw, shots: 10, split: dev}")
    assert (part.split, part.cap) == ("dev", None)


def test_shots_come_from_dev_without_training_files(tmp_path: Path, tiny_backbone: Path) -> None:
    line = "one\ttwo\t1\n"
    for name in ("train-en", "dev-en", "dev-sw", "train-de", "test-fr"):
        file = tmp_path / "data" / "pawsx" / f"{name}.tsv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(line, encoding="utf-8")
    roots = [tmp_path / "data"]
    for train, split in {
        "{task: pawsx, language: sw, shots: 1}": "dev",
        "{task: pawsx, language: sw, shots: 1, split: train}": "train",
        "{task: pawsx, language: sw}": "train",
        "{task: pawsx, language: de, shots: 1}": "train",
        "{task: pawsx, language: en, shots: 1}": "train",
        "{task: pawsx, language: fr, shots: 1}": "train",  # there is no dev either
    }.items():
        recipe = load_text(stages(f"a: {{train: {train}}}")).recipe
        assert [part.split for part in recipe.parts_of("a", roots)] == [split]
        assert [part.split for part in recipe.parts_of("a")] == ["train"]
    path = tmp_path / "r.yaml"
    text = "train: {task: pawsx, language: sw, shots: 1}"
    path.write_text(
        f"name: r\nbackbone: {tiny_backbone}\ndata: data\nstages:\n  a: {{{text}, keep: best}}\n"
    )
    loaded = load_recipe(path)
    sources = resolve_sources(loaded.recipe, loaded.base)
    with pytest.raises(InvalidRecipeError, match=r"stages.a.train: with `keep: best`, `pawsx` can"):
        make_plan(loaded.recipe, Store(tmp_path / "store"), sources)
    path.write_text(path.read_text().replace(", keep: best", ""))
    plan = make_plan(load_recipe(path).recipe, Store(tmp_path / "store"), sources)
    assert plan.steps[0].step.params["split"] == "dev"


def test_a_cap_of_the_recipe_is_not_one_of_shots() -> None:
    text = stages("a: {train: [xnli, {task: xnli, language: sw, shots: 10}]}", "name: t")
    recipe = load_text(f"{text}training: {{cap: 50}}\n").recipe
    assert [(part.cap, part.shots) for part in recipe.parts_of("a")] == [(50, None), (None, 10)]


def test_weights_are_divided_among_languages() -> None:
    found = parts("[mnli, {task: mlm, language: [de, sw], weight: 0.2}]")
    assert [part.weight for part in found] == [None, 0.1, 0.1]


def test_what_is_not_said_is_not_in_the_address() -> None:
    assert Part("mnli", "en", "train", None, 128).said() == {
        "task": "mnli",
        "language": "en",
        "split": "train",
        "cap": None,
        "max_length": 128,
    }


def test_all_languages_are_those_there_are_files_in(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("data")
    (folder / "panx").mkdir()
    for language in ("sw", "en"):
        (folder / f"panx/train-{language}.tsv").write_text("Juma\tB-PER\n\n")
    recipe = load_text(stages("a: {train: {task: panx, language: all}}")).recipe
    assert [part.language for part in recipe.parts_of("a", [folder])] == ["en", "sw"]
    assert len(recipe.parts_of("a")) == 40


@pytest.mark.parametrize(
    ("train", "expected"),
    [
        ("{task: xnli, language: de, shots: 5, cap: 7}, method: lora",
         "3 stages.a.train.cap: `shots` already sets the number of examples"),
        ("[mnli, {task: xnli, language: de, shots: 5, cap: 7}]",
         "3 stages.a.train[1].cap: `shots` already sets the number of examples"),
        ("{task: xnli, language: de, shots: 5}, cap: 7",
         "3 stages.a.cap: the stage trains on shots only"),
        ("{task: mnli, shot_seed: 5}", "3 stages.a.train.shot_seed: has no effect without"),
        ("{task: mnli, shots: 0}", "3 stages.a.train[0].shots: must be above 0"),
        ("{task: mnli, weight: 0.5}", "3 stages.a.train.weight: the stage trains on one task"),
        ("[mnli, {task: squad, weight: 0}]", "3 stages.a.train[1].weight: must be above 0"),
        ("[mnli, {task: squad, weight: 1.5}]", "3 stages.a.train[1].weight: must be below 1"),
        ("[mnli, {task: squad, weight: 0.6}, {task: udpos, weight: 0.4}]",
         "3 stages.a.train[2].weight: the weights add up to 1, so no steps are left"),
        ("[{task: mnli, weight: 0.5}, {task: squad, weight: 0.4}]",
         "3 stages.a.train[1].weight: the weights add up to 0.9, but they must add up to 1"),
        ("[mnli, {task: squad, weight: 0.6}], sampling: uniform",
         "3 stages.a.sampling: the weights already set"),
        ("{task: xnli, language: de}",
         "3 stages.a.train.language: `xnli`, which is trained on `mnli`, has no language `de` "
         "(`split: dev` has this language)"),
        ("{task: xnli, language: xx, shots: 5}", "3 stages.a.train.language: `xnli` has no lan"),
    ],
)  # fmt: skip
def test_what_is_refused(train: str, expected: str) -> None:
    [found] = problems(stages(f"a: {{train: {train}}}"))
    assert found.startswith(expected)


@pytest.mark.parametrize(
    ("train", "expected"),
    [
        ("{task: panx, translated: de}",
         "3 stages.a.train.translated: `panx` has no translated training data (there are some of "),
        ("[mnli, {task: xnli, translated: de, language: de}]",
         "3 stages.a.train[1].language: `translated` already sets the languages of the data"),
        ("{task: xnli, translated: xx}",
         "3 stages.a.train.translated: `xnli_translate_train` has no language `xx`"),
        ("{task: xnli, translated: de, split: dev}",
         "3 stages.a.train.split: `xnli_translate_train` has no split `dev` (it has train)"),
    ],
)  # fmt: skip
def test_what_is_refused_of_translations(train: str, expected: str) -> None:
    with pytest.raises(InvalidRecipeError) as caught:
        load_text(stages(f"a: {{train: {train}}}"))
    [found] = caught.value.problems
    assert f"{found.line} {found.path}: {found.message} ({found.hint})".startswith(expected)


def test_translations_are_of_a_task_and_its_head() -> None:
    (part,) = parts("{task: xnli, translated: de}")
    assert (part.task, part.read, part.language) == ("xnli", "xnli_translate_train", "de")
    assert told(part.said())[0] == "xnli[translated](de)"
    assert len(parts("{task: xquad, translated: all}")) == 10


def test_several_labels_are_no_class() -> None:
    from adapterxlt.tasks.catalogue import catalogue

    tasks = dict(catalogue())
    topics = tasks["sib200"].model_copy(update={"multi_label": True})
    with pytest.raises(InvalidRecipeError) as caught:
        load_text(stages("a: {train: {task: sib200, shots: 5}}"), tasks={**tasks, "sib200": topics})
    assert "have several labels, so shots per class are not defined" in str(caught.value)


def test_sound_ones() -> None:
    for train in (
        "[{task: mnli, weight: 0.25}, {task: squad, weight: 0.75}]",
        "[mnli, squad, {task: udpos, weight: 0.4}], sampling: uniform",
        "[{task: xnli, language: en}, {task: xnli, language: de, shots: 5}]",
        "{task: udpos, language: de, shots: 5}",
    ):
        assert problems(stages(f"a: {{train: {train}}}")) == []


def test_only_mixtures_with_weights_have_another_address(
    tmp_path: Path, tiny_backbone: Path
) -> None:
    """Their steps were once drawn, so that a share was a chance."""
    for language in ("en", "de"):
        file = tmp_path / f"data/pawsx/train-{language}.tsv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("one\ttwo\t1\n", encoding="utf-8")
    path = tmp_path / "r.yaml"
    german = "{task: pawsx, language: de"
    path.write_text(
        f"name: r\nbackbone: {tiny_backbone}\ndata: data\nstages:\n"
        f"  a: {{train: [pawsx, {german}}}]}}\n  b: {{train: [pawsx, {german}, weight: 0.5}}]}}\n"
    )
    loaded = load_recipe(path)
    sources = resolve_sources(loaded.recipe, loaded.base)
    first, second = make_plan(loaded.recipe, Store(tmp_path / "store"), sources).steps
    assert "shares" not in first.step.params
    assert second.step.params["shares"] == "exact"


def test_a_lineage_says_how_much_of_what() -> None:
    def words(*parts: Part) -> str:
        said = [part.said() for part in parts]
        return told(said[0] if len(said) == 1 else {"tasks": said, "sampling": "uniform"})[0]

    few = Part("xnli", "sw", "dev", None, 128, shots=10)
    assert words(few) == "xnli[10 shots](sw)"
    seeded = Part("xnli", "sw", "dev", None, 128, shots=10, shot_seed=0)
    assert words(Part("xnli", "en", "train", 99, 128), seeded) == (
        "xnli[99] + xnli[10 shots of seed 0](sw)"
    )
    texts = [Part("mlm", code, "train", None, 128, weight=0.05) for code in ("de", "sw")]
    assert words(Part("mnli", "en", "train", None, 128), *texts) == (
        "mnli + mlm(de, sw) 0.1 of steps"
    )
    assert words(Part("panx", "sw", "train", None, 128)) == "panx(sw)"
