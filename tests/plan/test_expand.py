"""The steps of recipes: what their addresses cover, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.plan.lineage import lineage_of
from adapterxlt.plan.plan import Sources, make_plan
from adapterxlt.plan.steps import Plan
from adapterxlt.recipe.load import load_text
from adapterxlt.recipe.task_data import Part
from adapterxlt.store.store import Store

BACKBONE = Backbone("b", Path("b"), "hash", 32, 2, 514, "xlm-roberta")
LINE = "a dog\tan animal\tentailment\n"
FILES = {
    "xnli/train-en.tsv": LINE,
    "snli/train.jsonl": '{"premise": "a", "hypothesis": "b", "label": "entailment"}\n',
    "pawsx/train-en.tsv": "a\tb\t1\n",
    "xnli/dev-en.tsv": LINE,
    "mlm/de.txt": "Hallo.\n",
    "mlm/sw.txt": "Habari.\n",
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "data"


def plan(data: Path, stages: str) -> Plan:
    recipe = load_text("name: r\nstages:\n" + "".join(f"  {s}\n" for s in stages.splitlines()))
    return make_plan(recipe.recipe, Store(data.parent / "store"), Sources(BACKBONE, (data,)))


def address(data: Path, stage: str) -> str:
    return plan(data, f"a: {stage}").by_id("a").fingerprint


def test_one_task_is_one_task_however_it_is_written(data: Path) -> None:
    assert address(data, "{train: mnli}") == address(data, "{train: [{task: mnli}]}")
    assert address(data, "{train: mnli, cap: 5}") == address(data, "{train: {task: mnli, cap: 5}}")
    step = plan(data, "a: {train: mnli}").by_id("a").step
    assert "sampling" not in step.params
    assert step.params["lr"] == 1e-4


def test_the_address_of_a_mixture_covers_all_of_it(data: Path) -> None:
    mixture = "train: [mnli, pawsx]"
    different = [
        f"{{{mixture}}}",
        "{train: mnli}",
        "{train: [pawsx, mnli]}",
        "{train: [mnli, {task: pawsx, cap: 5}]}",
        "{train: [mnli, {task: pawsx, max_length: 64}]}",
        f"{{{mixture}, sampling: uniform}}",
        f"{{{mixture}, sampling: capped, sampling_cap: 5}}",
        f"{{{mixture}, sampling: capped, sampling_cap: 6}}",
        f"{{{mixture}, sampling: temperature, temperature: 2}}",
        f"{{{mixture}, sampling: temperature, temperature: 2, sampling_cap: 5}}",
        "{train: mlm, language: [de, sw]}",
        "{train: mlm, language: [sw, de]}",
    ]
    assert len({address(data, stage) for stage in different}) == len(different)
    before = address(data, f"{{{mixture}}}")
    (data / "pawsx/train-en.tsv").write_text("a\tc\t1\n")
    assert address(data, f"{{{mixture}}}") != before


def test_choosing_the_best_epoch_counts_where_it_is_asked_for(data: Path) -> None:
    (data / "pawsx/dev-en.tsv").write_text("a\tb\t1\n")
    last = address(data, "{train: pawsx}")
    assert address(data, "{train: pawsx, keep: last}") == last
    default = "name: r\ntraining: {dev_cap: 5}\nstages:\n  a: {train: pawsx}"
    recipe = load_text(default).recipe
    sources = Sources(BACKBONE, (data,))
    assert make_plan(recipe, Store(data / "s"), sources).by_id("a").fingerprint == last
    best = "{train: pawsx, keep: best}"
    addresses = {last, address(data, best), address(data, "{train: pawsx, keep: best, dev_cap: 5}")}
    assert len(addresses) == 3
    (data / "pawsx/dev-en.tsv").write_text("a\tc\t1\n")  # which counts only if it is read
    assert address(data, "{train: pawsx}") == last
    assert address(data, best) not in addresses


def test_what_the_best_epoch_is_chosen_on(data: Path) -> None:
    stage = "{train: [{task: xnli, cap: 3}, {task: pawsx, max_length: 64}], keep: best, dev_cap: 7}"
    (data / "pawsx/dev-en.tsv").write_text("a\tb\t1\n")
    step = plan(data, f"a: {stage}").by_id("a").step
    assert step.dev_parts() == (
        Part("xnli", "en", "dev", 7, 128),
        Part("pawsx", "en", "dev", 7, 64),
    )
    assert plan(data, "a: {train: xnli}").by_id("a").step.dev_parts() == ()


def test_each_cell_uses_the_head_that_fits(data: Path) -> None:
    found = plan(
        data,
        "m: {train: [{task: snli, max_length: 64}, {task: mnli, max_length: 96}]}\n"
        "one: {train: mnli}\ns: {evaluate: [m, one], on: xnli}",
    )
    mixed, single = found.by_id("s/m/xnli").step, found.by_id("s/one/xnli").step
    assert (mixed.params["head"], mixed.params["max_length"]) == ("mnli", 96)
    assert "head" not in single.params


def test_where_data_are_from_is_told_and_does_not_count(data: Path) -> None:
    stages = "a: {train: [mnli, pawsx]}\nb: {evaluate: [a], on: xnli}\nc: {merge: [a, d]}\n"
    stages += "d: {train: pawsx}"
    found = plan(data, stages)
    assert found.by_id("a").origins == {"mnli": ["folder:data"], "pawsx": ["folder:data"]}
    assert found.by_id("b/a/xnli").origins == {"xnli": ["folder:data"]}
    assert found.by_id("c").origins == {}
    (step,) = lineage_of(found, "a", BACKBONE)["steps"]  # type: ignore[misc]
    assert step["origins"] == found.by_id("a").origins
    moved = data.rename(data.parent / "elsewhere")
    again = plan(moved, stages)
    assert again.by_id("a").origins["mnli"] == ["folder:elsewhere"]
    for one, other in zip(found.steps, again.steps, strict=True):
        assert one.fingerprint == other.fingerprint
