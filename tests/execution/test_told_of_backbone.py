"""What a recipe tells of its backbone shows in the results."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from click.testing import CliRunner

from adapterxlt.backbones.find import resolve_backbone
from adapterxlt.cli.main import cli
from adapterxlt.plan.plan import make_plan, resolve_sources
from adapterxlt.recipe.load import load_recipe
from adapterxlt.stages.running.contamination import describe_overlap, hash_texts
from adapterxlt.stages.running.text_hashes import TextHashes
from adapterxlt.store.store import Store
from adapterxlt.tasks.read import read_examples, read_sides
from adapterxlt.tasks.texts import texts_of

RECIPE = """
name: r
backbone: {name: mini, seen: [udpos], prefix: "query: "}
data: pocket
stages:
  search: {retrieve: [none], on: tatoeba, languages: [de], layers: [2]}
"""


def test_the_prefix_is_named(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(RECIPE)
    ran = CliRunner().invoke(
        cli, ["run", str(tmp_path / "r.yaml"), "--workdir", str(tmp_path / "w")]
    )
    assert ran.exit_code == 0, ran.output
    rows = json.loads((tmp_path / "w" / "results.json").read_text())["rows"]
    assert {row["protocol"] for row in rows} == {'xtreme-2020, prefix "query: "'}


def test_texts_its_makers_trained_on_are_known(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(RECIPE)
    loaded = load_recipe(tmp_path / "r.yaml", find_backbone=resolve_backbone)
    sources = resolve_sources(loaded.recipe, loaded.base, loaded.backbone)
    task = sources.tasks["udpos"]
    english = hash_texts(texts_of(read_examples(task, sources.roots, "en", "train")))
    seen = TextHashes(sources).pretrained("udpos")
    assert np.isin(english, seen).all()
    told = describe_overlap(english[:3], {"pretraining (udpos)": seen})
    assert told == "pretraining (udpos) 3 of 3 texts"
    # Translations have no training split: whoever used them used all; XNLI's is MNLI's.
    german = hash_texts(read_sides(sources.tasks["tatoeba"], sources.roots, "de", "test")[0])
    assert np.isin(german, TextHashes(sources).pretrained("tatoeba")).all()
    texts = TextHashes(sources)
    assert texts.pretrained("xnli").tolist() == texts.pretrained("mnli").tolist() != []


TASK = """\
kind: text_classification
labels: [animals, food]
languages: [en]
format: csv
columns: {text: text, label: label}
files: "NAME.{split}.csv"
splits: SPLITS
"""
FLAGGED = """\
name: flagged
backbone: {name: BACKBONE, seen: [crawl]}
data: pocket
tasks: [topics.yaml, crawl.yaml]
training: {max_steps: 1, batch_size: 4}
stages:
  direct: {train: topics, method: lora}
  scores: {evaluate: direct, on: topics, split: test}
