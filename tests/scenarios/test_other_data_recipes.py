"""The recipes that train on other data than English examples do so, on few examples."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.scenarios.program import Cli

RECIPES = Path(__file__).resolve().parents[2] / "recipes" / "methods"
LINEAGES = {
    "few-shot": {
        "english": "mini > pawsx (seq_bn, 6 examples)",
        "few_2": "mini > pawsx (seq_bn, 6 examples) > pawsx[6 shots of seed 2](sw) (seq_bn, after)",
        "mixed": "mini > pawsx[6] + pawsx[6 shots of seed 1](sw) (seq_bn, proportional)",
    },
    "target-language": {
        "swahili": "mini > panx(sw) (seq_bn, 6 examples)",
        "together": "mini > panx[6](en, sw) (seq_bn, proportional)",
        "several": "mini > panx[6](en, de, fr, es, ru, sw, zh, tr) (seq_bn, proportional)",
    },
    "mixed-mlm": {
        "nli_texts": "mini > mnli[6] + pocket_text[6](de, en, es, fr, ru, sw, tr, zh) 0.2 of steps "
        "(seq_bn, proportional)",
    },
}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", LINEAGES)
def test_in_small(cli: Cli, name: str) -> None:
    done = cli("run", RECIPES / f"{name}.yaml", "--trial", "6", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["steps"]["failed"] == {}
    found = {row["model"]: row["lineage"] for row in document["results"]}
    assert {model: found[model] for model in LINEAGES[name]} == LINEAGES[name]
    if name == "few-shot":
        seeds = {row["model"]: row.get("shot_seed") for row in document["results"]}
        assert seeds == {"english": None, "few_1": 1, "few_2": 2, "mixed": 1, "alone": 1}
        assert {row["contamination"] for row in document["results"]} == {""}
