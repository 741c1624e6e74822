"""Models whose outputs are averaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import UsageError
from adapterxlt.evaluation.ensemble import averaged
from adapterxlt.execution.leaks import find_leaks
from adapterxlt.execution.run import RunResult, run_recipe
from adapterxlt.kinds.features import Feature
from adapterxlt.models import build
from adapterxlt.plan.plan import make_plan, resolve_sources
from adapterxlt.progress import Silent
from adapterxlt.recipe.load import LoadedRecipe, load_recipe
from adapterxlt.results.costs import read_costs
from adapterxlt.sharing.locate import locate
from adapterxlt.stages.running.context import Context
from adapterxlt.store.store import STORE_FOLDER, Store
from adapterxlt.tasks.catalogue import get_task
from tests.recipe.helpers import stages, told

HEAD = "name: r\nbackbone: {backbone}\ndata: data\ntraining: {{max_steps: 1, lr: 0.01}}\nstages:\n"
THREE = """
  one: {train: pawsx}
  two: {train: pawsx, method: lora}
  three: {train: pawsx, method: full, seed: 3}
"""
Recipe = Callable[[str], LoadedRecipe]


@pytest.fixture
def recipe(tmp_path: Path, tiny_backbone: Path) -> Recipe:
    """A recipe of these stages, in a folder with a little data."""
    folder = tmp_path / "data" / "pawsx"
    folder.mkdir(parents=True)
    for name in ("train-en", "dev-en", "dev-de"):
        lines = [f"A {n} {name[0]}.\tB {n * n} a.\t{n % 2}\n" for n in range(6)]
        (folder / f"{name}.tsv").write_text("".join(lines), encoding="utf-8")

    def go(text: str) -> LoadedRecipe:
        path = tmp_path / "r.yaml"
        path.write_text(HEAD.format(backbone=tiny_backbone) + text, encoding="utf-8")
        return load_recipe(path)

    return go


def run(loaded: LoadedRecipe, workdir: Path) -> RunResult:
    sources = resolve_sources(loaded.recipe, loaded.base)
    return run_recipe(loaded.recipe, workdir=workdir, sources=sources)


def test_it_is_evaluated_as_a_model_of_several(recipe: Recipe, tmp_path: Path) -> None:
    loaded = recipe(
        THREE + "  all: {ensemble: [one, two, three]}\n"
        "  first: {ensemble: [one, two], weights: [1, 1e-9]}\n"
        "  scores: {evaluate: [one, all, first], on: pawsx, languages: [en, de], baseline: one}\n"
    )
    done = run(loaded, tmp_path / "work")
    assert not done.failed
    values = {(row.model, row.language): row.value for row in done.rows if row.metric == "accuracy"}
    assert len(values) == 6
    assert [values["first", code] for code in ("en", "de")] == [
        values["one", code] for code in ("en", "de")
    ]  # the other hardly counts
    row = next(row for row in done.rows if row.model == "all")
    assert row.lineage.endswith("ensemble(pawsx (seq_bn) + pawsx (lora) + pawsx (full))"), (
        row.lineage
    )
    assert row.baseline == "one"
    again = run(loaded, tmp_path / "work")
    assert again.done == []
    assert again.rows == done.rows
    costs = {cost.step: cost for cost in read_costs(tmp_path / "work")}
    # A query is an example, which takes the time of all members together.
    assert [costs[f"scores/{model}/pawsx"].queries for model in ("one", "all")] == [12, 12]


def test_its_members_are_loaded_once_for_all_languages(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = recipe(
        THREE + "  all: {ensemble: [one, two, three]}\n"
        "  scores: {evaluate: [all, two], on: pawsx, languages: [en, de]}\n"
    )
    real, loads = build.load, list[Path | None]()

    def load(backbone: Backbone, artifact: Path | None) -> build.Built:
        loads.append(artifact)
        return real(backbone, artifact)

    monkeypatch.setattr(build, "load", load)
    assert not run(loaded, tmp_path / "work").failed
    assert len(loads) == len(set(loads)) == 3  # `two` was in memory already


def test_what_any_member_has_seen_is_flagged(recipe: Recipe, tmp_path: Path) -> None:
    loaded = recipe(
        "  one: {train: pawsx}\n  two: {train: {task: pawsx, split: dev}}\n"
        "  both: {ensemble: [one, two]}\n"
        "  scores: {evaluate: [one, both], on: pawsx, languages: en}\n"
    )
    store = Store(tmp_path / "w" / STORE_FOLDER)
    sources = resolve_sources(loaded.recipe, loaded.base)
    plan = make_plan(loaded.recipe, store, sources)
    context = Context(loaded.recipe, plan, store, sources, Silent())
    assert [leak.model for leak in find_leaks(context) if leak.seen == leak.total] == ["both"]
    done = run(loaded, tmp_path / "work")
    flags = {row.model: row.contamination for row in done.rows if row.main}
    assert flags["both"].startswith("pawsx 12 of 12 texts")
    assert flags["one"] != flags["both"]


def test_one_model_twice_is_refused(recipe: Recipe, tmp_path: Path) -> None:
    loaded = recipe("  a: {train: pawsx}\n  b: {train: pawsx}\n  c: {ensemble: [a, b]}\n")
    with pytest.raises(UsageError, match="`a` and `b`, which are identical"):
        run(loaded, tmp_path / "work")


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        (
            "x: {ensemble: [nli, pos]}",
            ("stages.x.ensemble[1]: `pos` does not predict the same as `nli`: `mnli` is pair "
             "classification, `udpos` is tagging"),
        ),
        (
            "x: {ensemble: [nli, para]}",
            ("stages.x.ensemble[1]: `para` does not predict the same as `nli`: their labels "
             "differ: `mnli` has entailment, neutral, contradiction; `pawsx` has 0, 1"),
        ),
        ("x: {ensemble: [nli, both]}", ("stages.x.ensemble[1]: `both` is itself an ensemble; "
                                        "list its members here instead")),
        ("x: {ensemble: [nli, nli]}", "stages.x.ensemble[1]: `nli` is listed twice"),
        ("x: {ensemble: nli}", "stages.x.ensemble: needs at least 2 items"),
        (
            "x: {ensemble: [nli, more], weights: [1]}",
            "stages.x.weights: has 1 weight for 2 stages",
        ),
        (
            "x: {ensemble: [nli, more], weights: [1, 0]}",
            "stages.x.weights[1]: must be above 0",
        ),
        (
            "x: {train: mnli, after: both}",
            ("stages.x.after: `both` is an ensemble of several models, so training cannot "
             "continue from it (continue from one of them, or `merge` them)"),
        ),
        (
            "x: {train: mnli, stack_on: both}",
            ("stages.x.stack_on: `both` is an ensemble of several models, so nothing can be "
             "stacked on it (stack on one of its members, or `fuse` them)"),
        ),
        (
            "x: {merge: [nli, both]}",
            ("stages.x.merge[1]: `both` is an ensemble of several models; only single models can "
             "be merged"),
        ),
        (
            "x: {retrieve: both, on: tatoeba}",
            ("stages.x.retrieve[0]: `both` is an ensemble, whose members have different sentence "
             "vectors (list its members instead)"),
        ),
        (
            "x: {evaluate: both, on: udpos}",
            "stages.x.evaluate[0]: `both` cannot be evaluated on `udpos`: `mnli` is pair "
            "classification, `udpos` is tagging",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_averaged_is_refused(written: str, problem: str) -> None:
    text = stages(
        "nli: {train: mnli}\nmore: {train: mnli, seed: 2}\npos: {train: udpos}\n"
        f"para: {{train: pawsx}}\nboth: {{ensemble: [nli, more]}}\n{written}"
    )
    assert told(text) == [f"8 {problem}"]


def feature(example: int) -> Feature:
    return Feature(example=example, input_ids=((0, 2),))


LOGITS = st.lists(st.floats(-30, 30, allow_nan=False, width=32), min_size=3, max_size=3)


@given(one=LOGITS, two=LOGITS, share=st.floats(0.05, 0.95))
def test_probabilities_are_averaged(one: list[float], two: list[float], share: float) -> None:
    def outputs(logits: list[float]):  # type: ignore[no-untyped-def]
        return iter([(feature(0), {"logits": np.asarray(logits, dtype=np.float32)})])

    shares = ((share, outputs(one)), (1 - share, outputs(two)))
    ((_, found),) = averaged(shares, get_task("pawsx"))

    def softmax(logits: list[float]) -> np.ndarray:
        powers = np.exp(np.asarray(logits, dtype=np.float64))
        return powers / powers.sum()

    mean = share * softmax(one) + (1 - share) * softmax(two)
    assert np.allclose(np.exp(found["logits"].astype(np.float64)), mean, atol=1e-6)


def test_logits_of_answers_are_averaged() -> None:
    def outputs(*starts: float):  # type: ignore[no-untyped-def]
        logits = np.asarray(starts, dtype=np.float32)
        return iter([(feature(0), {"start_logits": logits, "end_logits": -logits})])

    ((_, found),) = averaged(((0.25, outputs(0, 4)), (0.75, outputs(4, 0))), get_task("squad"))
    assert found["start_logits"].tolist() == [3, 1]
    assert found["end_logits"].tolist() == [-3, -1]


@pytest.mark.parametrize(("task", "several"), [("stsb", False), ("sib200", True)])
def test_numbers_and_labels_each_by_itself_are_averaged_as_they_are(
    task: str, several: bool
) -> None:
    members = [
        (share, iter([(feature(0), {"logits": np.asarray(logits, dtype=np.float32)})]))
        for share, logits in ((0.25, [8.0, -4.0]), (0.75, [0.0, 4.0]))
    ]
    meant = get_task(task).model_copy(update={"multi_label": several})
    ((_, found),) = averaged(members, meant)
    assert found["logits"].tolist() == [2, 2]


def test_it_is_no_artifact_but_its_members_are(recipe: Recipe, tmp_path: Path) -> None:
    work = tmp_path / "work"
    run(recipe(THREE + "  all: {ensemble: [one, two]}\n"), work)
    with pytest.raises(UsageError, match="this is an ensemble, which has no weights") as caught:
        locate(f"{work}:all")
    assert caught.value.hint == f"name its members, one by one: {work}:one, {work}:two"
    assert locate(f"{work}:one").is_dir()
    assert locate(f"{work}:all", models=True).is_dir()
