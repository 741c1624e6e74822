"""Training on the target language, on few examples of it, and with text mixed in: whole runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.execution.run import RunResult, run_recipe
from adapterxlt.plan.plan import resolve_sources
from adapterxlt.recipe.load import load_recipe
from adapterxlt.results.costs import read_costs

LANGUAGES = ("en", "sw")
RECIPE = """
name: other
backbone: {backbone}
data: {data}
training: {{max_steps: 6, batch_size: 4, max_length: 32, lr: 1e-3}}
stages:
  english: {{train: pawsx}}
  few:
    train: {{task: pawsx, language: sw, split: dev, shots: 3, shot_seed: 7}}
    after: english
  all_sw:  {{train: {{task: pawsx, language: sw}}}}
  both:    {{train: [pawsx, {{task: pawsx, language: sw, split: dev, shots: 2}}]}}
  texts:   {{train: [pawsx, {{task: mlm, language: all, weight: 0.5}}], max_steps: 12}}
  foreign: {{train: [pawsx, {{task: pawsx, translated: all}}]}}
  back:    {{evaluate: english, on: pawsx_translate_test, split: test}}
  scores:
    {{evaluate: [english, few, all_sw, both, texts, foreign], on: pawsx, languages: [en, sw]}}
  held:    {{evaluate: few, on: pawsx, languages: sw, split: test}}
