"""Sequences of any length that change their method: full, merged, adapter, stack, head."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from torch import Tensor

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.errors import InvalidArtifactError, InvalidRecipeError
from adapterxlt.execution.run import run_recipe
from adapterxlt.models import tensors
from adapterxlt.models.build import load
from adapterxlt.models.spec import WEIGHTS_FILE, read_spec
from adapterxlt.plan.plan import make_plan, resolve_sources
from adapterxlt.recipe.load import load_recipe
from adapterxlt.sharing.make import make_artifact
from adapterxlt.store.store import STORE_FOLDER, Store
from tests import tiny

CHAIN = """
  whole:  {train: pawsx, method: full}
  more:   {train: pawsx, method: "full[freeze=1]", after: whole}
  summed: {merge: [whole, more]}
  below:  {train: pawsx, after: summed}
  above:  {train: pawsx, method: lora, stack_on: below}
  longer: {train: pawsx, method: lora, after: above, seed: 2}
  headed: {train: pawsx, method: head, after: longer}
  scores: {evaluate: [whole, headed], on: pawsx, languages: en}
"""
Entries = dict[str, Path]


@pytest.fixture(scope="module")
def backbone(tiny_backbone: Path) -> Backbone:
    return inspect_backbone("tiny", tiny_backbone)


@pytest.fixture(scope="module")
def entries(tiny_backbone: Path, tmp_path_factory: pytest.TempPathFactory) -> Entries:
    """What each stage of the chain left in the store, by its name."""
    root = tmp_path_factory.mktemp("chain")
    (root / "data" / "pawsx").mkdir(parents=True)
    lines = [f"A {n} b.\tB {n * n} a.\t{n % 2}\n" for n in range(8)]
    for name in ("train-en", "dev-en"):
        (root / "data" / "pawsx" / f"{name}.tsv").write_text("".join(lines), encoding="utf-8")
    head = f"name: r\nbackbone: {tiny_backbone}\ndata: data\ntraining: {{max_steps: 2, lr: 0.01}}"
    (root / "r.yaml").write_text(f"{head}\nstages:{CHAIN}", encoding="utf-8")
    loaded = load_recipe(root / "r.yaml")
    sources = resolve_sources(loaded.recipe, loaded.base)
    done = run_recipe(loaded.recipe, workdir=root / "work", sources=sources)
    assert not done.failed
    found = {row.model: row.lineage for row in done.rows}["headed"]
    assert found.endswith(
        " > merge(pawsx (full) + pawsx (full) > pawsx (full[freeze=1], after))"
        " > pawsx (seq_bn, after) > pawsx (lora, stacked) > pawsx (lora, after)"
        " > pawsx (head, after)"
    )
    store = Store(root / "work" / STORE_FOLDER)
    plan = make_plan(loaded.recipe, store, sources)
    return {step.step.id: store.path(step.fingerprint) for step in plan.steps}


def own(entries: Entries, stage: str, backbone: Backbone) -> dict[str, Tensor]:
    model = load(backbone, entries[stage]).model
    return tensors.select(model, tensors.of_backbone(backbone.architecture))


def test_each_goes_on_from_what_the_one_before_left(entries: Entries, backbone: Backbone) -> None:
    weights = own(entries, "summed", backbone)
    for stage in ("below", "above", "longer", "headed"):
        assert all(
            tensor.equal(weights[name]) for name, tensor in own(entries, stage, backbone).items()
        )
    assert not all(
        tensor.equal(weights[name]) for name, tensor in own(entries, "whole", backbone).items()
    )
    states = {
        stage: load(backbone, entries[stage]).model.state_dict()
        for stage in ("below", "above", "longer", "headed")
    }
    names = {stage: read_spec(entries[stage]).name for stage in states}
    lower = tensors.of_adapter(names["below"])
    for stage in ("above", "longer", "headed"):  # frozen below
        for name, tensor in states["below"].items():
            if lower(name):
                assert tensor.equal(states[stage][name])
    upper = tensors.of_adapter(names["longer"])
    moved = {name: tensor for name, tensor in states["longer"].items() if upper(name)}
    assert all(tensor.equal(states["headed"][name]) for name, tensor in moved.items())
    old = tensors.renamed(states["above"], names["above"], names["longer"])
    assert not all(tensor.equal(old[name]) for name, tensor in moved.items())


def test_what_stands_on_a_fine_tune_takes_no_other_weights(
    entries: Entries, backbone: Backbone, tmp_path: Path
) -> None:
    make_artifact(entries["headed"], tmp_path / "a", backbone)
    load(backbone, tmp_path / "a")
    card = (tmp_path / "a" / "README.md").read_text(encoding="utf-8")
    assert "holds backbone weights of its own" in card
    for name in ("whole", "more"):  # those of other stages
        shutil.copytree(tmp_path / "a", tmp_path / name)
        for file in (tmp_path / name).glob("model*.safetensors"):
            file.unlink()
        tensors.write(own(entries, name, backbone), tmp_path / name / WEIGHTS_FILE)
        with pytest.raises(InvalidArtifactError, match="no longer gives the same hidden"):
            load(backbone, tmp_path / name)


def test_nor_another_backbone(entries: Entries, backbone: Backbone, tmp_path: Path) -> None:
    make_artifact(entries["headed"], tmp_path / "a", backbone)
    other = tiny.build(tmp_path / "other", seed=5)
    (tmp_path / "r.yaml").write_text(
        f"name: r\nbackbone: {other}\nstages:\n"
        "  it: {use: a, backbone_override: true}\n  s: {evaluate: it, on: pawsx}\n"
    )
    with pytest.raises(InvalidRecipeError, match="has its own backbone weights, so it only fits"):
        load_recipe(
            tmp_path / "r.yaml",
            find_backbone=lambda name, base: inspect_backbone("other", other),
            look=True,
        )
    with pytest.raises(InvalidArtifactError, match="was trained on backbone"):
        load(inspect_backbone("other", other), tmp_path / "a")
