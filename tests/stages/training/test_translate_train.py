"""The shipped recipe on translated data, with files as XTREME publishes them."""

from __future__ import annotations

from pathlib import Path

from adapterxlt.backbones.find import resolve_backbone
from adapterxlt.plan.plan import Sources, make_plan
from adapterxlt.recipe.load import load_recipe
from adapterxlt.store.store import Store

RECIPE = Path(__file__).resolve().parents[3] / "recipes" / "methods" / "translate-train.yaml"


def write(path: Path, *cells: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\t".join(cells) + "\n")


def test_the_shipped_recipe_can_be_planned(tmp_path: Path) -> None:
    pair = ("a", "b", "c", "d", "neutral")
    translations = tmp_path / "xtreme_translations" / "XNLI"
    for language in ("de", "sw"):
        write(translations / f"translate-train/en-{language}-translated.tsv", *pair)
        write(translations / f"translate-test/test-{language}-en-translated.tsv", *pair)
        write(tmp_path / f"xnli/dev-{language}.tsv", *pair[2:])
        write(tmp_path / f"xnli/test-{language}.tsv", *pair[2:])
    for name in ("test-en", "dev-en", "train-en"):
        write(tmp_path / f"xnli/{name}.tsv", *pair[2:])
    recipe = load_recipe(RECIPE, ["backbone=mini"]).recipe
    sources = Sources(resolve_backbone("mini", tmp_path), (tmp_path,))
    plan = make_plan(recipe, Store(tmp_path / "store"), sources)
    parts = plan.by_id("all").step.parts()
    assert [(part.read, part.language) for part in parts] == [
        ("xnli", "en"),
        ("xnli_translate_train", "de"),
        ("xnli_translate_train", "sw"),
    ]
