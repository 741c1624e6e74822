"""The order in which a fusion's members are written changes nothing, over two recipes too."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from torch import Tensor

import adapterxlt as xlt
from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.errors import InvalidRecipeError
from adapterxlt.execution.run import run_recipe
from adapterxlt.models import tensors
from adapterxlt.models.build import load
from adapterxlt.models.spec import WEIGHTS_FILE, read_spec
from adapterxlt.plan.explain import explain
from adapterxlt.plan.plan import make_plan, resolve_sources
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.recipe.load import load_recipe
from adapterxlt.sharing.make import make_artifact
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


ON_FULL = """
  whole:  {train: pawsx, method: full}
  one:    {train: pawsx, after: whole}
  two:    {train: pawsx, after: one, seed: 2}
  fused:  {fuse: [two, one], train: pawsx}
  above:  {train: pawsx, stack_on: fused}
  headed: {train: pawsx, method: head, after: fused}
"""


def test_members_on_one_full_fine_tune(tmp_path: Path, tiny_backbone: Path) -> None:
    backbone = inspect_backbone("tiny", tiny_backbone)
    belongs = tensors.of_backbone(backbone.architecture)
    _, folder = run(tmp_path, tiny_backbone, ON_FULL)
    loaded = load_recipe(tmp_path / "r.yaml")
    store = Store(tmp_path / "work" / STORE_FOLDER)
    plan = make_plan(loaded.recipe, store, resolve_sources(loaded.recipe, loaded.base))
    entries = {step.step.id: store.path(step.fingerprint) for step in plan.steps}

    def weights(folder: Path) -> dict[str, Tensor]:
        return tensors.select(load(backbone, folder).model, belongs)

    own = weights(entries["whole"])
    bare = tensors.select(load(backbone, None).model, belongs)
    assert not all(tensor.equal(bare[name]) for name, tensor in own.items())
    for stage in ("fused", "above", "headed"):
        assert all(tensor.equal(own[name]) for name, tensor in weights(entries[stage]).items())
    spec = read_spec(folder)
    assert (spec.full, spec.fusion, len(spec.adapters)) == (True, "dynamic", 2)
    # The weights are there once, and the members are as they were.
    assert [path.name for path in folder.rglob(WEIGHTS_FILE)] == [WEIGHTS_FILE]
    for stage in ("one", "two"):
        member = read_spec(entries[stage]).name
        before, after = (
            tensors.select(load(backbone, place).model, tensors.of_adapter(member))
            for place in (entries[stage], folder)
        )
        assert before
        assert all(tensor.equal(after[name]) for name, tensor in before.items())


def test_a_fusion_on_a_full_fine_tune_travels(tmp_path: Path, tiny_backbone: Path) -> None:
    backbone = inspect_backbone("tiny", tiny_backbone)
    _, folder = run(tmp_path, tiny_backbone, ON_FULL)
    make_artifact(folder, tmp_path / "shared", backbone)
    recipe = (
        f"name: r\nbackbone: {tiny_backbone}\ndata: data\ntraining: {{max_steps: 2}}\nstages:\n"
        "  it: {use: shared}\n  on_it: {train: pawsx, stack_on: it}\n"
        "  scores: {evaluate: [it, on_it], on: pawsx, languages: en}\n"
    )
    pairs = tmp_path / "data" / "pawsx"
    shutil.copyfile(pairs / "train-en.tsv", pairs / "dev-en.tsv")
    shutil.rmtree(tmp_path / "work")
    (tmp_path / "r.yaml").write_text(recipe, encoding="utf-8")
    done = xlt.run(tmp_path / "r.yaml", workdir=tmp_path / "work")
    lineages = {row.model: row.lineage for row in done.rows}
    one = "pawsx (full) > pawsx (seq_bn, after)"
    fused = f"{tiny_backbone} > fuse({one} + {one} > pawsx (seq_bn, after)) > pawsx (fusion)"
    assert lineages == {
        "it": fused,
        "on_it": f"{fused} > pawsx (seq_bn, stacked)",
    }


ELSEWHERE = """
  whole: {train: pawsx, method: full}
  below: {train: pawsx}
  on_whole:  {train: pawsx, after: whole}
  on_whole2: {train: pawsx, after: whole, seed: 2}
  stack:  {train: pawsx, stack_on: below}
  stack2: {train: pawsx, stack_on: below, seed: 2}
  fused:  {fuse: [stack, stack2], train: pawsx}
"""


@pytest.mark.parametrize("members", [("on_whole", "on_whole2"), ("stack", "stack2")])
def test_what_stands_on_the_same_is_fused_also_if_it_was_trained_elsewhere(
    tmp_path: Path, tiny_backbone: Path, members: tuple[str, str]
) -> None:
    run(tmp_path, tiny_backbone, ELSEWHERE)
    one, two = members
    lines = [
        f"name: r\nbackbone: {tiny_backbone}\ndata: data\ntraining: {{max_steps: 2}}\nstages:",
        *(f'  {name}: {{use: "work:{name}"}}' for name in (*members, "below", "fused")),
        f"  both: {{fuse: [{one}, {two}], train: pawsx}}",
    ]
    (tmp_path / "r.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    xlt.run(tmp_path / "r.yaml", workdir=tmp_path / "elsewhere")
    store = Store(tmp_path / "elsewhere" / STORE_FOLDER)
    (both,) = [entry for entry in store.entries() if entry.title == "both"]
    spec = read_spec(store.path(both.fingerprint))
    assert (spec.full, len(spec.adapters)) == ((True, 2) if one == "on_whole" else (False, 3))


def test_what_stands_on_something_else_elsewhere_is_refused(
    tmp_path: Path, tiny_backbone: Path
) -> None:
    run(tmp_path, tiny_backbone, ELSEWHERE)
    names = ("below", "stack", "on_whole", "fused")
    lines = [
        f"name: r\nbackbone: {tiny_backbone}\ndata: data\nstages:",
        *(f'  {name}: {{use: "work:{name}"}}' for name in names),
        *(f"  with_{name}: {{fuse: [below, {name}], train: pawsx}}" for name in names[1:]),
        "  more: {train: pawsx, after: fused}",
    ]
    (tmp_path / "r.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(InvalidRecipeError) as refused:
        xlt.run(tmp_path / "r.yaml", workdir=tmp_path / "elsewhere")
    told = {problem.path: problem.message for problem in refused.value.problems}
    assert told["stages.with_stack.fuse[1]"].startswith("`stack` does not stand on the same")
    assert told["stages.with_on_whole.fuse[1]"].startswith("`on_whole` belongs to a fine-tuned")
    assert told["stages.with_fused.fuse[1]"] == "`fused` is a fusion itself"
    assert told["stages.more.after"].startswith("`fused` is a fusion of several adapters")


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
