"""The recipes of language adapters do what they say, in small."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.execution.run import run_recipe
from adapterxlt.plan.plan import resolve_sources
from adapterxlt.recipe.load import load_recipe

RECIPES = Path(__file__).resolve().parents[2] / "recipes" / "methods"
SMALL = ["training.max_steps=1", "training.batch_size=4", "training.cap=8"]


@pytest.mark.parametrize(
    ("name", "stage", "settings", "used"),
    [
        ("mad-x", "tags", ["stages.search.layers=2", "stages.search_in.layers=2"], "en"),
        ("plain-mad-x", "entities", [], "en"),
        ("composable-sft", "entities", [], "none"),
    ],
)
def test_each_language_gets_its_own(
    name: str, stage: str, settings: list[str], used: str, tmp_path: Path
) -> None:
    loaded = load_recipe(RECIPES / f"{name}.yaml", [*SMALL, f"stages.{stage}.cap=4", *settings])
    sources = resolve_sources(loaded.recipe, loaded.base)
    done = run_recipe(loaded.recipe, workdir=tmp_path, sources=sources)
    assert not done.failed
    rows = [row for row in done.rows if row.stage == stage and row.main]
    spoken = {(row.model != "direct", row.language): row.language_adapter for row in rows}
    assert spoken == {
        **{(False, code): None for code in ("en", "de", "sw", "tr")},
        **{(True, code): code for code in ("en", "de", "sw")},
        (True, "tr"): used,
    }


def test_a_fusion_stands_on_the_adapter_of_each_language(tmp_path: Path) -> None:
    loaded = load_recipe(RECIPES / "language-fusion.yaml", [*SMALL, "stages.scores.cap=4"])
    sources = resolve_sources(loaded.recipe, loaded.base)
    done = run_recipe(loaded.recipe, workdir=tmp_path, sources=sources)
    assert not done.failed
    rows = [row for row in done.rows if row.main]
    assert {(row.model, row.language): row.language_adapter for row in rows} == {
        (model, code): code for model in ("direct", "fused") for code in ("en", "de", "sw")
    }
    below = "pocket_text (seq_bn_inv[leave_out=[-1]], 8 examples)"
    members = " + ".join(
        f"{below} > {task} (seq_bn, 8 examples, stacked)" for task in ("mnli", "squad")
    )
    assert {row.lineage for row in rows if row.model == "fused"} == {
        f"mini > {below} > fuse({members}) > pawsx (fusion, 8 examples)"
    }
