"""Merges that are run: soups chosen on dev, and what is kept of a merge."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.errors import InvalidRecipeError
from adapterxlt.execution.run import RunResult, run_recipe
from adapterxlt.models import tensors
from adapterxlt.plan.plan import make_plan, resolve_sources
from adapterxlt.recipe.load import LoadedRecipe, load_recipe
from adapterxlt.report.read import read_runs
from adapterxlt.report.soups import soups
from adapterxlt.sharing.make import make_artifact
from adapterxlt.store.store import STORE_FOLDER, Store

HEAD = "name: r\nbackbone: {backbone}\ndata: data\ntraining: {{max_steps: 1, lr: 0.01}}\nstages:\n"


@pytest.fixture
def recipe(tmp_path: Path, tiny_backbone: Path) -> Callable[[str], LoadedRecipe]:
    """A recipe of these stages, in a folder with a little data."""
    folder = tmp_path / "data" / "pawsx"
    folder.mkdir(parents=True)
    for name in ("train-en", "dev-en", "dev-de"):
        lines = [f"A {n} {name[0]}.\tB {n * n} a.\t{n % 2}\n" for n in range(12)]
        (folder / f"{name}.tsv").write_text("".join(lines), encoding="utf-8")

    backbone = inspect_backbone("tiny", tiny_backbone)

    def go(text: str) -> LoadedRecipe:
        path = tmp_path / "r.yaml"
        path.write_text(HEAD.format(backbone=tiny_backbone) + text, encoding="utf-8")
        return load_recipe(path, find_backbone=lambda name, base: backbone, look=True)

    return go


GREEDY = "how: greedy, on: {task: pawsx, language: de}, dev_cap: 9"
SEEDS = "".join(
    f"  s{n}: {{train: pawsx, seed: {n}, lr: 0.05, max_steps: {n}}}\n" for n in (1, 2, 3)
)


def run(loaded: LoadedRecipe, workdir: Path) -> RunResult:
    sources = resolve_sources(loaded.recipe, loaded.base, loaded.backbone, loaded.used)
    return run_recipe(loaded.recipe, workdir=workdir, sources=sources)


def entry_of(loaded: LoadedRecipe, workdir: Path, stage: str) -> Path:
    store = Store(workdir / STORE_FOLDER)
    sources = resolve_sources(loaded.recipe, loaded.base, loaded.backbone)
    plan = make_plan(loaded.recipe, store, sources)
    return store.path(plan.by_id(stage).fingerprint)


def metrics_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    return found


def test_layers_beyond_the_backbone_are_refused(recipe: Callable[[str], LoadedRecipe]) -> None:
    with pytest.raises(InvalidRecipeError) as caught:
        recipe(SEEDS + "  x: {merge: [s1, s2], layers: {1-2: [1, 0]}}\n")
    (problem,) = caught.value.problems
    assert problem.path == "stages.x.layers.1-2"
    assert problem.message.endswith("has layers 0 to 1")


def test_a_greedy_soup_keeps_those_that_help(
    recipe: Callable[[str], LoadedRecipe], tmp_path: Path
) -> None:
    loaded = recipe(
        SEEDS
        + f"  soup: {{merge: [s1, s2, s3], {GREEDY}}}\n  back: {{merge: [s3, s2, s1], {GREEDY}}}\n"
        "  scores: {evaluate: [s1, s2, s3, soup], on: pawsx, languages: [de], cap: 9}\n"
    )
    done = run(loaded, tmp_path / "work")
    assert not done.failed
    alone = {row.model: row.value for row in done.rows if row.metric == "accuracy"}
    found = metrics_of(entry_of(loaded, tmp_path / "work", "soup"))
    greedy = found["greedy"]
    assert (greedy["task"], greedy["language"], greedy["metric"]) == ("pawsx", "de", "accuracy")
    assert greedy["examples"] == 9
    members = greedy["members"]
    assert sorted(one["alone"] for one in members) == sorted(alone[f"s{n}"] for n in (1, 2, 3))
    assert [one["alone"] for one in members] == sorted(
        (one["alone"] for one in members), reverse=True
    )
    best = 0.0
    for one in members:  # the first is kept whatever it scores
        assert one["kept"] == (one["soup"] >= best)
        best = max(best, one["soup"])
    kept = sum(one["kept"] for one in members)
    assert sorted(found["weights"]) == sorted([1 / kept] * kept + [0.0] * (3 - kept))
    assert alone["soup"] == best
    back = metrics_of(entry_of(loaded, tmp_path / "work", "back"))
    assert back["greedy"] == greedy
    assert back["weights"] == found["weights"][::-1]
    lineage = next(row.lineage for row in done.rows if row.model == "soup")
    assert "greedy soup on pawsx de dev[9])" in lineage
    protocol = {row.model: row.protocol for row in done.rows}
    assert protocol["s1"] == "zero-shot"
    names = {row.fingerprint: row.model for row in done.rows}
    [remark] = soups(read_runs((tmp_path / "work",), print))
    kept_names = ", ".join(names[one["member"]] for one in members if one["kept"])
    assert remark.startswith(f"soup: the greedy soup kept {kept} of 3 members ({kept_names})")
    assert remark.endswith("so it is this model itself") == (kept == 1)


def test_ties_of_seeds_merges_what_training_changed(
    recipe: Callable[[str], LoadedRecipe], tmp_path: Path
) -> None:
    """Nearly all that two short trainings have in common is where they started."""
    fixed = SEEDS.replace("pawsx,", 'pawsx, method: "seq_bn[init_weights_seed=3]",')
    loaded = recipe(f"{fixed}  few: {{merge: [s1, s2], how: ties, density: 0.1}}\n")
    assert not run(loaded, tmp_path / "work").failed
    one, two, merged = (
        list(
            tensors.read(
                entry_of(loaded, tmp_path / "work", stage) / "adapter.safetensors"
            ).values()
        )
        for stage in ("s1", "s2", "few")
    )
    for first, second, few in zip(one, two, merged, strict=True):
        near = torch.minimum((few - first).abs(), (few - second).abs())
        assert float(near.max()) < 0.2  # steps of 0.05
        assert few.dim() < 2 or bool(few.all())  # no random weight was dropped


def test_a_merge_of_sparse_fine_tunes_is_stored_as_a_difference(
    recipe: Callable[[str], LoadedRecipe], tmp_path: Path
) -> None:
    sparse = SEEDS.replace("pawsx,", 'pawsx, method: "sft[density=0.05]",')
    loaded = recipe(
        f"{sparse}  both: {{merge: [s1, s2], weights: [1, 1]}}\n"
        "  dense: {train: pawsx, method: full}\n  whole: {merge: [s1, dense]}\n"
        "  scores: {evaluate: [both, whole], on: pawsx, languages: [de]}\n"
    )
    assert not run(loaded, tmp_path / "work").failed
    sizes = {
        stage: sum(
            path.stat().st_size
            for path in entry_of(loaded, tmp_path / "work", stage).glob("model*.safetensors")
        )
        for stage in ("s1", "both", "dense")
    }
    assert sizes["both"] < 2.2 * sizes["s1"] < 0.5 * sizes["dense"]


def test_a_language_vector_keeps_the_task_head(
    recipe: Callable[[str], LoadedRecipe], tmp_path: Path
) -> None:
    (tmp_path / "data" / "mlm").mkdir()
    (tmp_path / "data" / "mlm" / "de.txt").write_text("Der Zug nach Hamburg.\n" * 9)
    loaded = recipe(
        "  german: {train: {task: mlm, language: de}, method: full}\n"
        "  task: {train: pawsx, method: full}\n"
        "  both: {merge: [german, task], weights: [1, 1], head: task}\n"
        "  scores: {evaluate: [task, both], on: pawsx, languages: [de]}\n"
    )
    done = run(loaded, tmp_path / "work")
    assert not done.failed
    assert {row.model for row in done.rows} == {"task", "both"}
    row = next(row for row in done.rows if row.model == "both")
    end = "> merge(pawsx (full) + mlm(de) (full), weights 1/1, head of the first)"
    assert row.lineage.endswith(end)


def test_it_travels_and_says_how_it_was_merged(
    recipe: Callable[[str], LoadedRecipe], tmp_path: Path, tiny_backbone: Path
) -> None:
    fulls = SEEDS.replace("pawsx,", "pawsx, method: full,")
    loaded = recipe(
        f"{fulls}  soup: {{merge: [s1, s2, s3], {GREEDY}}}\n"
        "  mixed: {merge: [soup, s1], how: dare, density: 0.5, seed: 3}\n"
        "  scores: {evaluate: mixed, on: pawsx, languages: [de]}\n"
    )
    done = run(loaded, tmp_path / "work")
    assert not done.failed
    backbone = inspect_backbone("tiny", tiny_backbone)
    for stage in ("soup", "mixed"):
        make_artifact(entry_of(loaded, tmp_path / "work", stage), tmp_path / stage, backbone)
    card = (tmp_path / "mixed" / "README.md").read_text(encoding="utf-8")
    assert "greedy soup on pawsx de dev" in card
    assert "random 0.5, rescaled" in card
    assert "greedy" in metrics_of(tmp_path / "soup")
    again = run(
        recipe("  used: {use: mixed}\n  scores: {evaluate: used, on: pawsx, languages: [de]}\n"),
        tmp_path / "elsewhere",
    )
    assert [row.value for row in again.rows] == [row.value for row in done.rows]
    assert again.rows[0].lineage == done.rows[0].lineage
