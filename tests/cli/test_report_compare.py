"""`adapterxlt report ... --compare`: models of different recipes and work folders."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from adapterxlt.cli.main import cli
from adapterxlt.results.kept import write_results
from adapterxlt.results.outcomes import Outcomes, write_outcomes
from adapterxlt.store.files import address_of
from adapterxlt.store.store import STORE_FOLDER, Store
from tests.report.rows import row

DRAW = np.random.default_rng(0)
GOLD = DRAW.integers(0, 2, 300)
GOOD, POOR = (np.where(DRAW.random(300) < share, GOLD, 1 - GOLD) for share in (0.9, 0.6))
OTHER = np.arange(300) + 300


def measured(
    workdir: Path,
    recipe: str,
    models: Mapping[str, Any],
    *,
    gold: Any = GOLD,
    ids: Any = None,
    languages: Sequence[str] = ("en", "de", "sw"),
    seed: int = 1,
    stage: str = "scores",
    task: str = "pawsx",
    swapped: bool | None = None,
) -> str:
    """Write the results of one stage of a recipe, in which the first model is the baseline.

    With `swapped`, the model is the backbone itself, with each language's adapter or without.
    """
    rows = []
    for model, predicted in models.items():
        own = {"model": model, "recipe": recipe, "seed": seed}
        cell = address_of({**own, "folder": workdir.name, "stage": stage, "task": task})
        folder = Store(workdir / STORE_FOLDER).path(cell)
        folder.mkdir(parents=True)
        write_outcomes(
            folder,
            [
                Outcomes(
                    code,
                    "dev",
                    np.arange(len(gold)) if ids is None else ids,
                    {"gold": np.asarray(gold), "predicted": np.asarray(predicted)},
                    parallel=True,
                    labels=("no", "yes"),
                )
                for code in languages
            ],
        )
        for code in languages:
            value = 100 * float((np.asarray(gold) == predicted).mean())
            made = row(model, code, value, baseline=next(iter(models)), stage=stage, task=task)
            rows.append(
                dataclasses.replace(
                    made,
                    recipe=recipe,
                    recipe_id=address_of({"recipe": recipe, "seed": seed})[:8],
                    seed=seed,
                    cell=cell,
                    setup=address_of({"model": model, "recipe": recipe, "stage": stage})[:16],
                    fingerprint=address_of({**own, "folder": workdir.name}),
                )
                if swapped is None
                else dataclasses.replace(
                    made,
                    recipe=recipe,
                    recipe_id=address_of({"recipe": recipe})[:8],
                    cell=cell,
                    setup="bare",
                    fingerprint="",
                    language_adapter=code if swapped else None,
                )
            )
    order = [f"{stage}/{model}/{task}" for model in models]
    write_results(workdir, recipe, rows, order=order)
    return str(workdir)


def report(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["report", *map(str, arguments)], env={"COLUMNS": "400"})


def comparisons(*arguments: str | Path) -> list[dict[str, Any]]:
    told = report(*arguments, "--json")
    assert told.exit_code == 0, told.output
    found: list[dict[str, Any]] = json.loads(told.stdout)["comparisons"]
    return found


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    """Two runs of one model each; both models are called `direct`."""
    return [
        measured(tmp_path / "wa", "with-adapter", {"direct": GOOD}),
        measured(tmp_path / "wb", "with-lora", {"direct": POOR}),
    ]


def test_models_of_two_folders_are_compared(folders: list[str]) -> None:
    assert comparisons(*folders) == []
    names = [f"{folder}:direct" for folder in folders]
    [one] = comparisons(*folders, "--compare", *names)
    assert (one["model"], one["baseline"], one["asked"]) == (*names, True)
    assert (one["task"], one["split"], one["metric"]) == ("pawsx", "dev", "accuracy")
    assert one["languages"] == ["de", "sw"]
    assert one["points"] == pytest.approx(
        100 * float((GOOD == GOLD).mean() - (POOR == GOLD).mean())
    )
    assert 0 < one["low"] < one["points"] < one["high"]
    assert one["verdict"] == "better"
    assert one["examples"] == 600
    assert "clustered by translation" in one["interval"]


def test_a_name_may_have_its_recipe_before_it(folders: list[str]) -> None:
    [one] = comparisons(*folders, "--compare", "with-lora:direct", "with-adapter:direct")
    assert one["verdict"] == "worse"


def test_p_is_corrected_for_all_comparisons(tmp_path: Path) -> None:
    close = np.where(np.arange(300) < 20, 1 - GOOD, GOOD)
    one = measured(tmp_path / "wa", "a", {"direct": GOOD, "after": close})
    other = measured(tmp_path / "wb", "b", {"plain": POOR})
    [alone] = comparisons(one, other)
    assert alone["asked"] is False
    both = comparisons(one, other, "--compare", "after", "plain")
    assert [each["asked"] for each in both] == [False, True]
    assert sorted(each["p_corrected"] / each["p"] for each in both) == pytest.approx([1, 2])
    again = comparisons(one, other, "--compare", "after", "direct")
    assert again == [alone]  # what the recipe compares already counts once


def test_seeds_are_put_together(tmp_path: Path) -> None:
    runs = []
    for seed in (1, 2, 3):
        changed = np.where(np.arange(300) % 11 == seed, 1 - GOOD, GOOD)
        name = tmp_path / f"s{seed}"
        runs.append(measured(name, "a", {"direct": changed}, seed=seed))
    other = measured(tmp_path / "wb", "b", {"plain": POOR})
    [one] = comparisons(*runs, other, "--compare", "direct", "plain")
    assert (one["seeds"], one["sides"]) == (3, [3, 1])
    [first] = comparisons(*runs, other, "--compare", f"{runs[0]}:direct", "plain")
    assert first["sides"] == [1, 1]
    starred = measured(tmp_path / "wc", "c", {"x.s1": GOOD, "x.s2": POOR})
    names = ("x.s*", "plain")
    assert "several models" in report(starred, other, "--compare", *names).stderr


def test_the_languages_that_both_have_count(tmp_path: Path) -> None:
    one = measured(tmp_path / "wa", "a", {"few": GOOD}, languages=["en"])
    measured(tmp_path / "wa", "a2", {"all": GOOD}, languages=["en", "de", "th"])
    other = measured(tmp_path / "wb", "b", {"plain": POOR}, languages=["sw", "de", "en"])
    [found] = comparisons(one, other, "--compare", "few", "plain")
    assert (found["languages"], found["where"]) == (["en"], "in en")
    [found] = comparisons(one, other, "--compare", "all", "plain")
    assert (found["languages"], found["where"]) == (["de"], "zero-shot")


def test_it_stands_in_every_format(folders: list[str], tmp_path: Path) -> None:
    asked = ["--compare", *(f"{folder}:direct" for folder in folders)]
    told = " vs ".join(asked[1:])
    out = tmp_path / "out"
    files = [out / f"r.{suffix}" for suffix in ("html", "md", "csv", "tex")]
    options = ("--html", "--markdown", "--csv", "--latex")
    pairs = [part for pair in zip(options, files, strict=True) for part in pair]
    done = report(*folders, *asked, *pairs)
    assert done.exit_code == 0, done.output
    shown = report(*folders, *asked).stdout
    assert "Compared as asked" in shown
    assert f"{told} on pawsx dev: better, +" in shown
    page, markdown, rows, latex = (path.read_text(encoding="utf-8") for path in files)
    assert told in page
    assert f"| {told} | pawsx |" in markdown
    assert told.replace("_", r"\_") in latex
    lines = list(csv.DictReader(rows.splitlines()))
    assert [(one["language"], one["comparison_verdict"]) for one in lines] == [
        *[(code, "") for code in ("en", "de", "sw")] * 2, ("de", "better"), ("sw", "better")
    ]  # fmt: skip
    assert {one["baseline"] for one in lines[-2:]} == {asked[2]}


def test_an_unknown_model_is_named(folders: list[str]) -> None:
    told = report(*folders, "--compare", "direkt", "direct")
    assert told.exit_code == 2
    assert told.stderr.splitlines() == [
        "error: --compare: no model is called `direkt`", "  did you mean `direct`?"
    ]  # fmt: skip


def test_an_ambiguous_name_is_refused(folders: list[str]) -> None:
    told = report(*folders, "--compare", "direct", f"{folders[0]}:direct")
    assert told.exit_code == 2
    assert "several models on pawsx dev, accuracy are called `direct`" in told.stderr
    assert f"say which: `{folders[0]}:direct`, `{folders[1]}:direct`" in told.stderr


def test_one_model_is_not_compared_with_itself(folders: list[str]) -> None:
    told = report(*folders, "--compare", f"{folders[0]}:direct", "with-adapter:direct")
    assert told.exit_code == 2
    assert "both names are of the same model" in told.stderr


def test_models_without_a_common_task_are_refused(tmp_path: Path) -> None:
    one = measured(tmp_path / "wa", "a", {"pairs": GOOD})
    other = measured(tmp_path / "wb", "b", {"nli": GOOD}, task="xnli")
    told = report(one, other, "--compare", "pairs", "nli")
    assert told.exit_code == 2
    assert "not measured on the same task, split and metric" in told.stderr
    assert "`pairs` was measured on pawsx dev, accuracy; `nli` was measured on xnli" in told.stderr


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ids": OTHER}, "they have no example in common in de"),
        ({"gold": 1 - GOLD}, "examples with the same ids have other labels"),
        ({"languages": ["th"]}, "they have no language in common"),
    ],
)
def test_other_examples_are_refused(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    one = measured(tmp_path / "wa", "a", {"x": GOOD})
    other = measured(tmp_path / "wb", "b", {"y": POOR}, **changes)
    told = report(one, other, "--compare", "x", "y")
    assert told.exit_code == 2
    assert reason in told.stderr


def test_tasks_that_cannot_be_compared_are_named(tmp_path: Path) -> None:
    for name, gold in (("wa", GOLD), ("wb", 1 - GOLD)):
        measured(tmp_path / name, name, {f"m{name}": GOOD})
        measured(tmp_path / name, f"{name}2", {f"m{name}": GOOD}, task="xnli", gold=gold)
    told = report(tmp_path / "wa", tmp_path / "wb", "--compare", "mwa", "mwb")
    assert told.exit_code == 0, told.output
    assert "`mwa` and `mwb` are not compared on xnli dev, accuracy, examples" in told.stderr
    assert "mwa vs mwb on pawsx dev: no difference shown" in told.stdout


def test_only_some_examples_may_be_shared(tmp_path: Path) -> None:
    one = measured(tmp_path / "wa", "a", {"x": GOOD})
    other = measured(tmp_path / "wb", "b", {"y": POOR[:100]}, gold=GOLD[:100])
    [found] = comparisons(one, other, "--compare", "x", "y")
    assert found["examples"] == 200
    shares = [float((each[:100] == GOLD[:100]).mean()) for each in (GOOD, POOR)]
    assert found["points"] == pytest.approx(100 * (shares[0] - shares[1]))


def test_the_stage_with_more_in_common_counts(tmp_path: Path) -> None:
    one = measured(tmp_path / "wa", "a", {"x": GOOD}, languages=["sw"], stage="own")
    measured(tmp_path / "wa", "a", {"x": GOOD})
    other = measured(tmp_path / "wb", "b", {"y": POOR})
    [found] = comparisons(one, other, "--compare", "x", "y")
    assert found["languages"] == ["de", "sw"]


def test_a_backbone_with_language_adapters_is_told_from_itself(tmp_path: Path) -> None:
    folder = measured(tmp_path / "w", "a", {"none": GOOD}, stage="spoken", swapped=True)
    measured(tmp_path / "w", "b", {"none": POOR}, stage="plain", swapped=False)
    told = report(folder, "--compare", "none", "none")
    assert told.exit_code == 2
    assert "several models on pawsx dev, accuracy are called `none`" in told.stderr
    [found] = comparisons(folder, "--compare", "spoken:none", "plain:none")
    assert found["points"] == pytest.approx(30, abs=8)
    told = report(folder)
    assert told.stdout.count("each language on its own adapter: `none`") == 1