"""


def _rows(*texts: str) -> str:
    labels = ("animals", "food")
    return "text,label\n" + "".join(f"{t},{labels[n % 2]}\n" for n, t in enumerate(texts))


def test_evaluation_texts_that_its_makers_trained_on_are_flagged_everywhere(
    tiny_backbone: Path, tmp_path: Path
) -> None:
    (tmp_path / "topics.yaml").write_text(
        TASK.replace("NAME", "topics").replace("SPLITS", "[train, test]")
    )
    (tmp_path / "crawl.yaml").write_text(TASK.replace("NAME", "crawl").replace("SPLITS", "[train]"))
    (tmp_path / "topics.train.csv").write_text(_rows("a dog", "some bread"))
    (tmp_path / "topics.test.csv").write_text(_rows("a cat", "two apples", "a horse", "an egg"))
    (tmp_path / "crawl.train.csv").write_text(_rows("A cat!", "an egg", "a bird", "tea"))
    recipe = tmp_path / "r.yaml"
    recipe.write_text(FLAGGED.replace("BACKBONE", json.dumps(str(tiny_backbone))))
    ran = CliRunner().invoke(cli, ["run", str(recipe), "--workdir", str(tmp_path / "w")])
    assert ran.exit_code == 0, ran.output
    rows = json.loads((tmp_path / "w" / "results.json").read_text())["rows"]
    assert {row["contamination"] for row in rows} == {"pretraining (crawl) 2 of 4 texts"}
    shown = f"{next(row['value'] for row in rows if row['main']):.1f}!"
    assert shown in ran.output
    assert "en: pretraining (crawl) 2 of 4 texts" in ran.output
    page = tmp_path / "page.html"
    made = CliRunner().invoke(cli, ["report", str(tmp_path / "w"), "--html", str(page)])
    assert made.exit_code == 0, made.output
    assert shown in page.read_text()
    assert "pretraining (crawl) 2 of 4 texts" in page.read_text()


def test_tasks_that_are_not_here_are_named(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(RECIPE.replace("[udpos]", "[qqp, udpos, squad]"))
    command = ["run", str(tmp_path / "r.yaml"), "--workdir", str(tmp_path / "w")]
    (tmp_path / "data").mkdir()
    ran = CliRunner().invoke(cli, [*command, "--data", "pocket"])
    assert ran.exit_code == 0, ran.output
    assert "`seen`: the data folders have no files of qqp, so evaluation texts" in ran.stderr
    again = CliRunner().invoke(cli, [*command, "--data", "pocket"])
    assert "warning" not in again.stderr  # nothing is evaluated any more


CELLS = """\
name: r
backbone: {name: mini, TOLD}
data: pocket
stages:
  tags: {train: udpos, method: lora, max_steps: 1}
  scores: {evaluate: tags, on: udpos, languages: [de]}
  search: {retrieve: [none, tags], on: tatoeba, languages: [de], layers: [2]}
"""


def test_what_is_told_of_a_backbone_is_in_the_addresses_that_it_changes(tmp_path: Path) -> None:
    def addresses(told: str) -> dict[str, str]:
        (tmp_path / "r.yaml").write_text(CELLS.replace(", TOLD", told))
        loaded = load_recipe(tmp_path / "r.yaml", find_backbone=resolve_backbone)
        sources = resolve_sources(loaded.recipe, loaded.base, loaded.backbone)
        plan = make_plan(loaded.recipe, Store(tmp_path / "store"), sources)
        return {step.step.id: step.fingerprint for step in plan.steps}

    def changed(told: str) -> set[str]:
        return {name for name, address in addresses(told).items() if address != plain[name]}

    plain = addresses("")
    searched = {"search/none/tatoeba", "search/tags/tatoeba"}
    assert changed(', prefix: "query: "') == searched
    assert changed(", seen: [udpos]") == searched | {"scores/tags/udpos"}
    assert changed(', seen: [], prefix: ""') == set()


def test_texts_that_come_later_are_compared(tmp_path: Path, tiny_backbone: Path) -> None:
    """What was measured without them is measured again, and combined with what was not."""
    (tmp_path / "topics.yaml").write_text(
        TASK.replace("NAME", "topics").replace("SPLITS", "[train, test]")
    )
    (tmp_path / "crawl.yaml").write_text(TASK.replace("NAME", "crawl").replace("SPLITS", "[train]"))
    (tmp_path / "topics.train.csv").write_text(_rows("a dog", "some bread"))
    (tmp_path / "topics.test.csv").write_text(_rows("a cat", "two apples", "a horse", "an egg"))
    recipe = tmp_path / "r.yaml"
    recipe.write_text(FLAGGED.replace("BACKBONE", json.dumps(str(tiny_backbone))))

    def rows() -> list[dict[str, object]]:
        ran = CliRunner().invoke(cli, ["run", str(recipe), "--workdir", str(tmp_path / "w")])
        assert ran.exit_code == 0, ran.output
        assert ("no files of crawl" in ran.stderr) == (not crawl.exists())
        found: list[dict[str, object]] = json.loads((tmp_path / "w/results.json").read_text())[
            "rows"
        ]
        return found

    crawl = tmp_path / "crawl.train.csv"
    [before, *_] = rows()
    crawl.write_text(_rows("A cat!", "an egg", "a bird", "tea"))
    [after, *_] = rows()
    assert (before["contamination"], after["contamination"]) == (
        "",
        "pretraining (crawl) 2 of 4 texts",
    )
    assert before["cell"] != after["cell"]
    assert (before["fingerprint"], before["setup"]) == (after["fingerprint"], after["setup"])
