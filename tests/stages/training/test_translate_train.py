"""The shipped recipe on translated data, with files as XTREME publishes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.backbones.find import resolve_backbone
from adapterxlt.execution.run import run_recipe
from adapterxlt.plan.plan import Sources, make_plan
from adapterxlt.recipe.load import load_recipe
from adapterxlt.store.store import Store

RECIPE = Path(__file__).resolve().parents[3] / "recipes" / "methods" / "translate-train.yaml"
LABELS = ("entailment", "neutral", "contradiction")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three pairs a file, in English, German and Swahili."""
    files = {f"xnli/{split}-en.tsv": 2 for split in ("train", "dev", "test")}
    for language in ("de", "sw"):
        files |= {f"xnli/{split}-{language}.tsv": 2 for split in ("dev", "test")}
        place = "xtreme_translations/XNLI"
        files[f"{place}/translate-train/en-{language}-translated.tsv"] = 4
        files[f"{place}/translate-test/test-{language}-en-translated.tsv"] = 4
    for name, texts in files.items():
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [
            [*(f"{path.stem} {text} {row}" for text in range(texts)), label]
            for row, label in enumerate(LABELS)
        ]
        path.write_text("".join("\t".join(row) + "\n" for row in rows))
    return tmp_path / "data"


def test_the_shipped_recipe_can_be_planned(data: Path, tmp_path: Path) -> None:
    recipe = load_recipe(RECIPE, ["backbone=mini"]).recipe
    sources = Sources(resolve_backbone("mini", tmp_path), (data,))
    plan = make_plan(recipe, Store(tmp_path / "store"), sources)
    parts = plan.by_id("all").step.parts()
    assert [(part.read, part.language) for part in parts] == [
        ("xnli", "en"),
        ("xnli_translate_train", "de"),
        ("xnli_translate_train", "sw"),
    ]


def test_the_shipped_recipe_runs_in_small(data: Path, tiny_backbone: Path, tmp_path: Path) -> None:
    small = [f"stages.{name}.max_steps=2" for name in ("english", "german", "all")]
    backbone = resolve_backbone(str(tiny_backbone), tmp_path)
    loaded = load_recipe(RECIPE, [f"backbone={tiny_backbone}", *small])
    sources = Sources(backbone, (data,))
    done = run_recipe(loaded.recipe, workdir=tmp_path / "work", sources=sources)
    assert not done.failed
    rows = [row for row in done.rows if row.main]
    assert {(row.stage, row.model, row.language, row.n) for row in rows} == {
        *(("scores", model, code, 3) for model in ("english", "german", "all")
          for code in ("en", "de", "sw")),
        *(("translated", "english", code, 3) for code in ("de", "sw")),
    }  # fmt: skip
    translated, best = "xnli[translated]", "best epoch on dev"
    assert {row.model: row.lineage for row in rows} == {
        "english": f"{tiny_backbone} > xnli (full, {best})",
        "german": f"{tiny_backbone} > {translated}(de) (full, {best})",
        "all": f"{tiny_backbone} > xnli + {translated}(de, sw) (full, proportional, {best})",
    }
    assert {row.protocol for row in rows if row.stage == "translated"} == {"translate-test"}
    assert {row.model: row.trained_in for row in rows} == {
        "english": ("en",), "german": ("de",), "all": ("en", "de", "sw"),
    }  # fmt: skip
