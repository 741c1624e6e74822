"""The order in which a fusion's members are written changes nothing, over two recipes too."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.execution.run import run_recipe
from adapterxlt.plan.explain import explain
from adapterxlt.plan.plan import make_plan, resolve_sources
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.recipe.load import load_recipe
from adapterxlt.store.store import STORE_FOLDER, Store
from tests.stages.kept import kept_bytes

ONE = "  one: {train: pawsx}\n"
TWO = "  two: {train: pawsx, seed: 2}\n"
THREE = "  three: {train: pawsx, seed: 3}\n"
FUSED = "  fused: {{fuse: [{}], train: pawsx}}\n"
WAYS = [
    ONE + TWO + THREE + FUSED.format("one, two, three"),
    THREE + FUSED.format("two, three, one") + TWO + ONE,
    "  a: {train: pawsx, seed: 3}\n  b: {train: pawsx}\n" + TWO + FUSED.format("a, b, two"),
]


def run(folder: Path, backbone: Path, stages: str) -> tuple[PlannedStep, Path]:
    """The fusion of a recipe, and its folder in a store that no other recipe has used."""
    data = folder / "data" / "pawsx"
    data.mkdir(parents=True)
    lines = [f"A {n} b.\tB {n * n} a.\t{n % 2}\n" for n in range(8)]
    (data / "train-en.tsv").write_text("".join(lines), encoding="utf-8")
    path = folder / "r.yaml"
    head = f"name: r\nbackbone: {backbone}\ndata: data\ntraining: {{max_steps: 2, lr: 0.01}}\n"
    path.write_text(f"{head}stages:\n{stages}", encoding="utf-8")
    loaded = load_recipe(path)
    sources = resolve_sources(loaded.recipe, loaded.base)
    assert not run_recipe(loaded.recipe, workdir=folder / "work", sources=sources).failed
    store = Store(folder / "work" / STORE_FOLDER)
    fused = make_plan(loaded.recipe, store, sources).by_id("fused")
    return fused, store.path(fused.fingerprint)


def test_recipes_that_write_them_in_another_order_make_the_same_bytes(
    tmp_path: Path, tiny_backbone: Path
) -> None:
    done = [run(tmp_path / str(n), tiny_backbone, stages) for n, stages in enumerate(WAYS)]
    assert len({planned.fingerprint for planned, _ in done}) == 1
    first, *others = [kept_bytes(folder) for _, folder in done]
    assert any(name.endswith("model_adapter_fusion.safetensors") for name in first)
    for other in others:
        assert other == first


@pytest.mark.parametrize(
    ("then", "now", "told"),
    [
        (["p", "q"], ["p", "q"], "not in the store"),
        (["p", "q"], ["a", "p"], "input one changed"),
        (["p", "q"], ["q", "p"], "input one changed; input two changed"),
    ],
)
def test_what_changed_is_told_whatever_the_order(
    then: list[str], now: list[str], told: str
) -> None:
    parts = {"kind": "fuse", "version": 2, "params": {}, "data": "", "backbone": ""}
    assert explain({**parts, "inputs": then}, {**parts, "inputs": now}, ("one", "two")) == told
