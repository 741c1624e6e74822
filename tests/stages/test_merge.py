"""Merges in recipes: what they may say, what they come down to, and soups chosen on dev."""

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
from adapterxlt.plan.expand import expand
from adapterxlt.plan.plan import make_plan, resolve_sources
from adapterxlt.recipe.kinds import KINDS
from adapterxlt.recipe.load import LoadedRecipe, load_recipe
from adapterxlt.recipe.steps import Step
from adapterxlt.sharing.make import make_artifact
from adapterxlt.store.store import STORE_FOLDER, Store
from tests.recipe.helpers import TASKS, load, stages, told

MODELS = """\
bn: {train: mnli}
bn2: {train: mnli, seed: 2}
lora: {train: mnli, method: lora}
lora2: {train: mnli, method: lora, seed: 2}
full: {train: mnli, method: full}
full2: {train: mnli, method: full, seed: 2}
pos: {train: udpos, method: full}
reft: {train: mnli, method: loreft}
reft2: {train: mnli, method: loreft, seed: 2}
like: {train: mnli, cap: 9}
fixed: {train: mnli, method: "seq_bn[init_weights_seed=3]"}
fixed2: {train: mnli, method: "seq_bn[init_weights_seed=3]", seed: 2}
prefix: {train: mnli, method: prefix_tuning}
prefix2: {train: mnli, method: prefix_tuning, seed: 2}
"""
HEAD = "name: r\nbackbone: {backbone}\ndata: data\ntraining: {{max_steps: 1, lr: 0.01}}\nstages:\n"


def step_of(body: str, tiny_backbone: Path) -> Step:
    recipe = load(stages(f"{MODELS}x: {body}")).recipe
    backbone = inspect_backbone("tiny", tiny_backbone)
    return next(step for step in expand(recipe, backbone, ()) if step.id == "x")


@pytest.mark.parametrize(
    ("body", "params", "version", "words"),
    [
        ("{merge: [bn, bn2]}", {"weights": [0.5, 0.5]}, 2, "merge(a + b)"),
        (
            "{merge: [bn, bn2], how: average, weights: [3, 3]}",
            {"weights": [0.5, 0.5]},
            2,
            "merge(a + b)",
        ),
        (
            "{merge: [bn, bn2], weights: [1, -1]}",
            {"weights": [1.0, -1.0]},
            2,
            "merge(a + b, weights 1/-1)",
        ),
        ("{merge: [full, full2]}", {"weights": [0.5, 0.5]}, 3, "merge(a + b)"),
        (
            "{merge: [full, full2], how: ties, density: 0.2}",
            {
                "weights": [0.5, 0.5],
                "consensus": "ties",
                "sparsify": "magnitude",
                "density": 0.2,
                "rescale": False,
            },
            3,
            "merge(a + b, ties, largest 0.2)",
        ),
        (
            "{merge: [lora, lora2], how: dare, density: 0.5, seed: 7, rank: 4}",
            {
                "weights": [0.5, 0.5],
                "sparsify": "random",
                "density": 0.5,
                "rescale": True,
                "seed": 7,
                "rank": 4,
            },
            2,
            "merge(a + b, random 0.5, rescaled, rank 4)",
        ),
        (
            "{merge: [bn, like], how: breadcrumbs, density: 0.14}",
            {
                "weights": [0.5, 0.5],
                "sparsify": "breadcrumbs",
                "density": 0.14,
                "outliers": 0.01,
                "rescale": False,
                "start_seed": 1,
            },
            2,
            "merge(a + b, all but the smallest and largest, 0.14 without the largest 0.01)",
        ),
        (
            "{merge: [bn, bn2], layers: {1: [0, 1], 0-0: [1, 0]}}",
            {"weights": [0.5, 0.5], "layers": [[0, 0, [1.0, 0.0]], [1, 1, [0.0, 1.0]]]},
            2,
            "merge(a + b, layers 0-0: 1/0, layers 1-1: 0/1)",
        ),
        (
            "{merge: [pos, full], weights: [0.5, 1], head: full}",
            {"weights": [1.0, 0.5], "head_of": "first"},
            3,
            "merge(a + b, weights 1/0.5, head of the first)",
        ),
    ],
)  # fmt: skip
def test_what_a_merge_comes_down_to(
    tiny_backbone: Path, body: str, params: dict[str, Any], version: object, words: str
) -> None:
    step = step_of(body, tiny_backbone)
    assert step.params == params
    assert KINDS["merge"].version_of(step, TASKS) == version
    assert KINDS["merge"].words(step.params, ["a", "b"]) == words


