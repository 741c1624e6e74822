"""The recipe of lexical injection does it, on few of its words."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.execution.run import run_recipe
from adapterxlt.plan.plan import resolve_sources
from adapterxlt.plan.trial import in_small
from adapterxlt.recipe.load import load_recipe

RECIPE = Path(__file__).resolve().parents[2] / "recipes" / "methods" / "lexical-injection.yaml"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_in_small(tmp_path: Path) -> None:
    few = ["stages.words.layers=[0,2]", "stages.search.languages=sw", "stages.search.retrieve=none"]
    loaded = load_recipe(RECIPE, few)
    sources = resolve_sources(loaded.recipe, loaded.base)
    recipe, _ = in_small(loaded.recipe, 8, sources.roots)
    done = run_recipe(recipe, workdir=tmp_path, sources=sources)
    assert not done.failed
    lineages = {row.model: row.lineage for row in done.rows}
    method = "lora[r=16,alpha=32,leave_out=[2,3]]"
    assert lineages == {
        "none": "mini",
        "lexical": f"mini > en_de aligned at layer 2 ({method}, infonce, 8 entries)",
        "triplet": f"mini > en_de aligned at layer 2 ({method}, triplet, 8 entries)",
    }
    values = {
        (row.model, row.layer): row.value
        for row in done.rows
        if (row.task, row.metric, row.pooling) == ("en_de", "similarity", "mean-no-special")
    }
    assert values.keys() == {(model, layer) for model in lineages for layer in (0, 2)}
    # Nothing is trained in the embeddings.
    assert values["lexical", 0] == values["triplet", 0] == values["none", 0]
    assert values["lexical", 2] != values["none", 2]