"""


def run_file(recipe: Path, workdir: Path) -> RunResult:
    loaded = load_recipe(recipe)
    sources = resolve_sources(loaded.recipe, loaded.base)
    result = run_recipe(loaded.recipe, workdir=workdir, sources=sources)
    assert not result.failed
    return result


@pytest.fixture(scope="module")
def run(tiny_backbone: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunResult]:
    data = tmp_path_factory.mktemp("data")
    (data / "pawsx").mkdir()
    (data / "mlm").mkdir()
    for language in LANGUAGES:
        for split in ("train", "dev", "test"):
            lines = (
                f"{split} {language} sentence {n}\tthe other one {n} {split} {language}\t{n % 2}\n"
                for n in range(20)
            )
            (data / f"pawsx/{split}-{language}.tsv").write_text("".join(lines))
        text = "".join(f"a line of {language} text, number {n}\n" for n in range(9))
        (data / f"mlm/{language}.txt").write_text(text)
    for place, start in (("translate-train", "en-de"), ("translate-test", "test-de-en")):
        folder = data / "xtreme_translations/PAWSX" / place
        folder.mkdir(parents=True)
        lines = (f"a {n}\tb {n}\t{place} {n}\tanders {n}\t{n % 2}\n" for n in range(8))
        (folder / f"{start}-translated.tsv").write_text("".join(lines))
    recipe = data / "r.yaml"
    recipe.write_text(RECIPE.format(backbone=tiny_backbone, data=data))
    return data, run_file(recipe, data / "work")


def heads(folder: Path) -> dict[str, list[str]]:
    """The tasks of the heads of each trained stage, by what it was trained on."""
    found = {}
    for path in sorted((folder / "work" / "store").glob("*/*/model.json")) or sorted(
        (folder / "work" / "store").rglob("model.json")
    ):
        spec = json.loads(path.read_text())
        manifest = json.loads((path.parent / "manifest.json").read_text())
        found[manifest["title"]] = [
            spec["head"]["task"],
            *(head["task"] for head in spec.get("other_heads", [])),
        ]
    return found


def test_one_head_a_task(run: tuple[Path, RunResult]) -> None:
    assert heads(run[0]) == {
        "english": ["pawsx"],
        "few": ["pawsx"],
        "all_sw": ["pawsx"],
        "both": ["pawsx"],
        "texts": ["pawsx", "mlm"],
        "foreign": ["pawsx"],
    }


def test_rows_say_what_was_trained_on(run: tuple[Path, RunResult]) -> None:
    rows = {(row.model, row.split, row.language): row for row in run[1].rows}
    few = rows["few", "dev", "sw"]
    assert few.shot_seed == 7
    assert few.seed == 1
    assert few.lineage.endswith("pawsx (seq_bn) > pawsx[3 shots of seed 7](sw) (seq_bn, after)")
    assert few.trained_in == ("en", "sw")
    assert rows["both", "dev", "sw"].shot_seed == 1
    assert "shot_seed" not in rows["english", "dev", "sw"].as_dict()
    assert rows["all_sw", "dev", "en"].trained_in == ("sw",)
    assert rows["all_sw", "dev", "en"].lineage.endswith("> pawsx(sw) (seq_bn)")
    assert "mlm(en, sw) 0.5 of steps" in rows["texts", "dev", "sw"].lineage


def test_shots_are_contamination_where_they_are_evaluated_on(
    run: tuple[Path, RunResult],
) -> None:
    rows = {(row.model, row.split, row.language): row for row in run[1].rows}
    # Three of each of two classes, two texts each.
    assert rows["few", "dev", "sw"].contamination == "pawsx 12 of 40 texts"
    assert rows["both", "dev", "sw"].contamination == "pawsx 8 of 40 texts"
    assert rows["few", "test", "sw"].contamination == ""
    assert rows["few", "dev", "en"].contamination == ""


def test_a_weight_is_the_share_of_steps(run: tuple[Path, RunResult]) -> None:
    for path in (run[0] / "work" / "store").rglob("metrics.json"):
        tasks = json.loads(path.read_text()).get("tasks", [])
        if tasks and tasks[-1]["task"] == "mlm":
            assert [task["probability"] for task in tasks] == [0.5, 0.25, 0.25]
            assert [task["language"] for task in tasks] == ["en", "en", "sw"]
            assert sum(task["steps"] for task in tasks) == 12
            break
    else:
        raise AssertionError("the mixture is not in the store")


def test_too_few_are_told_before_any_work(run: tuple[Path, RunResult], tmp_path: Path) -> None:
    text = (run[0] / "r.yaml").read_text().replace("shots: 3", "shots: 11")
    recipe = tmp_path / "r.yaml"
    recipe.write_text(text)
    with pytest.raises(
        MissingDataError, match="has only 10 distinct examples of class `0` in language "
    ):
        run_file(recipe, tmp_path / "work")
    assert not list((tmp_path / "work").rglob("model.json"))


def test_costs_stand_beside_the_results(run: tuple[Path, RunResult]) -> None:
    costs = {cost.step: cost for cost in read_costs(run[0] / "work")}
    rows = run[1].rows
    assert {cost.step for cost in costs.values() if not cost.measures} == {
        "english", "few", "all_sw", "both", "texts", "foreign",
    }  # fmt: skip
    few, scored = costs["few"], costs["scores/few/pawsx"]
    assert few.fingerprint == next(row.fingerprint for row in rows if row.model == "few")
    assert {scored.fingerprint} == {
        row.cell for row in rows if row.model == "few" and row.stage == "scores"
    }
    assert few.parameters == costs["english"].parameters
    assert few.share is not None
    assert 0 < few.share < 100
    assert few.bytes > 4 * few.parameters
    assert few.peak_memory is None or few.peak_memory > 1 << 20
    assert (scored.queries, costs["held/few/pawsx"].queries) == (40, 20)
    assert scored.query_seconds is not None
    assert 0 < scored.query_seconds * 40 < scored.seconds
    assert few.queries is None


def test_translations_are_said_to_be_some(run: tuple[Path, RunResult]) -> None:
    rows = run[1].rows
    foreign = next(row for row in rows if row.model == "foreign")
    assert "pawsx + pawsx[translated](de) (seq_bn" in foreign.lineage
    assert foreign.trained_in == ("en", "de")
    back = next(row for row in rows if row.stage == "back")
    assert (back.task, back.language, back.n) == ("pawsx_translate_test", "de", 8)
    told = {(row.stage, row.model, row.language): row.protocol for row in rows}
    assert {
        (stage, *others): protocol
        for (stage, *others), protocol in told.items()
        if protocol != "zero-shot"
    } == {
        ("back", "english", "de"): "translate-test",
        ("held", "few", "sw"): "in-language",
        **{("scores", model, "sw"): "in-language" for model in ("few", "all_sw", "both")},
    }
