"""The recipes of one technique each do it, on few of the bundled examples."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import mean

import pytest

from adapterxlt.execution.run import run_recipe
from adapterxlt.plan.plan import make_plan, resolve_sources
from adapterxlt.plan.trial import in_small
from adapterxlt.recipe.kinds import measured_by
from adapterxlt.recipe.load import load_recipe
from adapterxlt.report.guesses import checked
from adapterxlt.store.store import STORE_FOLDER, Store

RECIPES = Path(__file__).resolve().parents[2] / "recipes" / "methods"
COUNT = 6  # examples of a task and of a language
NLI, PARA, QA = (f"{task} ({{}}, 6 examples)" for task in ("mnli", "pawsx", "squad"))
FULL, BN = "full", "seq_bn"
TWO = f"merge({PARA.format(FULL)} + {PARA.format(FULL)}"
WORDS = f"merge({PARA.format(FULL)} + pocket_text(sw) (full, 6 examples)"
LINEAGES = {
    "sequence": {
        "direct": PARA.format(BN),
        "after_nli": f"{NLI.format(BN)} > pawsx (seq_bn, 6 examples, after)",
    },
    "mixed-sequence": {
        "headed": f"{NLI.format(FULL)} > pawsx (seq_bn, 6 examples, after) > pawsx (lora, 6 "
        "examples, stacked) > pawsx (head, 6 examples, after)",
    },
    "stack": {"over_nli": f"{NLI.format(BN)} > pawsx (seq_bn, 6 examples, stacked)"},
    "fusion": {
        "fused": f"fuse({NLI.format(BN)} + {QA.format(BN)}) > pawsx (fusion, 6 examples)",
    },
    "ensemble": {"voted": "ensemble(" + " + ".join([PARA.format(BN)] * 3) + ")"},
    "multi-task": {"mixed": "mnli[6] + squad[6] (seq_bn, capped)"},
    "sft": {"sparse": PARA.format("sft[density=0.05]")},
    "bitfit": {"biases": PARA.format("bitfit")},
    "head": {
        "bare": PARA.format("head"),
        "over_nli": f"{NLI.format(BN)} > pawsx (head, 6 examples, after)",
    },
    "frozen-layers": {
        "embeddings": PARA.format("full[freeze=0]"),
        "upper": PARA.format("full[freeze=2]"),
    },
    "lora-merge": {
        "exact": f"merge({PARA.format('lora')} + {PARA.format('lora[r=4]')})",
        "cut": f"merge({PARA.format('lora')} + {PARA.format('lora[r=4]')}, rank 8)",
    },
    "task-arithmetic": {
        model: f"merge({PARA.format(FULL)} + {NLI.format(FULL)}, weights 1/{weight}, "
        "head of the first)"
        for model, weight in (("plus", 0.5), ("minus", -0.5))
    },
    "ties": {"mean": f"{TWO})", "ties": f"{TWO}, ties, largest 0.2)"},
    "dare": {
        "dare": f"{TWO}, random 0.2, rescaled)",
        "both": f"{TWO}, ties, random 0.2, rescaled)",
    },
    "breadcrumbs": {
        "crumbs": f"{TWO}, all but the smallest and largest, 0.14 without the largest 0.01)",
    },
    "layer-swapping": {
        "swapped": f"{WORDS}, layers 0-0: 0/1, layers 1-2: 1/0, layers 3-3: 0/1, "
        "head of the first)",
    },
    "language-vectors": {"summed": f"{WORDS}, weights 1/1, head of the first)"},
    "uniform-soup": {"soup": f"{TWO} + {PARA.format(FULL)})"},
    "greedy-soup": {
        "soup": f"{TWO} + {PARA.format(FULL)} + {PARA.format(FULL)}, "
        "greedy soup on pawsx en dev[6])",
    },
}


@pytest.fixture(scope="module")
def workdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all, so that what several recipes train is trained once."""
    return tmp_path_factory.mktemp("methods")


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", LINEAGES)
def test_in_small(name: str, workdir: Path) -> None:
    loaded = load_recipe(RECIPES / f"{name}.yaml")
    sources = resolve_sources(loaded.recipe, loaded.base)
    recipe, _ = in_small(loaded.recipe, COUNT, sources.roots)
    done = run_recipe(recipe, workdir=workdir, sources=sources)
    assert not done.failed
    measured = {model for stage in recipe.stages.values() for model in measured_by(stage)}
    found = {row.model: row.lineage for row in done.rows if row.main and row.n == COUNT}
    assert found.keys() == measured
    for model, lineage in LINEAGES[name].items():
        assert found[model] == f"mini > {lineage}"
    if name == "greedy-soup":
        store = Store(workdir / STORE_FOLDER)
        soup = make_plan(recipe, store, sources).by_id("soup")
        metrics = json.loads((store.path(soup.fingerprint) / "metrics.json").read_text())
        kept = [one for one in metrics["greedy"]["members"] if one["kept"]]
        assert metrics["weights"].count(1 / len(kept)) == len(kept)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_guess_is_compared_with_the_true_gains(workdir: Path) -> None:
    few = ["training.lr=1e-2", "stages.ranking.sample=40"]
    loaded = load_recipe(RECIPES / "suggest.yaml", few)
    sources = resolve_sources(loaded.recipe, loaded.base)
    recipe, _ = in_small(loaded.recipe, 40, sources.roots)
    done = run_recipe(recipe, workdir=workdir, sources=sources)
    assert not done.failed
    values: dict[str, list[float]] = {"none": [], "nli": [], "qa": [], "tags": []}
    for row in done.rows:
        if row.stage == "scores" and row.main:
            values[row.model.removeprefix("after_").replace("direct", "none")].append(row.value)
    true = {model: mean(scores) for model, scores in values.items()}
    guesses: dict[str, dict[str, float]] = {}
    for row in done.rows:
        if row.stage == "ranking":
            guesses.setdefault(row.metric, {})[row.model] = row.value
    found = {one.measure: one for one in checked(done.rows)}
    assert found.keys() == guesses.keys() >= {"linear_probe", "knn", "logme", "h_score"}
    for measure, one in found.items():
        first = max(guesses[measure], key=lambda model: guesses[measure][model])
        assert one.candidates == 4
        assert one.regret_1 == pytest.approx(max(true.values()) - true[first])
        assert -1 <= one.correlation <= 1
    assert len(set(true.values())) > 1


def test_each_says_what_it_follows() -> None:
    for path in sorted(RECIPES.glob("*.yaml")):
        lines = path.read_text(encoding="utf-8").splitlines()
        comment = " ".join(line for line in lines if line.startswith("# "))
        assert any(f" {year}" in comment for year in range(2015, 2027)), path.name
        assert len(lines) < 40, path.name