def test_ways_to_say_the_same_are_one_step(tiny_backbone: Path) -> None:
    for one, other in (
        ("how: dare, density: 0.3", "sparsify: random, density: 0.3, rescale: true, seed: 1"),
        ("how: breadcrumbs, density: 0.3", "sparsify: breadcrumbs, density: 0.3, outliers: 0.01"),
        ("how: sum, density: 0.3", "sparsify: magnitude, density: 0.3"),
        ("how: sum", "sparsify: none"),
    ):
        steps = [
            step_of(f"{{merge: [bn, like], {said}}}", tiny_backbone).params for said in (one, other)
        ]
        assert steps[0] == steps[1]


def test_the_member_whose_head_it_has_comes_first(tiny_backbone: Path) -> None:
    step = step_of("{merge: [pos, full, full2], weights: [3, 2, 1], head: full}", tiny_backbone)
    assert step.inputs == ("full", "pos", "full2")
    assert step.params["weights"] == [2.0, 3.0, 1.0]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("{merge: [bn, bn2], density: 1.5}", "density: must be at most 1"),
        ("{merge: [bn, bn2], density: -0.1}", "density: must be at least 0"),
        ("{merge: [bn, bn2], how: tied}", "how: must be `sum`, `average`, `ties`"),
        (
            "{merge: [bn, bn2], how: dare}",
            (
                "how: `random` needs a `density`, the share of the elements that are kept "
                "(for example `density: 0.2`)"
            ),
        ),
        (
            "{merge: [bn, bn2], sparsify: magnitude}",
            "sparsify: `magnitude` needs a `density`",
        ),
        (
            "{merge: [bn, bn2], sparsify: none, density: 0.5}",
            "density: has no effect with `sparsify: none` (leave out `sparsify` or this key)",
        ),
        (
            "{merge: [bn, bn2], rescale: true}",
            "rescale: has no effect without a `density` (give one, or leave out this key)",
        ),
        (
            "{merge: [bn, bn2], how: dare, sparsify: magnitude, density: 0.5}",
            (
                "sparsify: `how: dare` already means `sparsify: random` (use `how: sum`, or "
                "leave out this key)"
            ),
        ),
        (
            "{merge: [bn, bn2], how: ties, density: 0.5, outliers: 0.1}",
            "outliers: are only cut by `breadcrumbs`",
        ),
        (
            "{merge: [bn, bn2], how: breadcrumbs, density: 0.9, outliers: 0.2}",
            "outliers: `outliers` and `density` add up to 1.1, but may add up to at most 1",
        ),
        (
            "{merge: [bn, bn2], seed: 3}",
            (
                "seed: has no effect, because nothing is drawn at random (use `sparsify: "
                "random`, or leave it out)"
            ),
        ),
        (
            "{merge: [bn, bn2], how: average, weights: [1, -1]}",
            "weights: sum to zero, so they do not define an average (use `how: sum`)",
        ),
        ("{merge: [bn, bn2], layers: {low: [1, 0]}}", "layers.low: is not a range of layers"),
        ("{merge: [bn, bn2], layers: {3-1: [1, 0]}}", "layers.3-1: is not a range of layers"),
        ("{merge: [bn, bn2], layers: {0: [1]}}", "layers.0: has 1 weight for 2 stages"),
        (
            "{merge: [bn, bn2], layers: {0-1: [1, 0], 1-2: [0, 1]}}",
            "layers: layer 1 is both in 0-1 and 1-2",
        ),
        (
            "{merge: [prefix, prefix2], layers: {0: [1, 0]}}",
            "layers: `prefix_tuning` is learnt for all layers together",
        ),
        (
            "{merge: [reft, reft2], how: ties}",
            "how: `loreft` edits the output of layers, so it has no elements to compare",
        ),
        (
            "{merge: [lora, lora2], density: 0.5}",
            (
                "density: with `density: 0.5`, the merged updates of `lora` do not have a low "
                "rank, so give"
            ),
        ),
        ("{merge: [bn, lora], how: ties}", "merge: `seq_bn` and `lora` differ"),
        ("{merge: [bn, bn2], head: lora}", "head: `lora` is not one of the members"),
        (
            "{merge: [bn, bn2], on: xnli}",
            "on: is only used by a greedy soup (use `how: greedy`, or leave it out)",
        ),
        ("{merge: [bn, bn2], how: greedy}", "how: a greedy soup needs a dev split that chooses"),
        (
            "{merge: [bn, bn2], how: greedy, on: udpos}",
            "merge[0]: `bn` cannot be scored on `udpos`: `mnli` is pair classification",
        ),
        (
            "{merge: [bn, bn2], how: greedy, on: {task: xnli, language: sw}}",
            "on.language: `xnli` has no language `sw`",
        ),
        ("{merge: [bn, bn2], how: greedy, on: tatoeba}", "on: `tatoeba` has no dev split"),
        ("{merge: [bn, bn2], how: greedy, on: nope}", "on: unknown task `nope`"),
        (
            "{merge: [bn, bn2], how: greedy, on: xnli, weights: [1, 2]}",
            "weights: has no effect in a greedy soup",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(body: str, problem: str) -> None:
    found = told(stages(f"{MODELS}x: {body}"))
    assert any(f" stages.x.{problem}" in line for line in found), found


@pytest.mark.parametrize(
    ("stage", "start"),
    [
        ("{merge: [bn, like], how: ties}", 1),
        ("{merge: [fixed, fixed2], density: 0.5}", 0),
        ("{merge: [more, like], how: ties}", 1),
        ("{merge: [more2, bn2], how: ties}", 2),
        ("{merge: [bn, like], how: sum}", None),
        ("{merge: [full, full2], how: ties}", None),
    ],
)
def test_updates_are_what_changed_since_a_common_start(
    tiny_backbone: Path, stage: str, start: int | None
) -> None:
    more = "more: {train: udpos, after: bn, seed: 5}\nmore2: {train: udpos, after: bn2}\n"
    recipe = load(stages(f"{MODELS}{more}x: {stage}")).recipe
    backbone = inspect_backbone("tiny", tiny_backbone)
    step = next(step for step in expand(recipe, backbone, ()) if step.id == "x")
    assert step.params.get("start_seed") == start


def test_members_with_other_starts_are_refused() -> None:
    both = f"{MODELS}sum: {{merge: [bn, like]}}\n"
    [line] = told(stages(f"{both}x: {{merge: [bn, bn2], how: ties}}"))
    assert line.endswith(
        "stages.x.how: compares what training changed, but the adapters started from different "
        "random weights (`bn` from seed 1, `bn2` from seed 2) (train them with `method: "
        '"seq_bn[init_weights_seed=1]"`, or with the same `seed`)'
    )
    [line] = told(stages(f"{both}x: {{merge: [bn, sum], density: 0.5}}"))
    assert line.endswith(
        "stages.x.density: compares what training changed, but the weights that `sum` started "
        "from are not known (use `how: sum` without `density`, which merges the weights as they "
        "are)"
    )
    assert not told(stages(f"{both}x: {{merge: [lora, lora2], how: ties, rank: 8}}"))


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
